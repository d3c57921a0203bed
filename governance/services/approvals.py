"""How does a person say yes or no, so that it counts for exactly what that person saw?"""

from uuid import UUID

from audits.trail import Actor, ActorKind, Recording, new_uid, now, record
from governance.errors import AlreadyDecided, Malformed, NotEntitled, OwnSubmission
from governance.gates import has_veto
from governance.models import Account, Approval, ApprovalVerdict, ClosureOutcome, Promotion
from governance.roles import Group, Verb
from governance.services._settlement import close, lock_open_promotion, rules_in_force, settle
from governance.services.authority import authorise


def approve_promotion(*, actor: Actor, uid: UUID, group: Group, reason: str) -> Approval:
    """Approve an open promotion for a group. When it was the last word missing, the version moves at once.

    Records: approval.given, gate.decided, and on allow version.moved, alias.assigned, promotion.closed.
    Raises: NotEntitled, OwnSubmission, AlreadyDecided, PromotionClosed, UnknownPromotion, Malformed.
    Locks: the open promotion.
    """
    with record(actor=actor, at=now()) as recording:
        promotion, approval = _speak(recording, uid, group, ApprovalVerdict.APPROVE, reason)
        settle(recording=recording, promotion=promotion)
    return approval


def refuse_promotion(*, actor: Actor, uid: UUID, group: Group, reason: str) -> Approval:
    """Refuse an open promotion for a group, which ends it when the group has a veto.

    Records: approval.refused, gate.decided, promotion.closed. Raises and locks: as `approve_promotion`.
    """
    with record(actor=actor, at=now()) as recording:
        promotion, approval = _speak(recording, uid, group, ApprovalVerdict.REFUSE, reason)
        settle(recording=recording, promotion=promotion)
        if has_veto(rules_in_force(promotion).policies, group):
            close(recording=recording, promotion=promotion, outcome=ClosureOutcome.REFUSED)
    return approval


def _speak(
    recording: Recording, uid: UUID, group: Group, verdict: ApprovalVerdict, reason: str
) -> tuple[Promotion, Approval]:
    actor = recording.actor
    authorise(actor, Verb.REVIEW)
    if actor.kind is not ActorKind.PERSON:
        raise NotEntitled("Only a person can approve or refuse.")
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    if group not in Account.objects.get(uid=actor.id).groups_reviewed_for():
        raise NotEntitled(f"You are no reviewer for {group}; ask an operator to grant the role.")
    promotion = lock_open_promotion(str(uid))
    if str(actor) in {promotion.version.registered_by, promotion.requested_by}:
        raise OwnSubmission("You registered this version or asked for its promotion; somebody else must decide.")
    if promotion.approvals.filter(approver=str(actor)).exists():
        raise AlreadyDecided("You have spoken on this promotion already; a person speaks once.")
    approval_uid = new_uid()
    approval = Approval(
        uid=approval_uid,
        promotion=promotion,
        approver=str(actor),
        group=group.value,
        verdict=verdict,
        sealed_reason=Approval.reason.seal(reason.strip(), author=str(actor), uid=approval_uid),
        artifact_sha256=promotion.version.artifact_sha256,
        evidence_sha256=promotion.version.evidence_sha256,
        policy_sha256=rules_in_force(promotion).sha256,
        given_at=recording.at,
    )
    action = "approval.given" if verdict is ApprovalVerdict.APPROVE else "approval.refused"
    data = {
        "group": group.value,
        "artifact_sha256": approval.artifact_sha256,
        "evidence_sha256": approval.evidence_sha256,
        "policy_sha256": approval.policy_sha256,
    }
    recording.create(approval, action=action, subject=promotion.subject, data=data)
    return promotion, approval
