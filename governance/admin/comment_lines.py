"""What is said about a version, as its page tells it?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest

from governance.admin.acts import ON_COMMENTS, Offer, offers
from governance.admin.pages import account_of
from governance.selectors.comments import comments_on, wordings_of
from governance.selectors.version_file import names_of
from registry.models import ModelVersion

MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A comment; `revised_at` is None while it stands in its first words. Its author is offered to change it."""

    by: str
    text: str
    written_at: datetime
    revised_at: datetime | None
    offers: list[Offer]


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest comments, oldest first, and whether there are earlier ones."""

    lines: list[Line]
    has_earlier: bool


def shown_of(request: HttpRequest, version: ModelVersion) -> Shown:
    newest = list(comments_on(version).order_by("-id")[: MOST + 1])
    rows, me = newest[:MOST][::-1], str(account_of(request).actor)
    names = names_of(row.written_by for row in rows)
    lines = []
    for row in rows:
        said = wordings_of(row)[-1]
        made = offers(request, ON_COMMENTS, row) if row.written_by == me else []
        open_ = [offer for offer in made if not offer.why_not]
        lines.append(
            Line(names[row.written_by], said.text, row.written_at, said.written_at if said is not row else None, open_)
        )
    return Shown(lines, len(newest) > MOST)
