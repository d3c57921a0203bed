"""data_quality.disguised_missing against hand-made tables."""

from __future__ import annotations

import pyarrow as pa

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.disguised_missing"
ROLES = Roles(task="regression", features=("x",))


def of(*values: object) -> pa.Table:
    return pa.table({"x": pa.array(values)})


def test_true_values_and_plain_blanks_pass() -> None:
    assert judged(NAME, of("red", "", None, "Nancy"), ROLES).verdict == "passed"
    assert judged(NAME, of(1.0, 99.5, None, -2.0), ROLES).verdict == "passed"


def test_words_in_any_case_are_counted_apart() -> None:
    outcome = judged(NAME, of("N/A", "n/a ", "Unknown", "1900-01-01", "red"), ROLES)
    assert measured(outcome, "disguised_share", "x").value == 0.8
    assert measured(outcome, "disguised_cells", "x/n/a").value == 2
    assert keys(outcome) == [f"{NAME}/x"]


def test_numbers_are_counted_by_value_and_may_be_allowed() -> None:
    table = of(*[9999] * 2, *[-1] * 3, *range(10, 15))
    outcome = judged(NAME, table, ROLES)
    assert measured(outcome, "disguised_cells", "x/-1").value == 3
    assert measured(judged(NAME, table, ROLES, allowed=["x=-1"]), "disguised_share", "x").value == 0.2
    assert judged(NAME, table, ROLES, allowed=["x"]).verdict == "passed"


def test_exactly_on_the_limit_passes() -> None:
    assert judged(NAME, of(*["red"] * 9, "?"), ROLES, max_share=0.1).verdict == "passed"
    assert judged(NAME, of(*["red"] * 9, "?"), ROLES, max_share=0.09).verdict == "failed"
