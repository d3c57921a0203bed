"""The canonical text of JSON documents, and the form of an entry."""

import json
import re
from datetime import datetime

from tests.second_verifier.answer import Unusable

SAFE = 2**53 - 1
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
ESCAPES |= {chr(point): f"\\u{point:04x}" for point in range(32) if chr(point) not in ESCAPES}

HASH = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
ACTOR = re.compile(r"(person|pipeline|process):.+", re.DOTALL)


def document(raw: bytes, most: int | None = None) -> object:
    """The value of a canonical text of at most `most` bytes."""
    if most is not None and len(raw) > most:
        raise Unusable("a text is too long")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_object)
        again = _text(value, 0).encode("utf-8")
    except (ValueError, RecursionError) as reason:
        raise Unusable(f"a text is no JSON document of the safe subset: {reason}") from reason
    if again != raw:
        raise Unusable("a text is not canonical")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("two equal keys")
    return dict(pairs)


def _text(value: object, depth: int) -> str:
    if isinstance(value, dict | list):
        depth += 1
        if depth > 64:
            raise ValueError("nested too deeply")
    match value:
        case None | True | False:
            return {None: "null", True: "true", False: "false"}[value]
        case int():
            if abs(value) > SAFE:
                raise ValueError("an integer is too large")
            return str(value)
        case str():
            return '"' + "".join(ESCAPES.get(character, character) for character in value) + '"'
        case list():
            return "[" + ",".join(_text(item, depth) for item in value) + "]"
        case dict():
            if not all(key.isascii() for key in value):
                raise ValueError("a key is not ASCII")
            return "{" + ",".join(f"{_text(key, depth)}:{_text(value[key], depth)}" for key in sorted(value)) + "}"
    raise ValueError("a fraction")


def entry(raw: bytes) -> dict:
    """An entry in the form of version 1."""
    value = document(raw, most=65_535)
    if not (isinstance(value, dict) and set(value) == set(FORM) and all(FORM[key](value[key]) for key in FORM)):
        raise Unusable("an entry has another form than version 1 has")
    if (value["number"] == 1) != (value["previous"] == ""):
        raise Unusable("only the first entry about a subject has none before it")
    return value


def _whole(value: object, at_least: int = 0) -> bool:
    return type(value) is int and value >= at_least


def _string(value: object) -> bool:
    return isinstance(value, str)


def _like(pattern: re.Pattern[str]):
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _time(value: object) -> bool:
    if not _like(TIME)(value):
        return False
    try:
        datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        return False
    return True


def _row(value: object) -> bool:
    if value is None:
        return True
    form = {"key": _string, "of": _string, "sha256": _like(HASH)}
    return isinstance(value, dict) and set(value) == set(form) and all(form[key](value[key]) for key in form)


FORM = {
    "action": _string,
    "actor": _like(ACTOR),
    "at": _time,
    "data": lambda value: isinstance(value, dict),
    "id": _like(UUID),
    "log": _string,
    "number": lambda value: _whole(value, 1),
    "previous": lambda value: value == "" or _like(HASH)(value),
    "row": _row,
    "subject": lambda value: isinstance(value, str) and len(value) <= 300,
    "v": lambda value: _whole(value) and value == 1,
}
