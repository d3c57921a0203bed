"""What follows from the facts as they stand now? The heart: the only caller of the gate.

Gather the facts, decide, record the decision when it differs from the last one, and on allow move the version in
the same transaction. Works inside the recording of a use case, with the open promotion locked.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from audits.runs import order_runs
from audits.trail import Recording, now
from governance.dispatch import ring_on_commit
from governance.errors import PromotionClosed, UnknownPromotion
from governance.gates import UNANSWERED, GateDecision, Outcome, decide
from governance.models import (
    Approval,
    ApprovalLapse,
    ApprovalVerdict,
    ClosureOutcome,
    GateDecisionRecord,
    OpenPromotion,
    Promotion,
    PromotionClosure,
)
from governance.selectors.aliases import what_governs
from governance.selectors.facts import facts_for_gate, subject_for_gate
from governance.selectors.policies import Rules, move_of, rules_for
from governance.selectors.requirements import facts_of_runs, newest_runs, orders_for
from governance.services._closing import close
from governance.services._moves import move, take_out
from governance.services._notices import tell
from registry import services as registry
from registry.models import ModelVersion, RegisteredModel
from registry.stages import Rollout, Stage


def lock_open_promotion(uid: str) -> Promotion:
    """Return an open promotion, locked until the transaction ends.

    Raises: UnknownPromotion, PromotionClosed.
    Locks: the model, then the row of the open promotion. Every act that may change where the versions of a model stand
    locks the model first, so that no two of them wait for each other.
    """
    model = Promotion.objects.filter(uid=uid).values("version__model")
    list(RegisteredModel.objects.select_for_update().filter(pk__in=model))
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
    # Nothing joins the evidence after this lock, so that what is attached is read once.
    locked = Promotion.objects.select_related("version__model", "version__position")
    return locked.prefetch_related("version__attachments").get(pk=open_row.pk)


def settle(*, recording: Recording, promotion: Promotion) -> GateDecision:
    """Decide about an open promotion and act on the decision.

    Records: approval.lapsed where content changed; gate.decided when the answer is new; on allow version.moved,
    alias.assigned and promotion.closed.
    """
    rules = rules_in_force(promotion)
    _note_lapses(recording, promotion, rules)
    return _act_on(recording, promotion, rules, gate_of(promotion, rules, at=recording))


def settle_what_is_open(*, recording: Recording, version: ModelVersion) -> None:
    """Decide anew about each open promotion of a version, the oldest first.

    Records and locks: as `settle` and `lock_open_promotion`.
    """
    about = OpenPromotion.objects.filter(version=version).order_by("promotion_id")
    for uid in about.values_list("promotion__uid", flat=True):
        settle(recording=recording, promotion=lock_open_promotion(str(uid)))


def settle_first(*, recording: Recording, promotion: Promotion, rules: Rules) -> GateDecision:
    """Decide about a promotion that was asked for just now, under these rules, and act on the decision.

    Orders the checks that were never run over this version's evidence, that broke off, or whose result has become too
    old. The facts are gathered once: of what an order changes, only the runs are read again.
    Records: check_run.ordered, and as `settle`.
    """
    facts, subject = facts_for_gate(promotion, rules), subject_for_gate(promotion, rules)
    decision = decide(rules.policies, facts, subject=subject, now=_moment(recording))
    if _order_what_is_missing(recording, promotion, rules, decision):
        facts = replace(facts, results=facts_of_runs(newest_runs(rules, promotion.version)))
        decision = decide(rules.policies, facts, subject=subject, now=_moment(recording))
    return _act_on(recording, promotion, rules, decision)


def _act_on(recording: Recording, promotion: Promotion, rules: Rules, decision: GateDecision) -> GateDecision:
    _record_if_new(recording, promotion, decision, rules)
    if decision.outcome is Outcome.ALLOW:
        _promote(recording, promotion)
    return decision


def rules_in_force(promotion: Promotion) -> Rules:
    """Return the policies that guard the move now, which may be others than when it was asked for."""
    return rules_for(promotion.version, move_of(promotion))


def gate_of(promotion: Promotion, rules: Rules, *, at: Recording) -> GateDecision:
    """Return what the gate says about a promotion at the moment of the recording. Changes nothing."""
    facts, subject = facts_for_gate(promotion, rules), subject_for_gate(promotion, rules)
    return decide(rules.policies, facts, subject=subject, now=_moment(at))


def _moment(recording: Recording) -> datetime:
    # Whoever waited for a lock began before what the other has recorded meanwhile, such as a waiver.
    return max(recording.at, now())


def _order_what_is_missing(
    recording: Recording, promotion: Promotion, rules: Rules, decision: GateDecision
) -> UUID | None:
    """Order the checks that only a run gives an answer to; return the batch, if there is one."""
    version = promotion.version
    # What the policy only advises is ordered like the rest: its reasons carry the same codes behind a prefix.
    stale = {
        f"{reason.policy}/{reason.requirement}"
        for reason in decision.reasons
        if reason.code.removeprefix("advisory_") in UNANSWERED
    }
    orders = {order.identity: order for key, order in orders_for(rules, version).items() if key in stale}
    batch = order_runs(recording=recording, orders=list(orders.values()), subject=version.subject)
    ring_on_commit(batch)
    return batch


def _note_lapses(recording: Recording, promotion: Promotion, rules: Rules) -> None:
    """Put on record, once, which approvals no longer fit the content, and tell their givers."""
    version = promotion.version
    present = {
        "artifact": version.artifact_sha256,
        "evidence": version.evidence_sha256,
        "policies": rules.sha256,
    }
    given = promotion.approvals.filter(verdict=ApprovalVerdict.APPROVE, lapse__isnull=True)
    for approval in given:
        then = content_of(approval)
        changed = [name for name, sha256 in present.items() if then[name] != sha256]
        if changed:
            because = " and ".join(changed)
            row = ApprovalLapse(approval=approval, because=because, lapsed_at=recording.at)
            data = {"approval": str(approval.uid), "because": because}
            recording.create(row, action="approval.lapsed", subject=promotion.subject, data=data)
            sentence = f"Your approval of {promotion} lapsed: {because} changed after you gave it."
            tell({approval.approver, approval.on_behalf_of}, sentence, about=promotion.subject, at=recording.at)


def content_of(approval: Approval) -> dict[str, str]:
    """Return what an approval binds, by what it is."""
    return {
        "artifact": approval.artifact_sha256,
        "evidence": approval.evidence_sha256,
        "policies": approval.policy_sha256,
    }


def _record_if_new(recording: Recording, promotion: Promotion, decision: GateDecision, rules: Rules) -> None:
    document = decision.to_document()
    answer = [decision.outcome.value, document["reasons"], rules.references]
    last = promotion.decisions.order_by("-number").first()
    if last and [last.outcome, last.reasons, last.policies] == answer:
        return
    row = GateDecisionRecord(
        promotion=promotion,
        number=last.number + 1 if last else 1,
        outcome=decision.outcome.value,
        reasons=document["reasons"],
        policies=rules.references,
        decided_at=recording.at,
    )
    data = {
        "outcome": decision.outcome.value,
        "policies": rules.references,
        "policy_sha256": rules.sha256,
        "artifact_sha256": promotion.version.artifact_sha256,
        "evidence_sha256": promotion.version.evidence_sha256,
    }
    recording.create(row, action="gate.decided", subject=promotion.subject, data=data)


def _promote(recording: Recording, promotion: Promotion) -> None:
    """Move the version; once everybody is served by it, let the alias follow and retire what it supersedes."""
    version, because, target = promotion.version, promotion.subject, promotion.target
    serves_all = target != Stage.PRODUCTION or promotion.rollout in {"", Rollout.FULL}
    if target:
        move(
            recording=recording,
            version=version,
            to_stage=Stage(target),
            because=because,
            rollout=promotion.rollout,
            percent=promotion.percent,
        )
    if promotion.replaces and target:
        others = ModelVersion.objects.filter(model=version.model, position__stage=target, deletion__isnull=True)
        for other in others.exclude(pk=version.pk).select_related("model").order_by("id"):
            take_out(recording=recording, version=other, to_stage=Stage.RETIRED, because=because)
    if promotion.alias and serves_all:
        before = registry.assign_alias(recording=recording, version=version, alias=promotion.alias, because=because)
        if before and before.pk != version.pk and target == Stage.PRODUCTION and _serves_nobody(before):
            take_out(recording=recording, version=before, to_stage=Stage.RETIRED, because=because)
    close(recording=recording, promotion=promotion, outcome=ClosureOutcome.PROMOTED)


def _serves_nobody(version: ModelVersion) -> bool:
    """Return whether a version is in production without a name; a free one does not count."""
    names = [row.alias for row in version.aliases.all()]
    return version.position.stage == Stage.PRODUCTION and not any(what_governs(version.model, name) for name in names)
