"""Is one line of a policy satisfied by what was measured, handed in or waived?"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from governance.gates.facts import DocumentFact, Facts, ResultFact, Subject, WaiverFact
from governance.gates.reasons import Outcome, Reason
from governance.policy_format import DocumentRequirement, Policy, Requirement, Soak

FAILURES = frozenset({"failed", "inconclusive", "errored"})
# What running the check can change: over the same inputs the others would only be said again.
UNANSWERED = frozenset({"not_run", "errored", "expired"})


def judge_requirements(
    policy: Policy, facts: Facts, *, subject: Subject, now: datetime, aged_at: datetime
) -> list[Reason]:
    """Return one reason per check, document and soak that the policy asks for.

    Waivers are judged at `now`; how old a result or a document is, at `aged_at`.
    """
    # Nobody accepts a finding for a move of their own, also when the waiver came before the request.
    waivers = [one for one in facts.waivers if one.granted_by not in {subject.registered_by, subject.requested_by}]
    reasons = []
    for line in policy.requirements:
        result = facts.results.get(f"{policy.name}/{line.id}")
        reason = _check(line, result, aged_at, policy.name)
        reasons.append(_waived(policy, line, reason, result.findings if result else (), waivers, now))
    for document in policy.documents:
        reason = _document(document, facts.documents.get(document.kind), aged_at, policy.name)
        reasons.append(_waived(policy, document, reason, (), waivers, now))
    if policy.soak:
        reasons.append(_soak(policy.soak, subject, aged_at, policy.name))
    return reasons


def is_valid(waiver: WaiverFact, policy: Policy, now: datetime) -> bool:
    """Return whether a waiver stands now, and for no longer than the policy lets any stand."""
    longest = waiver.granted_at + timedelta(days=policy.max_waiver_days)
    return not waiver.is_revoked and waiver.granted_at <= now < min(waiver.expires_at, longest)


def is_unanswered(line: Requirement, fact: ResultFact | None, now: datetime) -> bool:
    """Return whether a check was never run over this version's evidence, broke off, or passed too long ago."""
    return _check(line, fact, now, "").code in UNANSWERED


def _check(line: Requirement, fact: ResultFact | None, now: datetime, policy: str) -> Reason:
    title = line.title
    if fact is None:
        return Reason(
            "not_run", line.id, Outcome.WAIT, f"{title}: not run over this version's evidence.", policy=policy
        )
    if fact.verdict is None or fact.completed_at is None:
        return Reason("running", line.id, Outcome.WAIT, f"{title}: the check is under way.", policy=policy)
    if fact.verdict != "passed":
        code = fact.verdict if fact.verdict in FAILURES else "unknown_verdict"
        sentence = f"{title}: {code.replace('_', ' ')}. {fact.sentence}"
        return Reason(code, line.id, Outcome.BLOCK, sentence, policy=policy)
    if _is_too_old(line, fact.completed_at, now):
        age = (now - fact.completed_at).days
        sentence = f"{title}: passed {age} days ago, the policy accepts {line.max_age_days}. Order the check again."
        return Reason("expired", line.id, Outcome.BLOCK, sentence, policy=policy)
    return Reason("passed", line.id, Outcome.ALLOW, f"{title}: passed. {fact.sentence}", policy=policy)


def _document(line: DocumentRequirement, fact: DocumentFact | None, now: datetime, policy: str) -> Reason:
    kind = line.kind.replace("_", " ")
    if fact is None:
        sentence = f"{line.title}: no {kind} is attached to this version."
        return Reason("not_run", line.id, Outcome.WAIT, sentence, policy=policy)
    missing = [section for section in line.sections if section.casefold() not in fact.sections]
    if missing:
        sentence = f"{line.title}: the {kind} has no section {', '.join(missing)}."
        return Reason("failed", line.id, Outcome.BLOCK, sentence, policy=policy)
    if _is_too_old(line, fact.attached_at, now):
        age = (now - fact.attached_at).days
        sentence = f"{line.title}: handed in {age} days ago, the policy accepts {line.max_age_days}."
        return Reason("expired", line.id, Outcome.BLOCK, sentence, policy=policy)
    return Reason("passed", line.id, Outcome.ALLOW, f"{line.title}: handed in.", policy=policy)


def _is_too_old(line: Requirement | DocumentRequirement, made_at: datetime, now: datetime) -> bool:
    return line.max_age_days is not None and now - made_at > timedelta(days=line.max_age_days)


def _waived(
    policy: Policy,
    line: Requirement | DocumentRequirement,
    reason: Reason,
    findings: tuple[str, ...],
    waivers: Iterable[WaiverFact],
    now: datetime,
) -> Reason:
    if reason.outcome is Outcome.ALLOW:
        return reason
    about = [waiver for waiver in waivers if (waiver.policy, waiver.requirement) == (policy.name, line.id)]
    standing = [waiver for waiver in about if line.is_waivable and is_valid(waiver, policy, now)]
    used = [waiver for waiver in standing if not waiver.finding]
    if not used and reason.code == "failed" and findings:
        # Finding by finding: all of them must be accepted, and nothing but a failure has findings.
        accepted = {waiver.finding for waiver in standing}
        used = standing if set(findings) <= accepted else []
    if used:
        until = min(waiver.expires_at for waiver in used)
        sentence = f"{reason.sentence} Waived until {until:%-d %B %Y, %H:%M} UTC."
        return Reason("waived", line.id, Outcome.ALLOW, sentence, policy=policy.name)
    if about and line.is_waivable:
        ended = f"{reason.sentence} A waiver does not cover it any more or not all of it."
        reason = Reason(reason.code, line.id, reason.outcome, ended, policy=policy.name)
    return reason.advised() if line.is_advisory else reason


def _soak(soak: Soak, subject: Subject, now: datetime, policy: str) -> Reason:
    """Judge the longest unbroken stay, wherever the version stands now: what it has stood, it has stood."""
    place = f"{soak.stage} ({soak.rollout.replace('_', '/')})" if soak.rollout else soak.stage
    there = [stay for stay in subject.stays if stay.stage == soak.stage and soak.rollout in {"", stay.rollout}]
    if any(stay.lasted(now) >= timedelta(hours=soak.hours) for stay in there):
        return Reason("soaked", "soak", Outcome.ALLOW, f"It stood in {place} for {soak.hours} hours.", policy=policy)
    if subject.rollout and subject.rollout == subject.step:
        sentence = "It stands in this step of production already; the soak was asked for when it got there."
        return Reason("soaked", "soak", Outcome.ALLOW, sentence, policy=policy)
    if there and there[-1].until is None:
        ready = there[-1].since + timedelta(hours=soak.hours)
        sentence = (
            f"It must stand in {place} for {soak.hours} hours; that is reached on {ready:%-d %B %Y at %H:%M} UTC."
        )
        return Reason("soaking", "soak", Outcome.WAIT, sentence, policy=policy)
    sentence = f"It must first stand in {place} for {soak.hours} hours; it stands in {subject.stage}."
    return Reason("wrong_stage", "soak", Outcome.BLOCK, sentence, policy=policy)
