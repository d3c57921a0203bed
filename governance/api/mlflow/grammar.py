"""What does a filter or an order of a search ask for? Pure: a text goes in, clauses or a refusal come out.

The grammar is MLflow's: comparisons joined by AND, nothing else. Keys that MLflow does not know and that cost nothing
to answer (stage, alias, digest, times) are taken as well.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from governance.api.mlflow.errors import InvalidParameter

MOST_CLAUSES, LONGEST_FILTER = 50, 20_000
LARGEST: Final = 2**63 - 1


class Kind(StrEnum):
    TEXT = "text"
    LISTED = "listed"  # a text that can be compared with a list, too
    NUMBER = "number"


TAG: Final = "tag"
_OF_TEXT = frozenset({"=", "!=", "LIKE", "ILIKE"})
_OPERATORS: Mapping[str, frozenset[str]] = {
    Kind.TEXT: _OF_TEXT,
    TAG: _OF_TEXT,
    Kind.LISTED: _OF_TEXT | {"IN", "NOT IN"},
    Kind.NUMBER: frozenset({"=", "!=", "<", "<=", ">", ">="}),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `tag` is the tag's name, or empty when `key` names an attribute."""

    key: str
    operator: str
    value: str | int | tuple[str, ...]
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    key: str
    is_ascending: bool


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'])*'|"(?:[^"])*")
    | (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
    | (?P<operator><=|>=|!=|<>|==|=|<|>|\bNOT\s+IN\b|\bIN\b|\bI?LIKE\b)
    | (?P<sign>[(),])
    | (?P<word>(?:`[^`]+`|"[^"]+"|[\w\-/]+)(?:\.(?:`[^`]+`|"[^"]+"|[^\s=<>!(),'"`]+))?)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def parse_filter(text: str, attributes: Mapping[str, Kind]) -> list[Clause]:
    """Return the clauses of a filter over these attributes; an empty one has none. Raises: InvalidParameter."""
    if not text.strip():
        return []
    if len(text) > LONGEST_FILTER:
        raise _refusal(f"it is longer than {LONGEST_FILTER} characters")
    tokens = list(_tokens(text))
    clauses = []
    while True:
        clause, tokens = _clause(tokens, attributes)
        clauses.append(clause)
        if not tokens:
            return clauses
        if tokens[0][0] != "word" or tokens[0][1].upper() != "AND":
            raise _refusal(f"comparisons are joined by AND, not by {tokens[0][1]!r}")
        if len(clauses) == MOST_CLAUSES:
            raise _refusal(f"it has more than {MOST_CLAUSES} comparisons")
        tokens = tokens[1:]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if not found or found.end() == place:
            raise _refusal(f"nothing can be made of {text[place : place + 40]!r}")
        yield str(found.lastgroup), found[str(found.lastgroup)]
        place = found.end()


def _clause(tokens: list[tuple[str, str]], attributes: Mapping[str, Kind]) -> tuple[Clause, list[tuple[str, str]]]:
    if len(tokens) < 3 or tokens[0][0] not in {"word", "text"} or tokens[1][0] != "operator":
        raise _refusal("a comparison is a key, an operator and a value")
    key, tag = _key(tokens[0][1], attributes)
    kind = TAG if tag else attributes[key]
    operator = " ".join(tokens[1][1].upper().split())
    if operator not in _OPERATORS[kind]:
        told = ", ".join(sorted(_OPERATORS[kind]))
        raise _refusal(f"{tag or key!r} is compared with one of {told}, not with {operator}")
    value, rest = _value(tokens[2:], tag or key, kind, operator)
    return Clause(key, operator, value, tag), rest


def _key(text: str, attributes: Mapping[str, Kind]) -> tuple[str, str]:
    entity, dot, name = text.partition(".")
    if not dot:
        entity, name = "attribute", entity
    if entity in {"tag", "tags"}:
        tag = name[1:-1] if len(name) > 2 and name[0] == name[-1] and name[0] in '`"' else name
        return "", tag
    if entity not in {"attribute", "attributes"} or (entity == "attributes" and dot):
        raise _refusal(f"{entity!r} is neither 'attribute' nor 'tag' nor 'tags'")
    if name not in attributes:
        raise _refusal(f"there is no attribute {name!r}; there are {', '.join(attributes)}")
    return name, ""


def _value(
    tokens: list[tuple[str, str]], name: str, kind: str, operator: str
) -> tuple[str | int | tuple[str, ...], list[tuple[str, str]]]:
    what, text = tokens[0]
    if operator in {"IN", "NOT IN"}:
        return _listed(tokens, name)
    if kind == Kind.NUMBER:
        plain = text[1:-1] if what == "text" else text
        if not re.fullmatch(r"-?\d{1,19}", plain, re.ASCII) or abs(int(plain)) > LARGEST:
            raise _refusal(f"{name!r} is compared with a whole number")
        return int(plain), tokens[1:]
    if what != "text":
        raise _refusal(f"{name!r} is compared with a text in quotes, not with {text!r}")
    return text[1:-1], tokens[1:]


def _listed(tokens: list[tuple[str, str]], name: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    values: list[str] = []
    for place, (what, text) in enumerate(tokens):
        expected = "(" if place == 0 else "," if place % 2 == 0 else "a text"
        if what == "sign" and text == ")" and place and place % 2 == 0:
            return tuple(values), tokens[place + 1 :]
        if expected == "a text" and what == "text":
            values.append(text[1:-1])
        elif text != expected:
            break
    raise _refusal(f"{name!r} is compared with a list of texts in quotes, such as ('a', 'b')")


def parse_order(texts: Sequence[str], keys: Mapping[str, str]) -> list[Order]:
    """Return what to order by; `keys` gives the column of each key. Raises: InvalidParameter."""
    orders: list[Order] = []
    for text in texts:
        words = text.split()
        direction = words[-1].upper() if len(words) > 1 else "ASC"
        name = words[0] if words else ""
        entity, dot, rest = name.partition(".")
        if dot and entity in {"attribute", "attributes", "attr"}:
            name = rest
        name = name.strip('`"')
        if len(words) > 2 or direction not in {"ASC", "DESC"} or name not in keys:
            raise InvalidParameter(
                f"Invalid order_by {text[:80]!r}: use one of {', '.join(keys)}, then ASC or DESC.",
                field="order_by",
            )
        if keys[name] in {order.key for order in orders}:
            raise InvalidParameter(f"The order_by names {name!r} twice.", field="order_by")
        orders.append(Order(keys[name], direction == "ASC"))
    return orders


def _refusal(why: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid filter: {why}.", field="filter")
