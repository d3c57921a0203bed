"""How does a rule come into force? What one person proposes, another person approves."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from audits import checks
from audits.trail import Actor, ActorKind, Recording, new_uid, now, record
from governance.errors import (
    AlreadyInForce,
    NotEntitled,
    NotShipped,
    OwnSubmission,
    PolicyDraftClosed,
    PolicyMalformed,
)
from governance.models import DraftOutcome, PolicyDraft, PolicyDraftClosure, PolicyVersion
from governance.policy_format import MalformedPolicy, Policy, parse_policy
from governance.roles import Verb
from governance.selectors.policies import find_newest_edition, get_draft
from governance.services.authority import authorise, authorise_operator_or_shell

# Who wrote the policies that come with the product.
PRODUCT = Actor.process("countersign")
_GOVERNANCE = Path(__file__).parents[1]
SHIPPED = tuple(sorted([*(_GOVERNANCE / "policies").glob("*.yaml"), *(_GOVERNANCE / "demo").glob("*.yaml")]))


def propose_policy(*, actor: Actor, text: str, reason: str = "") -> PolicyDraft:
    """Propose an edition of a policy, checked against the schema and the checks there are; somebody else approves it.

    Records: policy.proposed.
    Raises: NotEntitled; PolicyMalformed with every error, line and column; AlreadyInForce.
    Idempotent: by author and text, while open.
    """
    authorise_operator_or_shell(actor, Verb.PUBLISH_POLICY)
    policy = read_policy(text)
    sha256 = _digest(text)
    with record(actor=actor, at=now()) as recording:
        known = PolicyDraft.objects.filter(authored_by=str(actor), sha256=sha256, closure__isnull=True).first()
        if known:
            return known
        newest = find_newest_edition(policy.name)
        if newest and newest.sha256 == sha256:
            raise AlreadyInForce(f"This text is in force already, as edition {newest.number} of {policy.name}.")
        uid = new_uid()
        draft = PolicyDraft(
            uid=uid,
            name=policy.name,
            title=policy.title,
            text=text,
            sha256=sha256,
            sealed_reason=PolicyDraft.reason.seal(reason, author=str(actor), uid=uid),
            authored_by=str(actor),
            proposed_at=recording.at,
        )
        data = {"name": policy.name, "sha256": sha256}
        return recording.create(draft, action="policy.proposed", subject=draft.subject, data=data)


def approve_policy(*, actor: Actor, uid: UUID) -> PolicyVersion:
    """Approve what somebody else proposed, and so put it in force. The text is checked again as it is now.

    Records: policy.published, policy.approved.
    Raises: NotEntitled (only a person approves), OwnSubmission, UnknownPolicyDraft, PolicyDraftClosed,
    PolicyMalformed when a check it names is gone, AlreadyInForce.
    """
    with record(actor=actor, at=now()) as recording:
        draft = _open_draft_for_review(actor, uid)
        policy = read_policy(draft.text)
        newest = find_newest_edition(policy.name)
        if newest and newest.sha256 == draft.sha256:
            raise AlreadyInForce(f"This text is in force already, as edition {newest.number} of {policy.name}.")
        edition = _publish(recording, policy, draft.text, authored_by=draft.authored_by)
        _close(recording, draft, DraftOutcome.PUBLISHED, action="policy.approved", edition=edition)
    return edition


def refuse_policy(*, actor: Actor, uid: UUID) -> PolicyDraft:
    """Refuse what somebody else proposed.

    Records: policy.refused. Raises: NotEntitled, OwnSubmission, UnknownPolicyDraft, PolicyDraftClosed.
    """
    with record(actor=actor, at=now()) as recording:
        draft = _open_draft_for_review(actor, uid)
        _close(recording, draft, DraftOutcome.REFUSED, action="policy.refused")
    return draft


def withdraw_policy(*, actor: Actor, uid: UUID) -> PolicyDraft:
    """Take one's own proposal back.

    Records: policy.withdrawn. Raises: NotEntitled (also for somebody else's), UnknownPolicyDraft, PolicyDraftClosed.
    """
    authorise_operator_or_shell(actor, Verb.PUBLISH_POLICY)
    with record(actor=actor, at=now()) as recording:
        draft = _open_draft(uid)
        if draft.authored_by != str(actor):
            raise NotEntitled("Only whoever proposed a policy can withdraw it; somebody else can refuse it.")
        _close(recording, draft, DraftOutcome.WITHDRAWN, action="policy.withdrawn")
    return draft


def publish_shipped_policy(*, actor: Actor, text: str) -> PolicyVersion:
    """Put a policy in force that comes with the product, while the installation has no edition of its own of it.

    Its author is the product, who publishes it is a process of the installation.
    Records: policy.published. Raises: NotEntitled (no person, no pipeline), NotShipped.
    Idempotent: by text, as long as it is the edition in force.
    """
    if actor.kind is not ActorKind.PROCESS:
        raise NotEntitled("A shipped policy is put in force by the installation itself; propose an edition instead.")
    if not is_shipped(text):
        raise NotShipped("This text did not come with the product, or an edition of your own has replaced it.")
    policy = read_policy(text)
    with record(actor=actor, at=now()) as recording:
        newest = find_newest_edition(policy.name)
        if newest and newest.sha256 == _digest(text):
            return newest
        return _publish(recording, policy, text, authored_by=str(PRODUCT))


def is_shipped(text: str) -> bool:
    """Return whether a text is, byte for byte, one of the product's, and no other author has replaced it since."""
    if _digest(text) not in _shipped_digests():
        return False
    editions = PolicyVersion.objects.filter(name=read_policy(text).name)
    # Editions from before authors were noted count by their text.
    return all(one.authored_by == str(PRODUCT) or one.sha256 in _shipped_digests() for one in editions)


def read_policy(text: str) -> Policy:
    """Return the policy of a text. Raises: PolicyMalformed."""
    try:
        return parse_policy(text, validate_check=check_problem)
    except MalformedPolicy as problem:
        errors = [{"line": e.line, "column": e.column, "sentence": e.sentence} for e in problem.errors]
        raise PolicyMalformed(f"The policy has {len(errors)} error(s): {problem}", errors=errors) from None


def check_problem(name: str, version: int, parameters: Mapping[str, Any]) -> str | None:
    """Return what is wrong with naming this check with these parameters, or None."""
    try:
        checks.get_check(name, version).resolve(parameters)
    except (checks.UnknownCheck, checks.UnusableParameters) as problem:
        return str(problem)
    return None


@cache
def _shipped_digests() -> frozenset[str]:
    return frozenset(_digest(path.read_text(encoding="utf-8")) for path in SHIPPED)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _publish(recording: Recording, policy: Policy, text: str, *, authored_by: str) -> PolicyVersion:
    newest = find_newest_edition(policy.name)
    edition = PolicyVersion(
        name=policy.name,
        number=newest.number + 1 if newest else 1,
        title=policy.title,
        text=text,
        sha256=_digest(text),
        target=policy.scope.target,
        published_by=str(recording.actor),
        published_at=recording.at,
        authored_by=authored_by,
    )
    data = {"sha256": edition.sha256, "authored_by": authored_by}
    return recording.create(edition, action="policy.published", subject=edition.subject, data=data)


def _open_draft(uid: UUID) -> PolicyDraft:
    # The application's database role may not lock a draft. Two ends at once meet at the closure, which is unique.
    draft = get_draft(uid)
    if hasattr(draft, "closure"):
        closure = draft.closure
        raise PolicyDraftClosed(
            f"This proposal was {closure.outcome} on {closure.closed_at:%d %B %Y at %H:%M} UTC and is closed.",
            outcome=closure.outcome,
        )
    return draft


def _open_draft_for_review(actor: Actor, uid: UUID) -> PolicyDraft:
    authorise(actor, Verb.PUBLISH_POLICY)
    if actor.kind is not ActorKind.PERSON:
        raise NotEntitled("Only a person decides about a policy.")
    draft = _open_draft(uid)
    if draft.authored_by == str(actor):
        raise OwnSubmission("Whoever proposed a policy cannot decide about it; ask another operator.")
    return draft


def _close(
    recording: Recording,
    draft: PolicyDraft,
    outcome: DraftOutcome,
    *,
    action: str,
    edition: PolicyVersion | None = None,
) -> None:
    closure = PolicyDraftClosure(
        draft=draft,
        outcome=outcome,
        edition=edition,
        closed_by=str(recording.actor),
        closed_at=recording.at,
    )
    recording.create(closure, action=action, subject=draft.subject, data={"outcome": outcome.value})
