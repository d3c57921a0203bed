"""data_quality.constant_columns against hand-made tables and pandas."""

import pyarrow as pa
import pytest

from audits.checks import Roles
from tests.audits.checks.tables import adult, judged, keys, measured

NAME = "data_quality.constant_columns"


def of(column: pa.Array) -> tuple[pa.Table, Roles]:
    return pa.table({"column": column}), Roles(task="regression", features=("column",))


def test_two_values_are_enough() -> None:
    outcome = judged(NAME, *of(pa.array(["a", "b", "a"])))
    assert outcome.verdict == "passed"
    assert measured(outcome, "distinct_values", "column").value == 2


@pytest.mark.parametrize("cells", [["a", "a"], ["a", None], ["a", " "]])
def test_one_value_beside_missing_cells_is_constant(cells: list[str | None]) -> None:
    assert keys(judged(NAME, *of(pa.array(cells)))) == [f"{NAME}/column"]


def test_a_column_without_any_value_is_constant_too() -> None:
    outcome = judged(NAME, *of(pa.array([None, None], pa.float64())))
    assert outcome.sentence == 'Column "column" holds no value at all of 2 rows.'


def test_a_column_may_be_allowed_to_be_constant() -> None:
    assert judged(NAME, *of(pa.array([1, 1])), allowed=["column"]).verdict == "passed"


def test_no_rows_are_inconclusive() -> None:
    assert judged(NAME, *of(pa.array([], pa.string()))).verdict == "inconclusive"


def test_distinct_counts_are_pandas_s_exactly_or_within_the_stated_error() -> None:
    table = adult("all")
    outcome = judged(NAME, table, Roles(task="regression", features=tuple(table.column_names)))
    for name, distinct in table.to_pandas().nunique().items():
        found = measured(outcome, "distinct_values", str(name))
        if found.note:
            assert found.value == pytest.approx(distinct, rel=0.2)
            assert distinct > 255
        else:
            assert found.value == distinct
