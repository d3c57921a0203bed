"""Deciding about a proposed edition of a policy."""

from typing import Any

from governance.admin.acts.act import Act, Done
from governance.admin.acts.kinds import DRAFT
from governance.models import Account, PolicyDraft
from governance.roles import Verb
from governance.services.policies import approve_policy, refuse_policy, withdraw_policy


def _closed(draft: PolicyDraft) -> str:
    closure = getattr(draft, "closure", None)
    return f"This proposal was {closure.outcome} on {closure.closed_at:%-d %B %Y}." if closure else ""


def _is_own(account: Account, draft: PolicyDraft) -> bool:
    return draft.authored_by == str(account.actor)


def _cannot_decide(account: Account, draft: PolicyDraft) -> str:
    return _closed(draft) or ("You proposed it; another operator decides." if _is_own(account, draft) else "")


def _cannot_withdraw(account: Account, draft: PolicyDraft) -> str:
    return _closed(draft) or ("" if _is_own(account, draft) else "Only whoever proposed it withdraws it.")


def _approve(account: Account, draft: PolicyDraft, said: dict[str, Any]) -> Done:
    approve_policy(actor=account.actor, uid=draft.uid)
    return Done("The policy is in force.", DRAFT.page(draft))


def _refuse(account: Account, draft: PolicyDraft, said: dict[str, Any]) -> Done:
    refuse_policy(actor=account.actor, uid=draft.uid)
    return Done("The proposal is refused.", DRAFT.page(draft))


def _withdraw(account: Account, draft: PolicyDraft, said: dict[str, Any]) -> Done:
    withdraw_policy(actor=account.actor, uid=draft.uid)
    return Done("The proposal is withdrawn.", DRAFT.page(draft))


APPROVE_POLICY = Act(
    name="approve",
    on=DRAFT,
    verb=Verb.PUBLISH_POLICY,
    label="Approve and put in force",
    title=lambda draft: f"Put in force: {draft.title}",
    follows=lambda draft: (
        f"Exactly the text with the digest {draft.sha256} is in force at once, as the newest edition of {draft.name}.",
        "Approvals of the open promotions that it guards lapse, and their givers are told.",
    ),
    stays="An edition is never changed or taken away; another one can replace it.",
    tone="wait",
    why_not=_cannot_decide,
    perform=_approve,
)

REFUSE_POLICY = Act(
    name="refuse",
    on=DRAFT,
    verb=Verb.PUBLISH_POLICY,
    label="Refuse",
    title=lambda draft: f"Refuse: {draft.title}",
    follows=lambda draft: ("The proposal ends, and what is in force stays in force.",),
    stays="The proposal and your refusal stay on record. It can be proposed anew.",
    tone="block",
    why_not=_cannot_decide,
    perform=_refuse,
)

WITHDRAW_POLICY = Act(
    name="withdraw",
    on=DRAFT,
    verb=Verb.PUBLISH_POLICY,
    label="Withdraw",
    title=lambda draft: f"Withdraw: {draft.title}",
    follows=lambda draft: ("The proposal ends, and what is in force stays in force.",),
    stays="The proposal stays on record. It can be proposed anew.",
    why_not=_cannot_withdraw,
    perform=_withdraw,
)
