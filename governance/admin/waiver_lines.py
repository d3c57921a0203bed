"""What was accepted for a version although a policy asks for it?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from governance.admin.acts import ON_WAIVERS, Offer, offers
from governance.models import Waiver
from governance.selectors.version_file import names_of
from governance.selectors.waivers import IN_FORCE, state_of

WORDS = {"in_force": "in force", "expired": "ended", "revoked": "revoked"}
SHAPES = {"in_force": "allow", "expired": "neutral", "revoked": "neutral"}


@dataclass(frozen=True, slots=True)
class Line:
    """A waiver as a page tells it; what is over offers nothing."""

    waiver: Waiver
    shape: str
    word: str
    by: str
    offers: list[Offer]


def lines_of(request: HttpRequest, waivers: Iterable[Waiver], *, at: datetime) -> list[Line]:
    rows = list(waivers)
    names = names_of(row.granted_by for row in rows)
    states = [state_of(row, at=at) for row in rows]
    return [
        Line(
            row,
            SHAPES[state],
            WORDS[state],
            names[row.granted_by],
            [offer for offer in offers(request, ON_WAIVERS, row) if not offer.why_not] if state == IN_FORCE else [],
        )
        for row, state in zip(rows, states, strict=True)
    ]
