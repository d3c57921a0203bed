"""data_quality.near_constant_columns against hand-made tables."""

from __future__ import annotations

import pyarrow as pa

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.near_constant_columns"
ROLES = Roles(task="regression", features=("x",))


def of(*values: object) -> pa.Table:
    return pa.table({"x": pa.array(values)})


def test_a_column_of_many_values_passes() -> None:
    outcome = judged(NAME, of(*range(100)), ROLES)
    assert (outcome.verdict, measured(outcome, "commonest_share", "x").value) == ("passed", 0.01)


def test_one_value_nearly_everywhere_is_found_and_the_limit_itself_passes() -> None:
    for rare, common in ((1.5, 2.0), ("red", "blue")):
        assert judged(NAME, of(*[common] * 99, rare), ROLES).verdict == "passed"
        assert keys(judged(NAME, of(*[common] * 100, rare), ROLES, max_share=0.98)) == [f"{NAME}/x"]
        assert judged(NAME, of(*[common] * 200, rare), ROLES, allowed=["x"]).verdict == "passed"


def test_missing_cells_are_no_value() -> None:
    outcome = judged(NAME, of(*[None] * 90, *["red", "blue"] * 5), ROLES)
    assert measured(outcome, "commonest_share", "x").value == 0.5
