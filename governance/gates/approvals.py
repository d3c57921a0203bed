"""Have the right people agreed, each for themselves, to exactly this?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from governance.gates.facts import ApprovalFact, Facts, Subject
from governance.gates.reasons import Outcome, Reason
from governance.gates.requirements import is_valid
from governance.policy_format import ApprovalFactor, Policy

# Why an approval does not count, as the sentence about the factor says it.
WHY_NOT = {
    "not_entitled": "not entitled",
    "barred": "from somebody who may not approve this",
    "recused": "withdrawn by recusal",
    "lapsed": "lapsed because the content changed after it was given",
    "expired": "older than the policy accepts",
    "unsigned": "without the signature the policy asks for",
    "overdue": "revoked because a condition is overdue",
    "same_person": "from somebody who has spoken already, or for somebody who has",
    "early": "given before it was that group's turn",
}


def refusals(policies: Sequence[Policy], approvals: Iterable[ApprovalFact]) -> list[Reason]:
    """Return a reason per refusal that ends the promotion: all but those of groups without a veto."""
    return [
        Reason(
            "refused",
            f"approval:{approval.group}",
            Outcome.BLOCK,
            f"Refused by a reviewer for {approval.group}.",
        )
        for approval in approvals
        if approval.is_refusal
        and approval.is_entitled
        and not approval.is_recused
        and has_veto(policies, approval.group)
    ]


def has_veto(policies: Iterable[Policy], group: str) -> bool:
    """Return whether one refusal of a group is enough: unless every policy that asks the group says otherwise."""
    factors = [factor for policy in policies for factor in policy.approvals if factor.group == group]
    return any(factor.has_veto for factor in factors) or not factors


def judge_approvals(
    policy: Policy, facts: Facts, *, subject: Subject, now: datetime, aged_at: datetime
) -> list[Reason]:
    """Return one reason per approval factor of a policy.

    Conditions are judged at `now`; how old an approval is, at `aged_at`.
    """
    barred = barred_people([policy], facts, subject=subject, now=now)
    standing, doubts = [], {}
    heard: set[str] = set()
    for approval in sorted(facts.approvals, key=lambda one: one.given_at):
        if approval.is_refusal:
            continue
        doubt = _doubt(approval, policy, subject, barred, now=now, aged_at=aged_at)
        if not doubt and not approval.people.isdisjoint(heard):
            doubt = "same_person"
        if doubt:
            doubts[id(approval)] = doubt
        else:
            heard |= approval.people
            standing.append(approval)
    reasons, turn = [], datetime.min.replace(tzinfo=now.tzinfo)
    is_open = True
    for factor in policy.approvals:
        mine = [approval for approval in standing if approval.group == factor.group]
        if policy.is_ordered:
            doubts |= {id(one): "early" for one in mine if one.given_at < turn or not is_open}
            mine = [one for one in mine if id(one) not in doubts]
        not_counted = Counter(
            doubts[id(one)] for one in facts.approvals if one.group == factor.group and id(one) in doubts
        )
        reason = _factor(factor, len(mine), not_counted, policy.name)
        reasons.append(reason)
        is_open = is_open and reason.outcome is Outcome.ALLOW
        if is_open:
            turn = max(turn, mine[factor.count - 1].given_at)
    return reasons


def barred_people(policies: Iterable[Policy], facts: Facts, *, subject: Subject, now: datetime) -> dict[str, str]:
    """Return who may not approve, and what they did: registered, asked, waived, or a duty that a policy names."""
    barred = dict.fromkeys({subject.registered_by}, "registered this version")
    barred |= dict.fromkeys({subject.requested_by} - set(barred), "asked for this promotion")
    duties = {
        "training_owner": (frozenset({subject.trained_by}), "trained this version"),
        "evidence_author": (subject.evidence_authors, "handed in evidence of this version"),
        "policy_author": (subject.policy_authors, "wrote a policy that guards this move"),
    }
    for policy in policies:
        grantors = {waiver.granted_by for waiver in facts.waivers if is_valid(waiver, policy, now)}
        held = [(grantors, "granted a waiver for this version"), *(duties[duty] for duty in sorted(policy.separation))]
        for people, deed in held:
            barred |= dict.fromkeys(people - set(barred), deed)
    barred.pop("", None)
    return barred


def missing_before(policy: Policy, facts: Facts, group: str, *, subject: Subject, now: datetime) -> str:
    """Return the group whose approvals must come before those of `group` and are not complete, or nothing."""
    groups = [factor.group for factor in policy.approvals]
    if not policy.is_ordered or group not in groups:
        return ""
    reasons = judge_approvals(policy, facts, subject=subject, now=now, aged_at=now)
    before = zip(groups[: groups.index(group)], reasons, strict=False)
    return next((earlier for earlier, reason in before if reason.outcome is not Outcome.ALLOW), "")


def _doubt(
    approval: ApprovalFact,
    policy: Policy,
    subject: Subject,
    barred: Mapping[str, str],
    *,
    now: datetime,
    aged_at: datetime,
) -> str:
    """Return why an approval does not count, or nothing."""
    if not approval.is_entitled:
        return "not_entitled"
    if approval.is_recused:
        return "recused"
    if not approval.people.isdisjoint(barred):
        return "barred"
    if not is_bound_to(approval, subject):
        return "lapsed"
    if policy.approval_days is not None and aged_at - approval.given_at > timedelta(days=policy.approval_days):
        return "expired"
    if policy.sign_off.reauthenticate and not approval.is_reauthenticated:
        return "unsigned"
    if policy.sign_off.meanings and approval.meaning not in policy.sign_off.meanings:
        return "unsigned"
    if any((condition.met_at or now) > condition.due_at for condition in approval.conditions):
        return "overdue"
    return ""


def is_bound_to(approval: ApprovalFact, subject: Subject) -> bool:
    """Return whether an approval was given to exactly this artifact, this evidence and these policies."""
    return (approval.artifact_sha256, approval.evidence_sha256, approval.policy_sha256) == (
        subject.artifact_sha256,
        subject.evidence_sha256,
        subject.policy_sha256,
    )


def _factor(factor: ApprovalFactor, counted: int, not_counted: Counter[str], policy: str) -> Reason:
    requirement = f"approval:{factor.group}"
    said = f"{counted} of {factor.count} approvals for {factor.group}."
    if counted >= factor.count:
        return Reason("approved", requirement, Outcome.ALLOW, said, policy=policy)
    tail = "".join(f" {number} {WHY_NOT[doubt]}." for doubt, number in sorted(not_counted.items()))
    return Reason("approval_missing", requirement, Outcome.WAIT, f"{said}{tail}", policy=policy)
