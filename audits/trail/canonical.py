"""Which bytes stand for a document, so that the same document always has the same hash?

The answer is RFC 8785 (JSON Canonicalization Scheme), restricted to the values on which every JSON
library agrees. Outside that subset nothing is guessed: the document is refused by name, before
anything is hashed or stored.
"""

import re
from typing import Any, Final

import orjson

# An entry bundle of the tlog-tiles format gives each entry a length of two bytes.
MAX_ENTRY_BYTES: Final = 65_535

# RFC 8785 section 3.2.2.3 writes numbers as ECMAScript does; above this, a double is no longer exact.
MAX_INTEGER: Final = 2**53 - 1

# Deep enough for any entry, shallow enough for every JSON library (and it ends a circular document).
MAX_DEPTH: Final = 64

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SURROGATE = re.compile("[\ud800-\udfff]")

_Path = tuple["_Path", str | int] | None


class NotCanonical(ValueError):
    """A document, or the text of one, that has no canonical form or is not in it.

    `path` names the offending value (``data.measurements[3].value``, empty for the whole document),
    `problem` says what is wrong with it and `fix` what to do.
    """

    code = "not_canonical"

    def __init__(self, path: str, problem: str, fix: str) -> None:
        self.path = path
        self.problem = problem
        self.fix = fix
        super().__init__(f"{path or 'The document'} {problem}. {fix}")


class EntryTooLarge(ValueError):
    """The canonical text is longer than an entry may be (`size` and `limit` in bytes)."""

    code = "entry_too_large"

    def __init__(self, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(
            f"The entry is {size:,} bytes long, and at most {limit:,} are allowed. "
            "Store the long part as evidence and put its sha256 into the entry."
        )


def canonical_json(document: object, *, max_bytes: int | None = MAX_ENTRY_BYTES) -> bytes:
    """Return the one canonical text of a document, as UTF-8 bytes without a trailing newline.

    Allowed are dictionaries with ASCII string keys, strings without lone surrogates, integers within
    ±(2**53 - 1), true, false, null, and lists or tuples of these; a subclass (an enumeration member,
    for example) is written as the plain value it holds. Anything else MUST NOT be written and raises
    `NotCanonical`; a text above `max_bytes` raises `EntryTooLarge` (None: no limit, for documents
    that are not entries).
    """
    # Nearly every document is plain already; only what is not is looked at with its path in hand.
    plain = document if _is_plain(document, 0) else _plain(document, None, 0)
    text = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    if max_bytes is not None and len(text) > max_bytes:
        raise EntryTooLarge(len(text), max_bytes)
    return text


def parse_canonical(text: bytes, *, max_bytes: int | None = MAX_ENTRY_BYTES) -> object:
    """Read a canonical text, and refuse every other text, even one that means the same document.

    The text MUST be byte for byte what `canonical_json` writes: spaces, another key order, an escape
    where none is needed, a duplicate key or a number with a fraction all raise `NotCanonical`.
    """
    if max_bytes is not None and len(text) > max_bytes:
        raise EntryTooLarge(len(text), max_bytes)
    try:
        document: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotCanonical(
            "", f"is not JSON ({error})", "Check that the text was not cut or changed on its way."
        ) from error
    again = canonical_json(document, max_bytes=None)
    # orjson keeps the last of two equal keys, so a duplicate shows up here as a missing piece.
    if again != text:
        at = _first_difference(again, text)
        raise NotCanonical(
            "",
            f"is JSON, but not in its canonical form: it differs from byte {at} on",
            "Keep the stored bytes as they are, and do not format or re-write them.",
        )
    return document


def _is_plain(value: Any, depth: int) -> bool:
    """Tell whether `_plain` would return the value as it is."""
    kind = type(value)
    if kind is str:
        return value.isascii() or not _SURROGATE.search(value)
    if kind is int:
        return -MAX_INTEGER <= value <= MAX_INTEGER
    if value is None or kind is bool:
        return True
    if depth == MAX_DEPTH:
        return False
    if kind is dict:
        for key, member in value.items():
            if type(key) is not str or not key.isascii():
                return False
            # Most members are ASCII text, and need no call.
            if not (type(member) is str and member.isascii()) and not _is_plain(member, depth + 1):
                return False
        return True
    if kind is list or kind is tuple:
        return all(_is_plain(item, depth + 1) for item in value)
    return False


def _plain(value: object, path: _Path, depth: int) -> object:
    """Return the value made of plain types only, or raise the error that names what is wrong."""
    # orjson would write null for NaN, 1.0 for a float and a date for a datetime: nothing reaches it
    # that was not looked at here.
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            raise NotCanonical(
                _name(path),
                "holds a lone surrogate, which is not a character",
                "Decode the text properly before recording it.",
            )
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, int):
        number = int(value)
        if not -MAX_INTEGER <= number <= MAX_INTEGER:
            raise NotCanonical(
                _name(path),
                f"is {_shortened(number)}, and only integers within ±{MAX_INTEGER} are the same everywhere",
                "Write it as a string of digits.",
            )
        return number
    if depth == MAX_DEPTH and isinstance(value, dict | list | tuple):
        raise NotCanonical(
            _name(path),
            f"is nested more than {MAX_DEPTH} levels deep, or contains itself",
            "Store it as evidence and record its sha256.",
        )
    if isinstance(value, dict):
        return _plain_members(value, path, depth)
    if isinstance(value, list | tuple):
        return [_plain(item, (path, index), depth + 1) for index, item in enumerate(value)]
    raise _refusal(value, path)


def _plain_members(members: dict[object, object], path: _Path, depth: int) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, value in members.items():
        # Sorting by UTF-16 units (RFC 8785) and by bytes (orjson) agrees on ASCII, and only there.
        if not isinstance(key, str) or not key.isascii():
            raise NotCanonical(
                _name(path),
                f"has the key {key!a}, and only ASCII strings may be keys",
                "Rename the key, or make the name a value.",
            )
        name = key if type(key) is str else str.__str__(key)
        if name in plain:
            raise NotCanonical(_name(path), f"has the key {name!r} twice", "Keep one of the two.")
        plain[name] = _plain(value, (path, name), depth + 1)
    return plain


def _refusal(value: object, path: _Path) -> NotCanonical:
    if isinstance(value, float):
        kind, fix = f"the float {value!r}", "Write it as a decimal string, for example '0.80'."
    elif isinstance(value, bytes | bytearray | memoryview):
        kind, fix = f"of type {type(value).__name__}", "Write it as text, in hex or base64."
    elif type(value).__name__ in ("datetime", "date", "time"):
        kind, fix = f"of type {type(value).__name__}", "Write it as text: YYYY-MM-DDTHH:MM:SS.ffffffZ."
    else:
        kind, fix = (
            f"of type {type(value).__name__}",
            "Turn it into text, an integer, a list or a dictionary.",
        )
    return NotCanonical(_name(path), f"is {kind}, which has no canonical form here", fix)


def _name(path: _Path) -> str:
    steps: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif _PLAIN_NAME.fullmatch(step):
            steps.append(f".{step}")
        else:
            steps.append(f"[{step!a}]")
    name = "".join(reversed(steps)).removeprefix(".")
    return name if len(name) <= 120 else f"{name[:117]}..."


def _shortened(number: int) -> str:
    # Python refuses to print integers of more than 4,300 digits, and nobody would read them.
    return str(number) if number.bit_length() <= 128 else f"an integer of {number.bit_length()} bits"


def _first_difference(left: bytes, right: bytes) -> int:
    shorter = min(len(left), len(right))
    return next((at for at in range(shorter) if left[at] != right[at]), shorter)
