"""How does a person say yes or no, so that it counts for exactly what that person saw?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from audits.trail import Actor, ActorKind, Recording, new_uid, now, record
from governance.errors import ContentChanged, Malformed, NotEntitled
from governance.gates import has_veto
from governance.models import Account, Approval, ApprovalVerdict, ClosureOutcome, Promotion
from governance.policy_format import MEANINGS, Policy
from governance.roles import Group, Verb
from governance.selectors.delegations import delegations_covering
from governance.selectors.words import Content, case_of, content_before, objection_to, turn_objection
from governance.services._closing import close
from governance.services._settlement import lock_open_promotion, rules_in_force, settle
from governance.services.authority import authorise
from governance.services.conditions import Demand, set_conditions
from governance.services.signatures import refuse_unsigned, sign, told_of


@dataclass(frozen=True, slots=True)
class _Word:
    """What somebody says, before it is taken."""

    uid: UUID
    group: Group
    verdict: ApprovalVerdict
    reason: str
    on_behalf_of: Account | None
    meaning: str
    seen: Content | None
    signed_at: datetime | None


@sensitive_variables("password")
def approve_promotion(
    *,
    actor: Actor,
    uid: UUID,
    group: Group,
    reason: str,
    on_behalf_of: Account | None = None,
    meaning: str = "",
    password: str = "",
    conditions: Collection[Demand] = (),
    seen: Content | None = None,
) -> Approval:
    """Approve an open promotion for a group. When it was the last word missing, the version moves at once.

    `on_behalf_of` is who delegated the right; `password` signs, where a policy asks for it; `seen` is what the
    approver had before them, and when something else stands there now, nothing is taken.
    Records: approval.given, condition.set, gate.decided, and on allow version.moved, alias.assigned, promotion.closed;
    signature.refused when the password is wrong.
    Raises: NotEntitled, OwnSubmission, Recused, AlreadyDecided, NotYourTurn, ContentChanged, SignatureRefused,
    PromotionClosed, UnknownPromotion, Malformed.
    Locks: the open promotion; before it, for the password alone, the account.
    """
    signed_at = _sign(actor, password)
    word = _Word(uid, group, ApprovalVerdict.APPROVE, reason, on_behalf_of, meaning, seen, signed_at)
    with record(actor=actor, at=now()) as recording:
        promotion, approval = _speak(recording, word)
        set_conditions(recording=recording, approval=approval, demands=conditions)
        settle(recording=recording, promotion=promotion)
    return approval


@sensitive_variables("password")
def refuse_promotion(
    *,
    actor: Actor,
    uid: UUID,
    group: Group,
    reason: str,
    on_behalf_of: Account | None = None,
    meaning: str = "",
    password: str = "",
    seen: Content | None = None,
) -> Approval:
    """Refuse an open promotion for a group, which ends it when the group has a veto. A no waits for nobody's turn.

    Records: approval.refused, gate.decided, promotion.closed; signature.refused when the password is wrong.
    Raises and locks: as `approve_promotion`, but for NotYourTurn.
    """
    signed_at = _sign(actor, password)
    word = _Word(uid, group, ApprovalVerdict.REFUSE, reason, on_behalf_of, meaning, seen, signed_at)
    with record(actor=actor, at=now()) as recording:
        promotion, approval = _speak(recording, word)
        settle(recording=recording, promotion=promotion)
        if has_veto(rules_in_force(promotion).policies, group):
            close(recording=recording, promotion=promotion, outcome=ClosureOutcome.REFUSED)
    return approval


@sensitive_variables("password")
def _sign(actor: Actor, password: str) -> datetime | None:
    """Return when the password was checked, if one was given: in a transaction of its own, so that a guess stays."""
    authorise(actor, Verb.REVIEW)
    if actor.kind is not ActorKind.PERSON:
        raise NotEntitled("Only a person can approve or refuse.")
    return sign(actor=actor, password=password)


def _speak(recording: Recording, word: _Word) -> tuple[Promotion, Approval]:
    actor, speaker = recording.actor, str(recording.actor)
    authorise(actor, Verb.REVIEW)
    if not word.reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    if word.on_behalf_of is None and word.group not in Account.objects.get(uid=actor.id).groups_reviewed_for():
        raise NotEntitled(f"You are no reviewer for {word.group}; ask an operator to grant the role.")
    promotion = lock_open_promotion(str(word.uid))
    rules = rules_in_force(promotion)
    behalf = str(word.on_behalf_of.actor) if word.on_behalf_of else ""
    if word.on_behalf_of and not _is_lent(word.on_behalf_of, recording, word.group, promotion):
        raise NotEntitled(f"{word.on_behalf_of} has not lent you the right to speak for {word.group} here and now.")
    content = content_before(promotion, rules)
    if word.seen and (changed := content.differences(word.seen)):
        raise ContentChanged(
            f"What you looked at is no longer what stands here: {', '.join(changed)}. Read it again.", changed=changed
        )
    case = case_of(promotion, rules)
    objection = objection_to(case, speaker=speaker, on_behalf_of=behalf, at=recording.at)
    if objection is None and word.verdict is ApprovalVerdict.APPROVE:
        objection = turn_objection(case, group=word.group, at=recording.at)
    if objection:
        raise objection
    _refuse_unsigned(word, rules.policies)
    approval_uid = new_uid()
    approval = Approval(
        uid=approval_uid,
        promotion=promotion,
        approver=speaker,
        group=word.group.value,
        verdict=word.verdict,
        sealed_reason=Approval.reason.seal(word.reason.strip(), author=speaker, uid=approval_uid),
        artifact_sha256=content.artifact_sha256,
        evidence_sha256=content.evidence_sha256,
        policy_sha256=content.policy_sha256,
        given_at=recording.at,
        on_behalf_of=behalf,
        meaning=word.meaning,
        reauthenticated_at=word.signed_at,
    )
    action = "approval.given" if word.verdict is ApprovalVerdict.APPROVE else "approval.refused"
    data = {
        "group": word.group.value,
        "artifact_sha256": approval.artifact_sha256,
        "evidence_sha256": approval.evidence_sha256,
        "policy_sha256": approval.policy_sha256,
    }
    told = {"on_behalf_of": behalf, "meaning": word.meaning}
    data |= {name: value for name, value in told.items() if value} | told_of(word.signed_at)
    recording.create(approval, action=action, subject=promotion.subject, data=data)
    return promotion, approval


def _is_lent(delegator: Account, recording: Recording, group: Group, promotion: Promotion) -> bool:
    """Return whether somebody who holds the group lets the actor speak for it now, about this promotion."""
    return (
        delegator.is_active
        and group in delegator.groups_reviewed_for()
        and delegations_covering(
            delegate=recording.actor.id,
            delegator=str(delegator.uid),
            group=group.value,
            promotion=promotion,
            at=recording.at,
        )
    )


def _refuse_unsigned(word: _Word, policies: Collection[Policy]) -> None:
    """Raises: SignatureRefused, Malformed when the word lacks what a policy asks of a signature."""
    if word.meaning and word.meaning not in MEANINGS:
        raise Malformed(f"A signature means one of {', '.join(MEANINGS)}.", field="meaning")
    refuse_unsigned(policies, word.signed_at)
    for policy in policies:
        asked = policy.sign_off
        # What a yes means must be one of the policy's meanings; a no means itself.
        if word.verdict is ApprovalVerdict.APPROVE and asked.meanings and word.meaning not in asked.meanings:
            raise Malformed(
                f"The policy {policy.name} asks what your signature means: {', '.join(asked.meanings)}.",
                field="meaning",
            )
