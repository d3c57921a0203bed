"""Where does the next page of a search begin? Behind the last row seen, so that page 1,000 costs what page 1 does."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
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
    if token:
        rows = rows.filter(_behind(orders, _read(token, _digest(asked), len(orders))))
    places = places_of(rows, orders, limit=limit)
    # A cursor in the server is for what would fill the memory: it costs as much as a search for a page.
    found = list(places if limit < CHUNK else places.iterator(chunk_size=CHUNK))
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


def _behind(orders: Sequence[Order], place: Sequence[Any]) -> Q:
    """Return the condition that a row comes after a place, with a bound of its first column for the index."""
    condition, equal = Q(), Q()
    for order, value in zip(orders, place, strict=True):
        condition |= equal & Q((f"{order.key}__{'gt' if order.is_ascending else 'lt'}", value))
        equal &= Q((order.key, value))
    first = orders[0]
    return Q((f"{first.key}__{'gte' if first.is_ascending else 'lte'}", place[0])) & condition


def _write(values: Sequence[Any], query: str) -> str:
    plain = [f"@{value.isoformat()}" if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([query, *plain]).encode()).decode()


def _read(token: str, query: str, count: int) -> list[Any]:
    try:
        written, *plain = json.loads(base64.urlsafe_b64decode(token.encode()))
        place = [datetime.fromisoformat(one[1:]) if str(one).startswith("@") else one for one in plain]
        if written == query and len(place) == count and all(isinstance(one, (str, int, datetime)) for one in place):
            return place
    except (ValueError, TypeError):
        pass
    raise InvalidParameter(
        "Invalid page token; take next_page_token from the page before, and ask for the same again.", field="page_token"
    )
