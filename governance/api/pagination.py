"""How does a client walk through a list, in whatever order, at the same cost on every page?

A list is ordered by one column and, where its values repeat, by the row's number. The cursor holds both of the last
row seen, and the database seeks to them through an index: it counts nothing and skips nothing. The rest of the equal
values and what comes after them are two questions, because SQLite seeks to no pair in one.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

MOST = 200
LARGEST_KEY = 2**63 - 1
LONGEST_VALUE = 300
TIME = "time"

Cursor = tuple[str, *tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a list: its name, as asked for, and the lookup of its column.

    `key` is the column that no two rows share. The column of an order by time is that one: rows are numbered as they
    are recorded.
    """

    name: str
    lookup: str
    key: str = "pk"

    @property
    def is_descending(self) -> bool:
        return self.name.startswith("-")

    @property
    def lookups(self) -> tuple[str, ...]:
        return (self.lookup,) if self.lookup == self.key else (self.lookup, self.key)


def orders(columns: Mapping[str, str], *, key: str = "pk") -> dict[str, Order]:
    """Return every order of a list by its name: each column rising and, after a dash, falling; and by time."""
    named = {TIME: key, **columns}
    return {sign + name: Order(sign + name, lookup, key) for name, lookup in named.items() for sign in ("", "-")}


NEWEST_FIRST = Order("-time", "pk")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the cursor that leads to the rest; None when there is none."""

    rows: list[Any]
    next: str | None


def page_of(rows: QuerySet[Any], *, cursor: Cursor | None, limit: int, order: Order = NEWEST_FIRST) -> Page:
    """Return the rows behind a cursor, at most `limit` of them. Raises: ValidationError for another list's cursor."""
    sign = "-" if order.is_descending else ""
    ordered = rows.order_by(*(sign + lookup for lookup in order.lookups))
    found: list[Any] = []
    for place in (Q(),) if cursor is None else _behind(cursor, order):
        if len(found) <= limit:
            found += ordered.filter(place)[: limit + 1 - len(found)]
    shown = found[:limit]
    return Page(shown, _cursor_to(shown[-1], order) if len(found) > limit else None)


def _behind(cursor: Cursor, order: Order) -> list[Q]:
    """Return what selects the rows behind a cursor, one part after the other. Raises: ValidationError."""
    name, *values = cursor
    kinds = tuple(type(value) for value in values)
    if name != order.name or kinds != (str, int)[-len(order.lookups) :]:
        raise serializers.ValidationError({"cursor": ["This cursor belongs to a list in another order."]})
    later = "lt" if order.is_descending else "gt"
    behind = [Q((f"{lookup}__{later}", value)) for lookup, value in zip(order.lookups, values, strict=True)]
    return behind if len(behind) == 1 else [Q((order.lookup, values[0])) & behind[1], behind[0]]


def _cursor_to(row: Any, order: Order) -> str:
    return write_cursor((order.name, *(reduce(getattr, lookup.split("__"), row) for lookup in order.lookups)))


def write_cursor(cursor: Cursor) -> str:
    text = json.dumps(cursor, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """Return the order and the keys that a cursor holds. Raises: ValidationError."""
    try:
        name, *values = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        cursor = (name, *values)
        is_ours = isinstance(name, str) and 1 <= len(values) <= 2 and all(_may_stand(value) for value in values)
    except (ValueError, TypeError, RecursionError):
        is_ours = False
    if not is_ours or write_cursor(cursor) != text:
        raise serializers.ValidationError("This is no cursor of ours; take it from `next` of the page before.")
    return cursor


def _may_stand(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_VALUE and not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in value)
    return type(value) is int and 0 <= value <= LARGEST_KEY
