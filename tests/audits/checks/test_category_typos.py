"""data_quality.category_typos against hand-made tables."""

from __future__ import annotations

import pyarrow as pa
import pytest

from audits.checks import Roles
from audits.checks.library.category_typos import one_letter_apart
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.category_typos"
ROLES = Roles(task="regression", features=("x",))


def of(**counts: int) -> pa.Table:
    return pa.table({"x": [name for name, n in counts.items() for _ in range(n)]})


def test_different_categories_pass() -> None:
    assert judged(NAME, of(married=50, single=50, divorced=1), ROLES).verdict == "passed"


def test_case_and_spaces_are_found() -> None:
    outcome = judged(NAME, of(**{"Self employed": 50, "self-employed": 10, "SELF_EMPLOYED": 1}), ROLES)
    assert measured(outcome, "alike_categories", "x").value == 2
    assert keys(outcome) == [f"{NAME}/x"]
    assert judged(NAME, of(Yes=5, yes=5), ROLES, allowed=["x"]).verdict == "passed"


def test_a_rare_letter_apart_is_found_and_a_frequent_one_is_not() -> None:
    assert judged(NAME, of(married=200, maried=1), ROLES).verdict == "failed"
    assert judged(NAME, of(married=200, maried=100), ROLES).verdict == "passed"
    assert judged(NAME, of(**{"grade 1": 200, "grade 2": 1}), ROLES).verdict == "passed"


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("married", "maried", True),
        ("married", "marrried", True),
        ("married", "marired", True),
        ("married", "married", False),
        ("married", "merried", True),
        ("married", "mreeied", False),
        ("marry", "married", False),
        ("abcde", "abcdef", True),
    ],
)
def test_one_letter_is_changed_added_left_out_or_swapped(first: str, second: str, apart: bool) -> None:
    assert one_letter_apart(first, second) is apart
    assert one_letter_apart(second, first) is apart
