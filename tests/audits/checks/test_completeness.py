"""data_quality.completeness against hand-made tables and pandas."""

import pyarrow as pa
import pytest

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.completeness"
ROLES = Roles(task="regression", features=("number", "word"))


def filled(numbers: list[float | None], words: list[str | None]) -> pa.Table:
    return pa.table({"number": pa.array(numbers, pa.float64()), "word": pa.array(words, pa.string())})


def test_a_full_table_passes() -> None:
    outcome = judged(NAME, filled([1.0, 2.0], ["a", "b"]), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "missing_share", "number").value == 0.0


def test_null_not_a_number_and_blank_text_are_missing() -> None:
    table = filled([None, float("nan"), 1.0, 2.0], [None, "", "  ", "a"])
    outcome = judged(NAME, table, ROLES)
    assert measured(outcome, "missing", "number").value == 2
    assert measured(outcome, "missing", "word").value == 3
    assert keys(outcome) == [f"{NAME}/number", f"{NAME}/word"]
    assert '"number" is missing in 2 of 4 rows' in outcome.sentence


@pytest.mark.parametrize(("missing", "verdict"), [(5, "passed"), (6, "failed")])
def test_exactly_on_the_limit_passes(missing: int, verdict: str) -> None:
    table = filled([None] * missing + [1.0] * (100 - missing), ["a"] * 100)
    assert judged(NAME, table, ROLES).verdict == verdict


def test_an_empty_column_is_wholly_missing() -> None:
    outcome = judged(NAME, filled([None, None], ["a", "b"]), ROLES)
    assert measured(outcome, "missing_share", "number").value == 1.0


def test_no_rows_are_inconclusive() -> None:
    assert judged(NAME, filled([], []), ROLES).verdict == "inconclusive"


def test_a_declared_column_that_is_absent_is_inconclusive() -> None:
    outcome = judged(NAME, pa.table({"number": [1.0]}), ROLES)
    assert outcome.verdict == "inconclusive"
    assert 'no column "word"' in outcome.sentence
