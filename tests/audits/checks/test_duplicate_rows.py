"""data_quality.duplicate_rows against hand-made tables and pandas."""

import pyarrow as pa
import pytest

from audits.checks import Roles
from tests.audits.checks.tables import german, judged, keys, measured

NAME = "data_quality.duplicate_rows"
ROLES = Roles(task="regression", id="number", features=("word", "size"))


def rows(*cells: tuple[str | None, float | None]) -> pa.Table:
    return pa.table(
        {
            "number": list(range(len(cells))),
            "word": pa.array([word for word, _ in cells], pa.string()),
            "size": pa.array([size for _, size in cells], pa.float64()),
        }
    )


def test_different_rows_pass() -> None:
    outcome = judged(NAME, rows(("a", 1), ("a", 2), ("b", 1)), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "duplicate_rows").value == 0


def test_of_three_equal_rows_two_are_repeated_whatever_their_id() -> None:
    outcome = judged(NAME, rows(("a", 1), ("b", 1), ("a", 1), ("a", 1)), ROLES)
    assert measured(outcome, "duplicate_rows").value == 2
    assert keys(outcome) == [NAME]


def test_missing_cells_are_equal_to_one_another() -> None:
    outcome = judged(NAME, rows((None, float("nan")), ("", None)), ROLES)
    assert measured(outcome, "duplicate_rows").value == 1


def test_the_same_words_in_other_columns_are_another_row() -> None:
    table = pa.table({"number": [1, 2], "word": ["a", "b"], "size": ["b", "a"]})
    assert measured(judged(NAME, table, ROLES), "duplicate_rows").value == 0


@pytest.mark.parametrize(("repeats", "verdict"), [(1, "passed"), (2, "failed")])
def test_exactly_on_the_limit_passes(repeats: int, verdict: str) -> None:
    table = rows(*[("a", place) for place in range(100 - repeats)], *[("a", 0)] * repeats)
    assert judged(NAME, table, ROLES).verdict == verdict


def test_no_rows_are_inconclusive() -> None:
    assert judged(NAME, rows(), ROLES).verdict == "inconclusive"


def test_an_id_alone_tells_nothing() -> None:
    outcome = judged(NAME, rows(("a", 1), ("b", 2)), Roles(task="regression", id="number"))
    assert outcome.verdict == "inconclusive"
    assert "Besides the id no column is declared" in outcome.sentence


def test_the_count_is_pandas_s() -> None:
    table = german().select(["sex", "housing", "age_years", "purpose", "job"])
    roles = Roles(task="regression", features=tuple(table.column_names))
    outcome = judged(NAME, table, roles)
    assert measured(outcome, "duplicate_rows").value == table.to_pandas().duplicated().sum()
