"""data_quality.label_conflicts against hand-made tables and pandas."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.label_conflicts"
ROLES = Roles(task="binary", favourable=1, label="y", features=("a", "b"))


def of(*rows: tuple[object, object, object]) -> pa.Table:
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(("a", "b", "y"))})


def test_equal_features_with_equal_labels_are_no_conflict() -> None:
    outcome = judged(NAME, of(*[("x", 1, 1)] * 5, ("x", 2, 0)), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "conflicting_rows").value == 0


def test_every_row_of_a_conflict_counts() -> None:
    outcome = judged(NAME, of(*[("x", 1, 1)] * 3, ("x", 1, 0), ("y", 1, 0)), ROLES)
    assert measured(outcome, "conflicting_rows").value == 4
    assert keys(outcome) == [NAME]


def test_exactly_on_the_limit_passes() -> None:
    table = of(("x", 1, 1), ("x", 1, 0), *[("x", n, 0) for n in range(2, 10)])
    assert judged(NAME, table, ROLES, max_share=0.2).verdict == "passed"
    assert judged(NAME, table, ROLES, max_share=0.19).verdict == "failed"


def test_rows_without_a_label_conflict_with_nobody() -> None:
    outcome = judged(NAME, of(("x", 1, 1), ("x", 1, None), ("x", 2, 0)), ROLES)
    assert (outcome.verdict, measured(outcome, "conflict_share").n) == ("passed", 2)
    assert judged(NAME, of(("x", 1, None)), ROLES).verdict == "inconclusive"


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 2), st.integers(0, 1)), min_size=1))
def test_the_count_is_pandas_s(rows: list[tuple[str, int, int]]) -> None:
    frame = of(*rows).to_pandas()
    expected = int((frame.groupby(["a", "b"])["y"].transform("nunique") > 1).sum())
    assert measured(judged(NAME, of(*rows), ROLES), "conflicting_rows").value == expected
