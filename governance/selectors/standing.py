"""Does what was promoted still stand? The gate is asked again about a promotion that is finished."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Prefetch

from audits.evidence import is_stored
from governance.gates import Facts, GateDecision, Outcome, Reason, Subject, decide
from governance.models import ClosureOutcome, GateDecisionRecord, Promotion
from governance.selectors.facts import facts_for_gate, subject_for_gate
from governance.selectors.policies import Rules, rules_of_promotion
from governance.selectors.stays import stays_of
from registry.models import EvidenceAttachment, ModelVersion
from registry.stages import Stage


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gate says now about a promotion that it once allowed."""

    promotion: Promotion
    rules: Rules
    decision: GateDecision

    @property
    def holds(self) -> bool:
        return self.decision.outcome is Outcome.ALLOW

    @property
    def objections(self) -> tuple[Reason, ...]:
        """Why it holds no more; empty when it does."""
        return tuple(reason for reason in self.decision.reasons if reason.outcome is not Outcome.ALLOW)


def find_last_promotion(version: ModelVersion, *, target: Stage) -> Promotion | None:
    """Return the finished promotion by which a version stands in a stage, or last stood there."""
    done = version.promotions.filter(closure__outcome=ClosureOutcome.PROMOTED, target=target)
    return done.select_related("closure").order_by("-closure__id").first()


def standing_of(promotion: Promotion, *, at: datetime) -> Standing:
    """Return whether a finished promotion still stands at a moment.

    What was decided about is taken as it was when the gate allowed it: the policies it named, the evidence, the results
    of the checks, where the version stood. Growing older is the business of re-certification, and so are new policies.
    What people have said since counts as it stands now: a waiver that ran out or was revoked, a condition that is
    overdue, a recusal, a break-glass that was judged not justified.

    A role counts if its holder had it when the gate allowed: a reviewer who changes the department later did not
    approve any less, and no promotion of the past may hang on who works here today.
    """
    deciding = promotion.decisions.select_related("entry").order_by("-number")[0]
    then = _as_it_was(promotion, deciding)
    rules = rules_of_promotion(promotion)
    decision = decide(
        rules.policies,
        _facts(then, rules, deciding),
        subject=_subject(then, rules, deciding),
        now=at,
        aged_at=promotion.closure.closed_at,
    )
    if not is_stored(promotion.version.artifact_sha256):
        gone = Reason("artifact_missing", "artifact", Outcome.BLOCK, "The artifact is not stored any more.")
        decision = GateDecision(Outcome.BLOCK, (*decision.reasons, gone))
    return Standing(promotion, rules, decision)


def _as_it_was(promotion: Promotion, deciding: GateDecisionRecord) -> Promotion:
    """Return the promotion with its version as the deciding gate saw it, without evidence that joined later."""
    attached = EvidenceAttachment.objects.filter(entry__index__lt=deciding.entry.index)
    versions = ModelVersion.objects.select_related("model", "position")
    then = Promotion.objects.get(pk=promotion.pk)
    then.version = versions.prefetch_related(Prefetch("attachments", attached)).get(pk=promotion.version_id)
    return then


def _facts(promotion: Promotion, rules: Rules, deciding: GateDecisionRecord) -> Facts:
    facts = facts_for_gate(promotion, rules, before=deciding.entry.index)
    # Whoever waived may not approve. That bars from approving later; somebody who approved and then waives something
    # takes no approval back, but cannot keep the promotion standing by it either.
    approvers = {person for approval in facts.approvals for person in approval.people}
    waivers = [one for one in facts.waivers if one.granted_at <= deciding.decided_at or one.granted_by not in approvers]
    return replace(facts, waivers=tuple(waivers))


def _subject(promotion: Promotion, rules: Rules, deciding: GateDecisionRecord) -> Subject:
    version = promotion.version
    stays = stays_of([version], before=deciding.entry.index)[version.pk]
    stood = stays[-1]
    return replace(
        subject_for_gate(promotion, rules), can_move=True, stage=stood.stage, rollout=stood.rollout, stays=stays
    )
