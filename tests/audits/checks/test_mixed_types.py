"""data_quality.mixed_types against hand-made tables."""

from __future__ import annotations

import pyarrow as pa

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.mixed_types"
ROLES = Roles(task="regression", features=("x",))


def of(*values: str | None) -> pa.Table:
    return pa.table({"x": pa.array(values, pa.string())})


def test_one_form_passes_whatever_is_blank() -> None:
    for values in (("red", "blue", None), ("1", "2.5", "-3e4"), ("2020-01-02", "2021-12-31 10:00", "N/A")):
        assert judged(NAME, of(*values), ROLES).verdict == "passed"


def test_a_word_among_numbers_is_found() -> None:
    outcome = judged(NAME, of("1", "2", "three", "4"), ROLES)
    assert measured(outcome, "odd_share", "x").value == 0.25
    assert keys(outcome) == [f"{NAME}/x"]
    assert judged(NAME, of("1", "2", "three", "4"), ROLES, max_share=0.25).verdict == "passed"
    assert judged(NAME, of("1", "2", "three", "4"), ROLES, allowed=["x"]).verdict == "passed"
