"""Where does the next page of a search begin? Behind the last row seen, so that page 1,000 costs what page 1 does."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, IntegerField, Model, Q, QuerySet
from rest_framework.response import Response

from governance.api.mlflow.errors import InvalidParameter
from governance.api.mlflow.grammar import Order

CHUNK = 2000


def page_of(
    rows: QuerySet[Any], orders: Sequence[Order], *, limit: int, token: str, asked: Sequence[str]
) -> tuple[list[int], str]:
    """Return the keys of a page of rows and the token of the next; empty when there is none.

    `orders` must tell every two rows apart. `asked` is what the search asks for: a token is good for no other.
    Raises: InvalidParameter for a token that is none of ours.
    """
    parts = _behind(orders, _read(token, _digest(asked), _kinds(rows.model, orders))) if token else [Q()]
    found: list[Any] = []
    for part in parts:
        if len(found) <= limit:
            places = places_of(rows.filter(part), orders, limit=limit - len(found))
            # A cursor in the server is for what would fill the memory: it costs as much as a search for a page.
            found += places if limit < CHUNK else places.iterator(chunk_size=CHUNK)
    return page_of_places(found, limit=limit, asked=asked)


def places_of(rows: QuerySet[Any], orders: Sequence[Order], *, limit: int) -> QuerySet[Any, Any]:
    """Return the question for the keys and places of a page of rows, and of the one that follows it."""
    ordered = rows.order_by(*(order.key if order.is_ascending else f"-{order.key}" for order in orders))
    return ordered.values_list("pk", *(order.key for order in orders))[: limit + 1]


def page_of_places(found: Sequence[Any], *, limit: int, asked: Sequence[str]) -> tuple[list[int], str]:
    """Return the keys of a page and the token of the next, of what `places_of` found."""
    keys = [key for key, *_ in found[:limit]]
    return keys, _write(found[limit - 1][1:], _digest(asked)) if len(found) > limit else ""


def _digest(asked: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(asked)).encode()).hexdigest()[:16]


def page_answer(name: str, rows: list[dict[str, Any]], token: str) -> Response:
    """Answer a page of a search, without what is empty."""
    return Response({**({name: rows} if rows else {}), **({"next_page_token": token} if token else {})})


def _behind(orders: Sequence[Order], place: Sequence[Any]) -> list[Q]:
    """Return what selects the rows behind a place, one part after the other.

    Each part holds the values of some first columns and goes on in the next one, so that an index is sought in with
    all of them: the rest of those that share the most comes first.
    """
    parts, shared = [], Q()
    for order, value in zip(orders, place, strict=True):
        parts.append(shared & Q((f"{order.key}__{'gt' if order.is_ascending else 'lt'}", value)))
        shared &= Q((order.key, value))
    return parts[::-1]


def _kinds(model: type[Model], orders: Sequence[Order]) -> list[type]:
    """Return what the values of the columns are."""
    return [_kind(model, order.key.split("__")) for order in orders]


def _kind(model: type[Model], path: Sequence[str]) -> type:
    first, *rest = path
    field: Any = model._meta.get_field(first)
    if rest:
        return _kind(field.related_model, rest)
    return datetime if isinstance(field, DateTimeField) else int if isinstance(field, IntegerField) else str


def _write(values: Sequence[Any], query: str) -> str:
    plain = [f"@{value.isoformat()}" if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([query, *plain]).encode()).decode()


def _read(token: str, query: str, kinds: Sequence[type]) -> list[Any]:
    """Return the place that a token holds, a value of its kind for each column. Raises: InvalidParameter."""
    try:
        written, *plain = json.loads(base64.urlsafe_b64decode(token.encode()))
        place = [
            datetime.fromisoformat(one.removeprefix("@")) if kind is datetime else one
            for one, kind in zip(plain, kinds, strict=True)
        ]
        if written == query and all(map(_is_bounded, place, kinds)):
            return place
    except (ValueError, TypeError, AttributeError):
        pass
    raise InvalidParameter(
        "Invalid page token; take next_page_token from the page before, and ask for the same again.", field="page_token"
    )


def _is_bounded(value: Any, kind: type[Any]) -> bool:
    """Return whether a value could stand in a column of the database. Raises: ValueError for half a character."""
    if type(value) is not kind:
        return False
    if kind is datetime:
        return value.tzinfo is not None
    return b"\0" not in value.encode() if kind is str else -(2**63) <= value < 2**63
