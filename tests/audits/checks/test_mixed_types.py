"""data_quality.mixed_types against hand-made tables."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from audits.checks import Roles
from audits.checks.statistics.cell_forms import FormsOfColumn
from audits.checks.statistics.columns import as_texts
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


@given(st.lists(st.text(st.sampled_from("aZ é09 @+-_./'?&DE8"), max_size=24), min_size=1, max_size=30))
@example(["none", "N/A", "DE89 3704 0044 0532 0130 00", "x4111 1111 1111 1111", "X1234567L", "A 12"])
def test_words_that_are_told_all_at_once_take_the_form_that_each_takes_alone(texts: list[str]) -> None:
    column, cells = FormsOfColumn("note", "text"), pa.array(texts, pa.string())
    column.add(cells)
    alone = FormsOfColumn("note", "text", rows=len(texts))
    known, codes = as_texts(cells)
    alone._add_texts([known[code] for code in codes], [1] * len(codes))
    assert column.to_document() == alone.to_document()
