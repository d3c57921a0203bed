"""How does a client walk through a list, at the same cost on every page?

The cursor is the key of the last row seen, so that the database seeks to it and counts nothing.
"""

import base64
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

MOST = 200
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor that leads to the rest; None when there is none."""

    rows: list[Any]
    next: str | None


def page_of(rows: QuerySet[Any], *, cursor: int | None, limit: int, key: str = "pk", newest_first: bool = True) -> Page:
    """Return the rows behind a cursor, at most `limit` of them."""
    if cursor is not None:
        rows = rows.filter(**{f"{key}__{'lt' if newest_first else 'gt'}": cursor})
    found = list(rows.order_by(f"-{key}" if newest_first else key)[: limit + 1])
    shown = found[:limit]
    return Page(shown, write_cursor(getattr(shown[-1], key)) if len(found) > limit else None)


def write_cursor(key: int) -> str:
    return base64.urlsafe_b64encode(f"after:{key}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> int:
    """Return the key a cursor holds. Raises: ValidationError."""
    try:
        plain = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode("ascii")
        word, _, digits = plain.partition(":")
        key = int(digits) if word == "after" and digits.isdecimal() and len(digits) < 20 else -1
    except ValueError:
        key = -1
    if not 0 <= key <= LARGEST_KEY or write_cursor(key) != text:
        raise serializers.ValidationError("This is no cursor of ours; take it from `next` of the page before.")
    return key
