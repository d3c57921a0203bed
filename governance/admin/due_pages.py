"""What runs out, and who must do what about it?"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audits.trail import now
from governance.admin.acts import ON_CONDITIONS, ON_DELEGATIONS, ON_ONESELF, Offer, offers
from governance.admin.acts.emergencies import REVIEW
from governance.admin.pages import account_of, render_page
from governance.models import BreakGlassConfirmation, Condition, Delegation
from governance.selectors.certifications import Certification, CertificationState, live_certifications
from governance.selectors.conditions import ConditionState, list_conditions, standing_as
from governance.selectors.conditions import state_of as state_of_condition
from governance.selectors.delegations import DelegationState, list_delegations
from governance.selectors.delegations import state_of as state_of_delegation
from governance.selectors.version_file import names_of

SHOWN = 200
SHAPES = {"overdue": "block", "due": "wait", "open": "wait", "suspended": "neutral", "certified": "allow"}
ORDER = (
    CertificationState.OVERDUE,
    CertificationState.DUE,
    CertificationState.SUSPENDED,
    CertificationState.CERTIFIED,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A condition or an emergency as the page tells it, with what this person can do about it."""

    row: Condition | BreakGlassConfirmation
    state: str
    shape: str
    who: str
    due_at: datetime
    offers: list[Offer]


@require_safe
def show_due(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Re-certifications, conditions and reviews of emergencies, the most urgent first."""
    at = now()
    certifications = sorted(
        (one for one in live_certifications(at=at) if one.terms or one.state is CertificationState.SUSPENDED),
        key=lambda one: (ORDER.index(one.state), one.overdue_at or at),
    )
    return render_page(
        request,
        site,
        "due.html",
        "Due",
        certifications=[(one, SHAPES[one.state.value], _consequences(one)) for one in certifications[:SHOWN]],
        conditions=_conditions(request, at),
        reviews=_reviews(request, at),
    )


def _consequences(one: Certification) -> str:
    words = {
        "warn": "nothing but this",
        "block_moves": "no other move before it is certified anew",
        "withdraw_alias": "its aliases point at nothing",
    }
    return "; ".join(words[consequence] for consequence in one.consequences)


def _conditions(request: HttpRequest, at: datetime) -> list[Line]:
    unmet = standing_as(ConditionState.OPEN, at=at) | standing_as(ConditionState.OVERDUE, at=at)
    rows = list(
        list_conditions()
        .filter(unmet)
        .exclude(approval__promotion__closure__outcome__in=["refused", "withdrawn"])
        .order_by("due_at")[:SHOWN]
    )
    names = names_of(row.owner for row in rows)
    lines = []
    for row in rows:
        state = state_of_condition(row, at=at).value
        lines.append(Line(row, state, SHAPES[state], names[row.owner], row.due_at, offers(request, ON_CONDITIONS, row)))
    return lines


def _reviews(request: HttpRequest, at: datetime) -> list[Line]:
    rows = BreakGlassConfirmation.objects.filter(break_glass__review__isnull=True).order_by("review_due_at")
    found = list(rows.select_related("break_glass__promotion__version__model")[:SHOWN])
    names = names_of(person for row in found for person in (row.break_glass.invoked_by, row.confirmed_by))
    lines = []
    for row in found:
        state = "overdue" if row.review_due_at <= at else "open"
        who = f"{names[row.break_glass.invoked_by]} and {names[row.confirmed_by]}"
        offered = offers(request, [REVIEW], row.break_glass.promotion)
        lines.append(Line(row, state, SHAPES[state], who, row.review_due_at, offered))
    return lines


@require_safe
def show_delegations(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Who speaks for whom: one's own first, and whom one may lend a right."""
    at, account = now(), account_of(request)
    rows = list_delegations()
    mine = rows.filter(delegator=account)
    held = rows.filter(delegate=account)
    others = rows.exclude(delegator=account).exclude(delegate=account)
    return render_page(
        request,
        site,
        "delegations.html",
        "Delegations",
        lists=[
            ("By you", "You have lent nothing.", [_told(request, row, at) for row in mine[:SHOWN]]),
            ("To you", "Nobody lets you speak in their place.", [_told(request, row, at) for row in held[:SHOWN]]),
            ("Of others", "Nobody else has lent anything.", [_told(request, row, at) for row in others[:SHOWN]]),
        ],
        give=offers(request, ON_ONESELF, None)[0],
    )


def _told(request: HttpRequest, row: Delegation, at: datetime) -> tuple[Delegation, str, str, list[Offer]]:
    state = state_of_delegation(row, at=at)
    shape = {DelegationState.RUNNING: "allow", DelegationState.TO_COME: "wait"}.get(state, "neutral")
    return row, state.value.replace("_", " "), shape, offers(request, ON_DELEGATIONS, row)
