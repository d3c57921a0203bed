"""Proposing an edition of a policy, and deciding about one."""

from typing import Any

from django import forms

from audits.errors import DomainError
from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import DRAFT, EDITION, RULES
from governance.errors import PolicyMalformed
from governance.models import Account, PolicyDraft, PolicyVersion
from governance.policy_format import LONGEST_POLICY
from governance.roles import Verb
from governance.services.policies import approve_policy, propose_policy, refuse_policy, withdraw_policy


class PolicyForm(ActForm):
    """The text of a policy, begun with that of the edition it is to follow, and why."""

    text = forms.CharField(
        label="The policy, as YAML",
        help_text="Everything that is wrong with it is said at once, with line and column.",
        max_length=LONGEST_POLICY,
        # Stored and hashed as it was written.
        strip=False,
        widget=forms.Textarea(attrs={"rows": 28, "class": "cs-code", "spellcheck": "false"}),
        error_messages={"required": "Write the policy; docs/how-to/write-a-policy.md shows how."},
    )
    reason = sentence("Why", "For whoever decides about it. It stays on the record.", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.about, PolicyVersion):
            self.fields["text"].initial = self.about.text

    def said(self) -> dict[str, Any]:
        # A browser sends lines that end as in a letter; the text is stored and hashed as a file has it.
        return {**self.cleaned_data, "text": self.cleaned_data["text"].replace("\r\n", "\n")}

    def refuse(self, problem: DomainError) -> None:
        if not isinstance(problem, PolicyMalformed):
            return super().refuse(problem)
        for error in problem.context["errors"]:
            self.add_error("text", f"Line {error['line']}, column {error['column']}: {error['sentence']}")


def _propose(account: Account, about: PolicyVersion | None, said: dict[str, Any]) -> Done:
    draft = propose_policy(actor=account.actor, **said)
    return Done("Proposed. Another operator decides; below is what it would change.", DRAFT.page(draft))


def _anybody(account: Account, about: PolicyVersion | None) -> str:
    return ""


_FOLLOWS = "It is checked against the schema and the checks there are, and waits for another operator to decide."
_STAYS = "The proposal stays on record, whatever becomes of it. Until it is approved, what is in force stays in force."

PROPOSE_POLICY = Act(
    name="propose",
    on=RULES,
    verb=Verb.PUBLISH_POLICY,
    label="Propose a policy",
    title=lambda nothing: "Propose a policy",
    follows=lambda nothing: (_FOLLOWS, "A name that is used already makes it the next edition of that policy."),
    stays=_STAYS,
    form=PolicyForm,
    why_not=_anybody,
    perform=_propose,
)

PROPOSE_EDITION = Act(
    name="propose",
    on=EDITION,
    verb=Verb.PUBLISH_POLICY,
    label="Propose another edition",
    title=lambda edition: f"Propose another edition of {edition.name}",
    follows=lambda edition: (f"The form begins with the text of edition {edition.number}.", _FOLLOWS),
    stays=_STAYS,
    form=PolicyForm,
    why_not=_anybody,
    perform=_propose,
)


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
