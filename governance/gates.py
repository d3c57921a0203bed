"""May this happen? One pure function decides, and says why for every requirement.

No database, no clock, no randomness: the same facts always give the same decision, and a decision can be replayed.
Whatever is unknown, late, crashed or inconclusive is not allowed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from governance.policy_format import ApprovalFactor, Policy, Requirement


class Outcome(StrEnum):
    ALLOW = "allow"
    WAIT = "wait"
    BLOCK = "block"


_SEVERITY = {Outcome.ALLOW: 0, Outcome.WAIT: 1, Outcome.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the gate decides about, by content: exactly this artifact, this evidence, under this policy.

    `can_move` says whether the stages know a way from where the version stands to the target at all.
    """

    artifact_sha256: str
    evidence_sha256: str
    policy_sha256: str
    registered_by: str
    requested_by: str
    can_move: bool = True


@dataclass(frozen=True, slots=True)
class ResultFact:
    """The newest run of one requirement's check over exactly the subject's inputs.

    `verdict` is None while the run has no result yet.
    """

    run_uid: str
    verdict: str | None
    sentence: str = ""
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApprovalFact:
    """What one person said, bound to the content that person saw."""

    approver: str
    group: str
    is_entitled: bool
    is_refusal: bool
    artifact_sha256: str
    evidence_sha256: str
    policy_sha256: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one requirement or one approval factor stands as it does."""

    code: str
    requirement: str
    outcome: Outcome
    sentence: str

    def to_document(self) -> dict[str, str]:
        return {
            "code": self.code,
            "requirement": self.requirement,
            "outcome": self.outcome.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The worst of all reasons, and every reason."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    def to_document(self) -> dict[str, object]:
        return {"outcome": self.outcome.value, "reasons": [reason.to_document() for reason in self.reasons]}


def decide(
    policy: Policy,
    results: Mapping[str, ResultFact],
    approvals: Iterable[ApprovalFact],
    *,
    subject: Subject,
    now: datetime,
) -> GateDecision:
    """Decide whether `subject` may make the move that `policy` guards.

    Parameters
    ----------
    policy : Policy
        The rules in force.
    results : mapping of requirement id to ResultFact
        A requirement that is missing here was never ordered.
    approvals : iterable of ApprovalFact
        All of them, also those that do not count.
    now : datetime, aware
        The moment of the decision; ages are measured from here.
    """
    approvals = list(approvals)
    reasons = [_judge_requirement(requirement, results.get(requirement.id), now) for requirement in policy.requirements]
    if not subject.can_move:
        reasons.append(
            Reason("no_way", "stage", Outcome.BLOCK, "From the stage the version is in, no move leads to the target.")
        )
    reasons += _refusals(approvals)
    reasons += [_judge_factor(factor, approvals, subject) for factor in policy.approvals]
    worst = max((reason.outcome for reason in reasons), key=_SEVERITY.__getitem__, default=Outcome.BLOCK)
    if not reasons:
        reasons = [
            Reason("policy_empty", "", Outcome.BLOCK, "The policy asks for nothing, so nothing allows the move.")
        ]
    return GateDecision(worst, tuple(reasons))


def _judge_requirement(requirement: Requirement, fact: ResultFact | None, now: datetime) -> Reason:
    code, outcome, sentence = _state_of(requirement, fact, now)
    if requirement.is_advisory and outcome is not Outcome.ALLOW:
        return Reason(f"advisory_{code}", requirement.id, Outcome.ALLOW, f"{sentence} The policy only advises here.")
    return Reason(code, requirement.id, outcome, sentence)


def _state_of(requirement: Requirement, fact: ResultFact | None, now: datetime) -> tuple[str, Outcome, str]:
    title = requirement.title
    if fact is None:
        return "not_run", Outcome.WAIT, f"{title}: not run over this version's evidence."
    if fact.verdict is None or fact.completed_at is None:
        return "running", Outcome.WAIT, f"{title}: the check is under way."
    if fact.verdict != "passed":
        known = fact.verdict in {"failed", "inconclusive", "errored"}
        code = fact.verdict if known else "unknown_verdict"
        return code, Outcome.BLOCK, f"{title}: {code.replace('_', ' ')}. {fact.sentence}"
    age = now - fact.completed_at
    if requirement.max_age_days is not None and age > timedelta(days=requirement.max_age_days):
        limit = f"the policy accepts {requirement.max_age_days}"
        return (
            "expired",
            Outcome.BLOCK,
            f"{title}: passed {age.days} days ago, {limit}. Order the check again.",
        )
    return "passed", Outcome.ALLOW, f"{title}: passed. {fact.sentence}"


def _refusals(approvals: list[ApprovalFact]) -> list[Reason]:
    return [
        Reason(
            "refused",
            f"approval:{approval.group}",
            Outcome.BLOCK,
            f"Refused by a reviewer for {approval.group}.",
        )
        for approval in approvals
        if approval.is_refusal and approval.is_entitled
    ]


def _judge_factor(factor: ApprovalFactor, approvals: list[ApprovalFact], subject: Subject) -> Reason:
    counted = {approval.approver for approval in approvals if _counts(approval, factor, subject)}
    requirement = f"approval:{factor.group}"
    said = f"{len(counted)} of {factor.count} approvals for {factor.group}"
    if len(counted) >= factor.count:
        return Reason("approved", requirement, Outcome.ALLOW, f"{said}.")
    lapsed = sum(1 for approval in approvals if approval.group == factor.group and not _is_bound_to(approval, subject))
    tail = f" {lapsed} lapsed because the content changed after it was given." if lapsed else ""
    return Reason("approval_missing", requirement, Outcome.WAIT, f"{said}.{tail}")


def _counts(approval: ApprovalFact, factor: ApprovalFactor, subject: Subject) -> bool:
    """An approval counts for one factor only, from an entitled person who neither registered nor asked."""
    return (
        approval.group == factor.group
        and approval.is_entitled
        and not approval.is_refusal
        and approval.approver not in {subject.registered_by, subject.requested_by}
        and _is_bound_to(approval, subject)
    )


def _is_bound_to(approval: ApprovalFact, subject: Subject) -> bool:
    return (approval.artifact_sha256, approval.evidence_sha256, approval.policy_sha256) == (
        subject.artifact_sha256,
        subject.evidence_sha256,
        subject.policy_sha256,
    )
