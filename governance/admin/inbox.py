"""Which promotions wait for whom?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from audits.trail import now
from governance.gates import Outcome
from governance.models import Account, GateDecisionRecord, Promotion
from governance.roles import Group
from governance.selectors.delegations import delegations_held
from governance.selectors.version_file import names_of

RECENTLY_CLOSED = 15


@dataclass(frozen=True, slots=True)
class Line:
    """One promotion as a line of the inbox."""

    promotion: Promotion
    state: str
    reasons: list[str]
    more: int
    asked_by: str
    approvals: list[str]
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """Every open promotion in exactly one list, and those closed last."""

    mine: list[Line] = field(default_factory=list)
    blocked: list[Line] = field(default_factory=list)
    others: list[Line] = field(default_factory=list)
    closed: list[Line] = field(default_factory=list)


def last_decision(promotion: Promotion) -> GateDecisionRecord | None:
    """Return what the gate answered last; uses what was prefetched."""
    decisions = list(promotion.decisions.all())
    return decisions[-1] if decisions else None


def groups_missing(decision: GateDecisionRecord | None) -> set[str]:
    """Return the groups whose word the gate still misses."""
    if decision is None:
        return set()
    return {
        reason["requirement"].removeprefix("approval:")
        for reason in decision.reasons
        if reason["code"] == "approval_missing"
    }


def waits_for(actor: str, groups: set[Group], promotion: Promotion) -> bool:
    """Return whether an open promotion waits for this person's word.

    It does when the gate misses the word of a group the person may speak for, nothing blocks, the person neither
    registered the version nor asked for the promotion, has not spoken yet and has not stepped aside.
    """
    decision = last_decision(promotion)
    if decision is None or decision.outcome == Outcome.BLOCK:
        return False
    if actor in {promotion.version.registered_by, promotion.requested_by}:
        return False
    if any(recusal.person == actor for recusal in promotion.recusals.all()):
        return False
    if any(actor in {approval.approver, approval.on_behalf_of} for approval in promotion.approvals.all()):
        return False
    return bool(groups_missing(decision) & {group.value for group in groups})


def groups_spoken_for(account: Account) -> set[Group]:
    """Return the groups for which a person may speak now, by a role or in the place of somebody."""
    lent = delegations_held(account, at=now()).values_list("group", flat=True)
    return account.groups_reviewed_for() | {Group(group) for group in lent}


def count_waiting_for(account: Account) -> int:
    """Return how many promotions wait for this person: the number beside "Promotions" on every page."""
    groups = groups_spoken_for(account)
    if not groups:
        return 0
    actor = str(account.actor)
    return sum(waits_for(actor, groups, promotion) for promotion in _open())


def inbox_of(account: Account) -> Inbox:
    """Return all open promotions sorted by who must act, oldest first, and the last closed ones, newest first."""
    groups, actor = groups_spoken_for(account), str(account.actor)
    still_open = list(_open())
    closed = list(_all().filter(closure__isnull=False).order_by("-closure__closed_at")[:RECENTLY_CLOSED])
    names = names_of(promotion.requested_by for promotion in [*still_open, *closed])
    inbox = Inbox(closed=[_line(promotion, names) for promotion in closed])
    for promotion in still_open:
        decision = last_decision(promotion)
        if decision and decision.outcome == Outcome.BLOCK:
            chosen = inbox.blocked
        elif waits_for(actor, groups, promotion):
            chosen = inbox.mine
        else:
            chosen = inbox.others
        chosen.append(_line(promotion, names))
    return inbox


def _open() -> QuerySet[Promotion]:
    return _all().filter(open__isnull=False).order_by("requested_at")


def _all() -> QuerySet[Promotion]:
    return Promotion.objects.select_related("version__model", "closure").prefetch_related(
        "decisions", "approvals", "recusals"
    )


def _line(promotion: Promotion, names: dict[str, str]) -> Line:
    closure = getattr(promotion, "closure", None)
    decision = last_decision(promotion)
    sentences = against(decision.reasons if decision else ()) if closure is None else []
    return Line(
        promotion=promotion,
        state=closure.outcome if closure else (decision.outcome if decision else "wait"),
        reasons=sentences[:2],
        more=max(len(sentences) - 2, 0),
        asked_by=names[promotion.requested_by],
        approvals=[
            f"{approval.group}: {'yes' if approval.verdict == 'approve' else 'no'}"
            for approval in promotion.approvals.all()
        ],
        closed_at=closure.closed_at if closure else None,
    )


def against(reasons: Iterable[dict[str, str]]) -> list[str]:
    """Return the sentences of what blocks, or else of what is still waited for."""
    standing = [reason for reason in reasons if reason["outcome"] != Outcome.ALLOW]
    blocking = [reason for reason in standing if reason["outcome"] == Outcome.BLOCK]
    return [reason["sentence"] for reason in blocking or standing]
