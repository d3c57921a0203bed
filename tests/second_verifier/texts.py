"""The canonical text of JSON documents, and the form of an entry."""

import json

from tests.second_verifier.answer import Unusable

LONGEST = 65_535
SAFE = 2**53 - 1
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
ESCAPES |= {chr(point): f"\\u{point:04x}" for point in range(32) if chr(point) not in ESCAPES}

READ = {"log": str, "subject": str, "number": int, "previous": str}


def loaded(raw: bytes) -> object:
    """The value of a JSON document in any spelling."""
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as reason:
        raise Unusable(f"a file is no JSON document: {reason}") from reason


def is_canonical(raw: bytes) -> bool:
    try:
        return _text(loaded(raw), 0).encode("utf-8") == raw
    except (ValueError, Unusable):
        return False


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
    """An entry, with the keys that a verifier reads."""
    if len(raw) > LONGEST or not is_canonical(raw):
        raise Unusable("the text of an entry is not canonical")
    value = loaded(raw)
    if not isinstance(value, dict) or any(type(value.get(key)) is not kind for key, kind in READ.items()):
        raise Unusable("an entry does not say where it belongs")
    return value
