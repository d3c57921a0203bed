"""One document, one text: the canonical form of an entry."""

from __future__ import annotations

import datetime
import decimal
import enum
import hashlib
import json
import random
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audits.trail.canonical import (
    MAX_DEPTH,
    MAX_ENTRY_BYTES,
    MAX_INTEGER,
    EntryTooLarge,
    NotCanonical,
    canonical_json,
    parse_canonical,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "trail"

keys = st.text(st.characters(max_codepoint=127))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)


class Stage(enum.StrEnum):
    PRODUCTION = "production"


class Tier(enum.IntEnum):
    HIGH = 3


@given(values)
def test_our_text_is_the_text_of_an_independent_rfc8785_library(document: object) -> None:
    assert canonical_json(document, max_bytes=None) == rfc8785.dumps(document)


CHARACTERS = 'aZ09 _"\\/\x00\x08\t\n\x0c\r\x1f\x7fäß€\u2028\ufeff\uffff😀\U0010ffff'


def random_document(source: random.Random, depth: int = 0) -> object:
    # The outermost value is always a list or an object, so that few documents are trivial.
    kind = source.randrange(0 if depth else 5, 5 if depth > 3 else 7)
    if kind < 2:
        return "".join(source.choices(CHARACTERS, k=source.randrange(12)))
    if kind == 2:
        return source.randint(-MAX_INTEGER, MAX_INTEGER) >> source.randrange(54)
    if kind < 5:
        return source.choice([None, True, False, 0])
    inner = [random_document(source, depth + 1) for _ in range(source.randrange(6))]
    if kind == 5:
        return inner
    return {"".join(chr(source.randrange(128)) for _ in range(source.randrange(5))): value for value in inner}


# Hypothesis looks cleverly but slowly; this looks at very many documents.
@pytest.mark.soak
def test_our_text_is_that_of_rfc8785_on_100_000_random_documents() -> None:
    source = random.Random(8785)
    for _ in range(100_000):
        document = random_document(source)
        text = canonical_json(document, max_bytes=None)
        assert text == rfc8785.dumps(document)
        assert parse_canonical(text, max_bytes=None) == document


@given(values)
def test_what_was_written_reads_back_as_the_same_document(document: object) -> None:
    assert parse_canonical(canonical_json(document, max_bytes=None), max_bytes=None) == document


@given(values, st.data())
def test_a_text_that_still_parses_after_one_changed_byte_is_canonical_again(
    document: object, data: st.DataObject
) -> None:
    text = bytearray(canonical_json(document, max_bytes=None))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse_canonical(bytes(text), max_bytes=None)
    except NotCanonical:
        return
    assert canonical_json(changed, max_bytes=None) == bytes(text)
    assert rfc8785.dumps(changed) == bytes(text)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        # The published files of the RFC's author that lie inside the subset (cyberphone, Apache-2.0).
        # The others (french, values, weird) hold non-ASCII keys or fractions and are refused here.
        ([56, {"d": True, "10": None, "1": []}], '[56,{"1":[],"10":null,"d":true}]'),
        ({"Unnormalized Unicode": "A\u030a"}, '{"Unnormalized Unicode":"A\u030a"}'),
        (
            {
                "1": {"f": {"f": "hi", "F": 5}, "\n": 56},
                "10": {},
                "": "empty",
                "a": {},
                "111": [{"e": "yes", "E": "no"}],
                "A": {},
            },
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
        ),
        # RFC 8785 section 3.2.2.2: the string of its example.
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\x00\x08\t\n\x0c\r\x1f\x7f", '"\\u0000\\b\\t\\n\\f\\r\\u001f\x7f"'),
        ("\u2028", '"\u2028"'),
        ((1, (2, 3)), "[1,[2,3]]"),
        ([MAX_INTEGER, -MAX_INTEGER, 0], "[9007199254740991,-9007199254740991,0]"),
        ({"stage": Stage.PRODUCTION, "tier": Tier.HIGH}, '{"stage":"production","tier":3}'),
    ],
)
def test_the_text_of_known_documents(document: object, text: str) -> None:
    assert canonical_json(document).decode() == text


def test_event_1_of_the_end_to_end_vector_keeps_its_bytes_and_digest() -> None:
    event = json.loads((VECTORS / "end_to_end.json").read_text())["events"][1]
    text = canonical_json(json.loads(event["text"]))
    assert text.decode() == event["text"]
    assert len(text) == event["bytes"]
    assert hashlib.sha256(text).hexdigest() == event["sha256"]


@pytest.mark.parametrize(
    ("document", "path", "problem"),
    [
        ({"data": {"measurements": [1, 2, 3, {"value": 0.5}]}}, "data.measurements[3].value", "float 0.5"),
        ([float("nan")], "[0]", "float nan"),
        ({"x": float("inf")}, "x", "float inf"),
        ({"x": -0.0}, "x", "float -0.0"),
        ({"x": 2**53}, "x", "9007199254740992"),
        ({"x": -(2**53)}, "x", "-9007199254740992"),
        ({"x": 10**10_000}, "x", "33220 bits"),
        ({"data": {"größe": 1}}, "data", "ASCII"),
        ({"data": {1: 2}}, "data", "has the key 1"),
        ({"data": {"\ud800": 2}}, "data", "ASCII"),
        ({"data": "x\ud800"}, "data", "lone surrogate"),
        ({"a b": {"c.d": b"x"}}, "['a b']['c.d']", "bytes"),
        ({"at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, "at", "datetime"),
        ({"at": datetime.date(2026, 1, 1)}, "at", "date"),
        ({"x": decimal.Decimal("0.5")}, "x", "Decimal"),
        ({"x": {1, 2}}, "x", "set"),
        (object(), "", "object"),
    ],
)
def test_a_value_without_a_canonical_form_is_refused_by_its_path(document: object, path: str, problem: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical_json(document)
    assert refused.value.path == path
    assert problem in str(refused.value)
    assert refused.value.fix.endswith(".")


def test_a_document_that_contains_itself_is_refused() -> None:
    document: list[object] = []
    document.append(document)
    with pytest.raises(NotCanonical, match="contains itself"):
        canonical_json(document)


def test_nesting_is_allowed_up_to_the_limit_and_not_beyond() -> None:
    document: object = 1
    for _ in range(MAX_DEPTH):
        document = [document]
    assert parse_canonical(canonical_json(document)) == document
    with pytest.raises(NotCanonical, match="levels deep"):
        canonical_json([document])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":01}',
        b"9007199254740992",
        b"123456789012345678901234567890",
        b"NaN",
        b'"\\u00e4"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        '{"ä":1}'.encode(),
        b"[" * 2000 + b"]" * 2000,
    ],
)
def test_any_other_text_of_a_document_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse_canonical(text)


def test_an_entry_may_have_65535_bytes_and_not_one_more() -> None:
    longest = "x" * (MAX_ENTRY_BYTES - 2)
    text = canonical_json(longest)
    assert len(text) == MAX_ENTRY_BYTES == 65_535
    assert parse_canonical(text) == longest
    with pytest.raises(EntryTooLarge, match="65,536 bytes") as refused:
        canonical_json(longest + "x")
    assert (refused.value.size, refused.value.limit) == (65_536, 65_535)
    with pytest.raises(EntryTooLarge):
        parse_canonical(text[:-1] + b'x"')
    assert len(canonical_json(longest + "x", max_bytes=None)) == 65_536
