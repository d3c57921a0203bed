"""What does a stored profile say of a table whose rows stay where they are?

A profile is a JSON document: {"profile": 1, "rows": …, "columns": [{"name", "kind", …}]}. Here it is found sound enough
to be counted with; what its figures mean the checks know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from operator import lt
from pathlib import Path
from typing import Any

import orjson

from audits.tables.cells import NUMBER, TEXT, TIME
from audits.tables.unusable import UnusableTable, in_words

VERSION = 1
# The roles of the columns that a profile holds: those whose drift is measured.
PROFILED_ROLES = ("feature", "prediction", "score")
MOST_BYTES = 64 * 1024 * 1024
_TYPES = {"number": NUMBER, "time": TIME, "text": TEXT}


def read_profile(path: Path) -> dict[str, Any]:
    """The document of a profile. Raises: UnusableTable where it does not add up."""
    if path.stat().st_size > MOST_BYTES:
        raise UnusableTable("too_many_bytes", f"a profile has no more than {MOST_BYTES} bytes", fix="make it anew")
    try:
        document = _parsed(path.read_bytes())
    except (ValueError, RecursionError):
        raise _malformed("the bytes are no JSON document") from None
    if not isinstance(document, dict) or document.get("profile") != VERSION:
        raise _malformed(f'there is no "profile": {VERSION} in it')
    rows, columns = document.get("rows"), document.get("columns")
    if not isinstance(rows, int) or not _is_count(rows) or not isinstance(columns, list):
        raise _malformed("it does not say how many rows there were, and what its columns hold")
    for column in columns:
        if not isinstance(column, dict) or not isinstance(column.get("name"), str):
            raise _malformed("a column has no name")
        if not _adds_up(column, rows):
            raise _malformed("the counts of the column do not add up", column["name"])
    names = types_of(document)
    if len(names) < len(columns):
        raise _malformed("a column comes twice")
    return document


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Half a surrogate pair in a text is no error, and found slower.
        return json.loads(text, parse_constant=float)


def types_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a profile, and what type of values they hold."""
    return {column["name"]: _TYPES[column["kind"]] for column in document["columns"]}


def require_columns(document: Mapping[str, Any], declared: list[str]) -> None:
    """Refuse a profile that says nothing of a declared column, and a declaration that asks it for nothing."""
    held = types_of(document)
    if not declared:
        raise UnusableTable(
            "declaration_malformed",
            "no column is declared with a role that a profile knows",
            fix=f"give one of {in_words(list(held))} the role feature, prediction or score",
        )
    lacking = [name for name in declared if name not in held]
    if lacking:
        raise UnusableTable(
            "missing_column",
            "the profile has no such column",
            column=lacking[0],
            fix=f"declare those that it has: {in_words(list(held))}",
        )


def _adds_up(column: Mapping[str, Any], rows: int) -> bool:
    try:
        if column["kind"] not in _TYPES or column["rows"] != rows or not _is_count(column["missing"]):
            return False
        filled = rows - column["missing"]
        if column["kind"] == "text":
            texts = column["texts"]
            return texts is None or (all(map(_is_count, texts.values())) and sum(texts.values()) == rows)
        numbers = column["numbers"]
        ends, counts = numbers["values"], numbers["counts"]
        # There are tens of thousands of them: each is looked at without a line of Python of its own.
        sound = set(map(type, ends)) <= {int, float} and all(map(math.isfinite, ends))
        sound = sound and all(map(lt, ends, ends[1:])) and len(ends) == len(counts)
        sound = sound and set(map(type, counts)) <= {int} and min(counts, default=1) > 0 and sum(counts) < 2**53
        sound = sound and _is_count(column["inside"])
        sound = sound and numbers["places"] is None and type(numbers["dropped_bits"]) is int
        return sound and (sum(counts) == filled or not counts)
    except (KeyError, TypeError, AttributeError, OverflowError):
        return False


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _malformed(what: str, column: str | None = None) -> UnusableTable:
    return UnusableTable("profile_malformed", what, column=column, fix="make it anew with profile_table")
