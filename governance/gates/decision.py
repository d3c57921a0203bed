"""What is the answer, given every policy that guards a move?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governance.gates.approvals import judge_approvals, refusals
from governance.gates.facts import BreakGlassFact, Facts, Subject
from governance.gates.reasons import SEVERITY, Outcome, Reason
from governance.gates.requirements import judge_requirements
from governance.policy_format import Policy

__all__ = ["GateDecision", "Outcome", "Reason", "decide"]


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The worst of all reasons, and every reason."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    def to_document(self) -> dict[str, object]:
        return {"outcome": self.outcome.value, "reasons": [reason.to_document() for reason in self.reasons]}


def decide(
    policies: Sequence[Policy],
    facts: Facts,
    *,
    subject: Subject,
    now: datetime,
    aged_at: datetime | None = None,
) -> GateDecision:
    """Decide whether `subject` may make the move that all of `policies` guard.

    Parameters
    ----------
    policies : sequence of Policy
        The rules in force; all must be satisfied, and none means no.
    facts : Facts
        What speaks for and against. A requirement without a result was never ordered.
    now : datetime, aware
        The moment of the decision: waivers and conditions are judged by it.
    aged_at : datetime, aware, optional
        The moment at which results, documents and approvals must not have been too old; `now` when left out. Of a
        version that is live already, the moment of its promotion: growing older is the business of re-certification.
    """
    aged_at = aged_at or now
    reasons: list[Reason] = []
    if not policies:
        reasons.append(Reason("no_policy", "", Outcome.BLOCK, "No policy guards this move, so nothing allows it."))
    if not subject.can_move:
        sentence = "From where the version stands, no move leads to the target."
        reasons.append(Reason("no_way", "stage", Outcome.BLOCK, sentence))
    if not subject.artifact_sha256:
        # Asked whatever the policies say, and nothing goes past it: there is nothing yet that could be allowed.
        sentence = (
            "Nobody has shown the bytes: the version was registered by its source alone, and what is decided is "
            "decided about exactly one artifact, by digest. Upload the artifact and bind it to this version."
        )
        reasons.append(Reason("artifact_unknown", "artifact", Outcome.WAIT, sentence))
    reasons += refusals(policies, facts.approvals)
    for policy in policies:
        own = judge_requirements(policy, facts, subject=subject, now=now, aged_at=aged_at)
        own += judge_approvals(policy, facts, subject=subject, now=now, aged_at=aged_at)
        if not own:
            sentence = "The policy asks for nothing, so nothing allows the move."
            own = [Reason("policy_empty", "", Outcome.BLOCK, sentence, policy=policy.name)]
        elif policy.allows_break_glass and facts.break_glass:
            own = [_skipped(reason, facts.break_glass) for reason in own]
        reasons += own
    return GateDecision(worst_of(reasons), tuple(reasons))


def worst_of(reasons: Iterable[Reason]) -> Outcome:
    """Return the worst outcome of some reasons; allow when there are none."""
    return max((reason.outcome for reason in reasons), key=SEVERITY.__getitem__, default=Outcome.ALLOW)


def _skipped(reason: Reason, break_glass: BreakGlassFact) -> Reason:
    """Mark what two people went past; one person alone goes past nothing."""
    if reason.outcome is Outcome.ALLOW or break_glass.invoked_by == break_glass.confirmed_by:
        return reason
    sentence = f"{reason.sentence} Skipped by break-glass {break_glass.uid}."
    return replace(reason, code="break_glass", outcome=Outcome.ALLOW, sentence=sentence)
