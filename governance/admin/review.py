"""What does a reviewer have to see to say yes or no to one promotion?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404

from governance.admin.figures import Card, card_of
from governance.admin.inbox import against, groups_missing, last_decision
from governance.gates import Outcome
from governance.models import Approval, BreakGlass, GateDecisionRecord, Promotion
from governance.policy_format import ApprovalFactor
from governance.selectors.policies import Rules, move_of, rules_of_promotion
from governance.selectors.requirements import newest_runs, result_of
from governance.selectors.version_file import STATES, names_of, preview_gate, what_is_asked
from governance.selectors.words import content_before

# What a result itself says is more precise than the gate's sentence; other states only the gate can tell.
MEASURED = {"passed", "failed", "inconclusive", "errored"}


@dataclass(frozen=True, slots=True)
class Banner:
    """The verdict in words; the state picks shape and colour."""

    state: str
    word: str
    headline: str
    reasons: list[str]


def get_promotion(uid: UUID) -> Promotion:
    """Return a promotion with everything the page reads. Raises: Http404."""
    found = (
        Promotion.objects.select_related("version__model", "version__position", "closure")
        .prefetch_related("decisions", "version__aliases", "version__attachments")
        .prefetch_related("approvals__lapse", "approvals__conditions__fulfilment")
        .filter(uid=uid)
        .first()
    )
    if found is None:
        raise Http404("There is no promotion with this name.")
    return found


def content_of(promotion: Promotion) -> dict[str, str]:
    """Return what a decision is bound to, as the fields of the form carry it."""
    content = asdict(content_before(promotion, rules_of_promotion(promotion)))
    return {name: str(value) for name, value in content.items()}


def cards_for(promotion: Promotion, rules: Rules) -> list[Card]:
    """Return what the policies ask for, as the gate last judged it; what blocks first."""
    decision = last_decision(promotion)
    reasons = {
        f"{reason.get('policy', '')}/{reason['requirement']}": reason
        for reason in (decision.reasons if decision else ())
    }
    runs = newest_runs(rules, promotion.version)
    cards = []
    for policy in rules.policies:
        for asked in policy.lines:
            key = f"{policy.name}/{asked.id}"
            run = runs.get(key)
            result = result_of(run) if run else None
            line = _line(what_is_asked(asked, policy.name), reasons.get(key), result.report if result else {})
            line["run_uid"] = str(run.uid) if run else None
            line["completed_at"] = result.completed_at.isoformat() if result else None
            cards.append(card_of(line))
    order = ("block", "wait", "satisfied")
    return sorted(cards, key=lambda card: order.index(card.state))


def _line(asked: dict[str, Any], reason: Mapping[str, str] | None, report: Mapping[str, Any]) -> dict[str, Any]:
    code = reason["code"].removeprefix("advisory_") if reason else "not_run"
    measured = report.get("sentence") if code in MEASURED else None
    return {
        **asked,
        "state": STATES[Outcome(reason["outcome"])] if reason else "wait",
        "outcome": code,
        "sentence": measured or (reason["sentence"] if reason else "The gate has not judged this yet."),
        "measurements": report.get("measurements", []),
        "findings": report.get("findings", []),
        "notes": report.get("notes", []),
    }


def has_moved_on(promotion: Promotion, rules: Rules, *, at: datetime) -> bool:
    """Return whether the checks stand differently now than when the gate last answered about an open promotion."""
    decision = last_decision(promotion)
    if decision is None or getattr(promotion, "closure", None) is not None:
        return False
    then = {(reason.get("policy"), reason["requirement"]): reason["outcome"] for reason in decision.reasons}
    now = preview_gate(promotion.version, rules, move=move_of(promotion), at=at)
    asked = {(policy.name, line.id) for policy in rules.policies for line in policy.lines}
    return any(
        then.get((reason.policy, reason.requirement)) != reason.outcome.value
        for reason in now.reasons
        if (reason.policy, reason.requirement) in asked
    )


def banner_of(promotion: Promotion, cards: list[Card], names: Mapping[str, str]) -> Banner:
    """Return the verdict in words."""
    closure = getattr(promotion, "closure", None)
    decision = last_decision(promotion)
    if closure is not None:
        return _closed_banner(closure.outcome, f"{closure.closed_at:%-d %B %Y, %H:%M} UTC", promotion, names)
    sentences = against(decision.reasons if decision else ())
    if decision and decision.outcome == Outcome.BLOCK:
        blocking = sum(card.state == "block" for card in cards)
        stand = "stands" if blocking == 1 else "stand"
        headline = f"{blocking} of {len(cards)} requirements {stand} against the move to {promotion.target}."
        return Banner("block", "Blocked", headline, sentences)
    unfinished = sum(card.state == "wait" for card in cards)
    if unfinished:
        headline = f"{unfinished} of {len(cards)} checks are not done yet."
    else:
        satisfied = "satisfied or waived" if any(card.state_word == "Waived" for card in cards) else "satisfied"
        headline = f"Every check the policy asks for is {satisfied}. People have yet to agree."
    return Banner("wait", "Waiting", headline, sentences)


def _closed_banner(outcome: str, at: str, promotion: Promotion, names: Mapping[str, str]) -> Banner:
    decision = last_decision(promotion)
    past = [reason for reason in (decision.reasons if decision else ()) if reason["code"] == "break_glass"]
    if outcome == "promoted" and past:
        text = f"{at}. Two people let it through to {promotion.target} although this stood against it:"
        return Banner("block", "Promoted by break-glass", text, [reason["sentence"] for reason in past])
    if outcome == "promoted":
        text = f"{at}. The gate allowed the move to {promotion.target}: every requirement and every approval was there."
        return Banner("allow", "Promoted", text, [])
    if outcome == "refused":
        refusals = [approval for approval in promotion.approvals.all() if approval.verdict == "refuse"]
        said = [f"{spoken_by(row, names)}, for {row.group}: {row.reason}" for row in refusals]
        return Banner("block", "Refused", f"{at}. The version does not move.", said)
    return Banner("neutral", "Withdrawn", f"{at}. The request was taken back; the version does not move.", [])


@dataclass(frozen=True, slots=True)
class Emergency:
    """How far a break-glass has come, in words."""

    row: BreakGlass
    invoked_by: str
    confirmed_by: str
    reviewed_by: str


def emergency_of(promotion: Promotion) -> Emergency | None:
    """Return the break-glass of a promotion, if somebody invoked one."""
    row = BreakGlass.objects.select_related("confirmation", "review").filter(promotion=promotion).first()
    if row is None:
        return None
    confirmed = getattr(getattr(row, "confirmation", None), "confirmed_by", "")
    reviewed = getattr(getattr(row, "review", None), "reviewed_by", "")
    names = names_of(filter(None, [row.invoked_by, confirmed, reviewed]))
    return Emergency(row, names[row.invoked_by], names.get(confirmed, ""), names.get(reviewed, ""))


@dataclass(frozen=True, slots=True)
class Factor:
    """What the policy asks of one group, and who has spoken for it."""

    group: str
    count: int
    is_met: bool
    words: list[tuple[str, Approval]]


def factors_of(promotion: Promotion, rules: Rules, names: Mapping[str, str]) -> list[Factor]:
    """Return the groups whose approval the policy asks for, with the words spoken so far."""
    missing = groups_missing(last_decision(promotion))
    approvals = list(promotion.approvals.all())
    return [
        Factor(
            group=factor.group,
            count=factor.count,
            is_met=factor.group not in missing and any(row.group == factor.group for row in approvals),
            words=[(spoken_by(row, names), row) for row in approvals if row.group == factor.group],
        )
        for factor in factors_asked(rules)
    ]


def spoken_by(approval: Approval, names: Mapping[str, str]) -> str:
    """Return whose word it is: both names where somebody spoke for somebody else."""
    behalf = f" for {names[approval.on_behalf_of]}" if approval.on_behalf_of else ""
    return f"{names[approval.approver]}{behalf}"


def factors_asked(rules: Rules) -> list[ApprovalFactor]:
    """Return the groups that any policy asks, each once, with the most people that any asks for."""
    asked: dict[str, ApprovalFactor] = {}
    for factor in (factor for policy in rules.policies for factor in policy.approvals):
        if factor.group not in asked or factor.count > asked[factor.group].count:
            asked[factor.group] = factor
    return list(asked.values())


def consequence_of(promotion: Promotion, rules: Rules, group: str) -> str:
    """Return what a yes for a group would lead to, as far as the gate's last answer tells."""
    decision: GateDecisionRecord | None = last_decision(promotion)
    standing = [reason for reason in (decision.reasons if decision else ()) if reason["outcome"] != Outcome.ALLOW]
    needed = {factor.group: factor.count for factor in factors_asked(rules)}
    given = sum(row.group == group and row.verdict == "approve" for row in promotion.approvals.all())
    if given + 1 >= needed.get(group, 0):
        standing = [reason for reason in standing if reason["requirement"] != f"approval:{group}"]
    if not standing:
        alias = f" and the alias {promotion.alias} points at it" if promotion.alias else ""
        return f"This is the last word missing. {promotion.version} moves to {promotion.target} at once{alias}."
    if decision and decision.outcome == Outcome.BLOCK:
        return "The gate blocks this promotion. Your approval is put on record, and the version still does not move."
    left = " ".join(reason["sentence"] for reason in standing)
    return f"Your approval is put on record. The version does not move yet: {left}"
