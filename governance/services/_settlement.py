"""What follows from the facts as they stand now? The heart: the only caller of the gate.

Gather the facts, decide, record the decision when it differs from the last one, and on allow move the version in
the same transaction. Works inside the recording of a use case, with the open promotion locked.
"""

from audits.runs import order_runs
from audits.trail import Recording
from governance.dispatch import ring_on_commit
from governance.errors import PromotionClosed, UnknownPromotion
from governance.gates import GateDecision, Outcome, decide
from governance.models import ClosureOutcome, GateDecisionRecord, OpenPromotion, Promotion, PromotionClosure
from governance.selectors.policies import PolicyInForce, read_edition
from governance.selectors.requirements import (
    facts_for_approvals,
    facts_of_runs,
    newest_runs,
    orders_for,
    subject_for_gate,
)
from registry import services as registry
from registry.selectors import find_in_production
from registry.stages import Stage


def lock_open_promotion(uid: str) -> Promotion:
    """Return an open promotion, locked until the transaction ends.

    Raises: UnknownPromotion, PromotionClosed. Locks: the row of the open promotion, before the trail.
    """
    # Of itself alone: the application's database role may not lock the promotion, which nobody changes anyway.
    open_row = OpenPromotion.objects.select_for_update(of=("self",)).filter(promotion__uid=uid).first()
    if open_row is None:
        closure = PromotionClosure.objects.filter(promotion__uid=uid).first()
        if closure is None:
            raise UnknownPromotion(f"There is no promotion {uid}.")
        raise PromotionClosed(
            f"This promotion was {closure.outcome} on {closure.closed_at:%d %B %Y at %H:%M} UTC and is closed.",
            outcome=closure.outcome,
        )
    return Promotion.objects.select_related("version__model", "version__position", "policy").get(pk=open_row.pk)


def settle(*, recording: Recording, promotion: Promotion) -> GateDecision:
    """Decide about an open promotion and act on the decision.

    Records: gate.decided when the answer is new; on allow version.moved, alias.assigned and promotion.closed.
    """
    decision = gate_of(promotion, at=recording)
    _record_if_new(recording, promotion, decision)
    if decision.outcome is Outcome.ALLOW:
        _promote(recording, promotion)
    return decision


def gate_of(promotion: Promotion, *, at: Recording) -> GateDecision:
    """Return what the gate says about a promotion at the moment of the recording. Changes nothing."""
    item = read_edition(promotion.policy)
    runs = newest_runs(item.policy, promotion.version)
    return decide(
        item.policy,
        facts_of_runs(runs),
        facts_for_approvals(promotion),
        subject=subject_for_gate(promotion),
        now=at.at,
    )


def order_what_is_missing(*, recording: Recording, item: PolicyInForce, promotion: Promotion) -> None:
    """Order the checks that were never ordered over this version's evidence, or whose result has become too old."""
    version = promotion.version
    runs = newest_runs(item.policy, version)
    decision = decide(item.policy, facts_of_runs(runs), (), subject=subject_for_gate(promotion), now=recording.at)
    # What the policy only advises is ordered like the rest: its reasons carry the same codes behind a prefix.
    codes = {reason.requirement: reason.code.removeprefix("advisory_") for reason in decision.reasons}
    stale = {requirement for requirement, code in codes.items() if code in {"not_run", "expired"}}
    orders = {order.identity: order for name, order in orders_for(item, version).items() if name in stale}
    ring_on_commit(order_runs(recording=recording, orders=list(orders.values()), subject=version.subject))


def close(*, recording: Recording, promotion: Promotion, outcome: ClosureOutcome) -> None:
    """End a promotion. Records: promotion.closed. One end only: the closure is unique in the database."""
    closure = PromotionClosure(
        promotion=promotion, outcome=outcome, closed_by=str(recording.actor), closed_at=recording.at
    )
    recording.create(
        closure, action="promotion.closed", subject=promotion.subject, data={"outcome": str(outcome.value)}
    )
    OpenPromotion.objects.filter(promotion=promotion).delete()


def _record_if_new(recording: Recording, promotion: Promotion, decision: GateDecision) -> None:
    document = decision.to_document()
    last = promotion.decisions.order_by("-number").first()
    if last and last.outcome == decision.outcome and last.reasons == document["reasons"]:
        return
    row = GateDecisionRecord(
        promotion=promotion,
        number=last.number + 1 if last else 1,
        outcome=decision.outcome.value,
        reasons=document["reasons"],
        decided_at=recording.at,
    )
    data = {
        "outcome": decision.outcome.value,
        "policy_sha256": promotion.policy.sha256,
        "artifact_sha256": promotion.version.artifact_sha256,
        "evidence_sha256": promotion.version.evidence_sha256,
    }
    recording.create(row, action="gate.decided", subject=promotion.subject, data=data)


def _promote(recording: Recording, promotion: Promotion) -> None:
    """Move the version, let the alias follow, and retire the version it supersedes."""
    version, because = promotion.version, promotion.subject
    superseded = None
    if promotion.alias:
        superseded = find_in_production(model=version.model, alias=promotion.alias)
    registry.move_version(recording=recording, version=version, to_stage=Stage(promotion.target), because=because)
    if promotion.alias:
        registry.assign_alias(recording=recording, version=version, alias=promotion.alias, because=because)
    if superseded and superseded.pk != version.pk and promotion.target == Stage.PRODUCTION:
        registry.move_version(recording=recording, version=superseded, to_stage=Stage.RETIRED, because=because)
    close(recording=recording, promotion=promotion, outcome=ClosureOutcome.PROMOTED)
