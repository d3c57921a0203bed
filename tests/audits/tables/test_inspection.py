"""Is every cell of a column with a role looked at, in both formats?"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.tables import repeats
from audits.tables.limits import Limits
from audits.tables.repeats import RepeatedIds
from audits.tables.unusable import UnusableTable
from tests.audits.tables.written import Written, declare

BANDS = {"roles": ["sensitive"], "bands": [40]}
NAN, INF = float("nan"), float("inf")

# task, role (or body) of column x, good cells as text, good values, then: bad cell, bad value, code
CELLS: list[tuple[str, Any, list[Any], str, Any, str]] = [
    ("binary", "label", [0, 1], "2", 2, "label_not_binary"),
    ("binary", "label", [0, 1], "yes", None, "label_not_binary"),
    ("binary", "label", [0, 1], "0.5", 0.5, "label_not_binary"),
    ("binary", "label", [0, 1], "inf", INF, "label_not_binary"),
    ("binary", "label", [0, 1], "01", None, "label_not_binary"),
    ("binary", "label", [0, 1], "", None, "label_missing"),
    ("binary", "label", [0, 1], "NaN", NAN, "label_missing"),
    ("binary", "prediction", [0, 1], "-1", -1, "prediction_not_binary"),
    ("binary", "prediction", [0, 1], "0.7", 0.7, "prediction_not_binary"),
    ("binary", "prediction", [0, 1], "", None, "prediction_missing"),
    ("multiclass", "label", ["a", "b"], "", "", "label_missing"),
    ("multiclass", "prediction", ["a", "b"], "", None, "prediction_missing"),
    ("multiclass", "prediction", [1, 2], "nan", NAN, "prediction_missing"),
    ("regression", "label", [1.5, 2], "high", None, "label_not_a_number"),
    ("regression", "label", [1.5, 2], "", NAN, "label_missing"),
    ("regression", "label", [1.5, 2], "-inf", -INF, "label_infinite"),
    ("regression", "prediction", [1.5, 2], "high", None, "prediction_not_a_number"),
    ("regression", "prediction", [1.5, 2], "nan", NAN, "prediction_missing"),
    ("regression", "prediction", [1.5, 2], "1e999", INF, "prediction_infinite"),
    ("binary", "score", [0.25, 1], "0,5", None, "score_not_a_number"),
    ("binary", "score", [0.25, 1], "", None, "score_missing"),
    ("binary", "score", [0.25, 1], "nan", NAN, "score_missing"),
    ("binary", "score", [0.25, 1], "inf", INF, "score_infinite"),
    ("binary", "weight", [0, 2.5], "-0.5", -0.5, "weight_negative"),
    ("binary", "weight", [0, 2.5], "", None, "weight_missing"),
    ("binary", "weight", [0, 2.5], "two", None, "weight_not_a_number"),
    ("binary", "weight", [0, 2.5], "inf", INF, "weight_infinite"),
    ("binary", "id", ["u1", "u2"], "", None, "id_missing"),
    ("binary", "id", ["u1", "u2"], "u1", "u1", "id_repeated"),
    ("binary", BANDS, [39, 40.5], "forty", None, "bands_on_text"),
    ("binary", BANDS, [39, 40.5], "040", None, "bands_on_text"),
]


@pytest.mark.parametrize("block", [16, 4096])
@pytest.mark.parametrize(("task", "body", "good", "cell", "value", "code"), CELLS)
def test_a_bad_cell_is_named_in_a_delimited_file(
    written: Written, block: int, task: str, body: Any, good: list[Any], cell: str, value: Any, code: str
) -> None:
    text = "\n".join(["x,note", *(f"{each}," for each in good), f'"{cell}",', "later,"])
    with pytest.raises(UnusableTable) as refused:
        written.inspect(text, declare(task, x=body), limits=Limits(max_row_bytes=block))
    error = refused.value
    assert (error.code, error.column, error.row, error.line) == (code, "x", len(good) + 1, len(good) + 2)
    if not code.endswith("_missing"):
        assert f'"{cell}"' in str(error)


@pytest.mark.parametrize(
    ("task", "body", "good", "cell", "value", "code"),
    [case for case in CELLS if case[4] is not None or case[5].endswith("_missing")],
)
def test_a_bad_value_is_named_in_a_parquet_file(
    written: Written, task: str, body: Any, good: list[Any], cell: str, value: Any, code: str
) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.inspect_parquet(declare(task, x=body), x=pa.array([*good, value]))
    error = refused.value
    assert (error.code, error.column, error.row, error.line) == (code, "x", len(good) + 1, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [("label", "label_not_binary"), ("score", "score_not_a_number"), (BANDS, "bands_on_text")],
)
def test_text_in_a_parquet_file_is_no_number_even_when_it_reads_like_one(
    written: Written, body: Any, code: str
) -> None:
    with pytest.raises(UnusableTable, match='the text "1"') as refused:
        written.inspect_parquet(declare(x=body), x=[None, "1"] if body is BANDS else ["1", "0"])
    assert (refused.value.code, refused.value.row) == (code, 2 if body is BANDS else 1)


@pytest.mark.parametrize(("task", "body", "good"), [case[:3] for case in CELLS])
def test_good_cells_pass_in_both_formats(written: Written, task: str, body: Any, good: list[Any]) -> None:
    declaration = declare(task, x=body)
    text = "x,note\n" + "".join(f"{each},\n" for each in good)
    assert written.inspect(text, declaration).n_rows == len(good)
    assert written.inspect_parquet(declaration, x=pa.array(good)).n_rows == len(good)


def test_missing_values_are_allowed_where_the_checks_count_them(written: Written) -> None:
    declaration = declare(y="label", age=BANDS, sex="sensitive", income="feature")
    facts = written.inspect("y,age,sex,income\n1,30,f,2.5\n0,,,\n1,nan,m,\n", declaration)
    assert facts.columns == (("y", "integer"), ("age", "number"), ("sex", "text"), ("income", "number"))
    booleans = written.inspect_parquet(declare(y="label"), y=[True, False])
    assert booleans.columns == (("y", "integer"),)


def test_the_earliest_bad_row_is_named_whatever_the_order_of_the_columns(written: Written) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.inspect("y,s,w\n1,0.5,1\n1,0.5,-1\n1,inf,1\nno,,1\n", declare(y="label", s="score", w="weight"))
    assert (refused.value.code, refused.value.row) == ("weight_negative", 2)


def test_labels_and_predictions_that_could_never_be_equal_are_refused(written: Written) -> None:
    declaration = declare("multiclass", y="label", p="prediction")
    with pytest.raises(UnusableTable) as refused:
        written.inspect("y,p\na,1\nb,2\n", declaration)
    assert refused.value.code == "incomparable_types"
    assert written.inspect("y,p\n1,1.0\n2,2.0\n", declaration).n_rows == 2


def test_a_number_column_that_no_type_holds_exactly_is_refused(written: Written) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.inspect("s\n9007199254740993\n0.5\n", declare(s="score"))
    assert (refused.value.code, refused.value.column) == ("number_out_of_range", "s")
    assert written.inspect("s\n9007199254740993\n5\n", declare(s="score")).columns == (("s", "integer"),)


@pytest.mark.parametrize("content", ["y,p\n", "y,p", "y,p\r\n\r\n\n"])
def test_a_header_alone_is_no_table(written: Written, content: str) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.inspect(content, declare(y="label"))
    assert refused.value.code == "no_rows"
    with pytest.raises(UnusableTable, match="no rows"):
        written.inspect_parquet(declare(y="label"), y=pa.array([], pa.int64()))


def test_a_missing_column_is_answered_with_the_nearest_and_with_all(written: Written) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.inspect("lable,sex\n1,f\n", declare(label="label", sex="sensitive"))
    assert str(refused.value) == (
        'Column "label", line 1: the table has no such column; did you mean "lable"? it has "lable", "sex".'
    )
    with pytest.raises(UnusableTable) as refused:
        written.inspect_parquet(declare(label="label"), y=[1])
    assert (refused.value.code, refused.value.line) == ("missing_column", None)


def test_a_missing_column_is_first_laid_at_the_door_of_delimiter_and_header(written: Written) -> None:
    with pytest.raises(UnusableTable, match=r"declare the delimiter ';'"):
        written.inspect("y;sex\n1;f\n", declare(y="label"))
    with pytest.raises(UnusableTable, match="nothing but numbers"):
        written.inspect("1,2\n0,3\n", declare(y="label"))
    assert written.inspect("a;b\n1\n", declare(**{"a;b": "label"})).n_rows == 1
    assert written.inspect("1,2\n0,3\n", declare(**{"1": "label"})).n_rows == 1


def test_the_first_repeat_of_an_id_is_named_with_the_row_it_repeats(written: Written) -> None:
    rows = [f"u{i}" for i in range(2000)]
    rows[1500] = "u700"
    rows[1900] = "u3"
    with pytest.raises(UnusableTable) as refused:
        written.inspect("\n".join(["id", *rows]), declare(id="id"), limits=Limits(max_row_bytes=64))
    assert str(refused.value) == (
        'Column "id", row 1501, line 1502: the id "u700" stands in row 701 already; '
        "give every row its own id, or declare no id."
    )


def test_an_id_is_its_text(written: Written) -> None:
    assert written.inspect("id\n1\n01\n1.0\n", declare(id="id")).n_rows == 3


ids = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]) | st.text(max_size=2), max_size=14)


@given(ids, st.integers(1, 5), st.booleans())
def test_a_repeat_is_found_even_when_hashes_collide(values: list[str], block: int, collide: bool) -> None:
    blocks = [pa.array(values[i : i + block], pa.string()) for i in range(0, len(values), block)]
    with pytest.MonkeyPatch.context() as patch:
        if collide:
            honest = repeats.hashes_of
            patch.setattr(repeats, "hashes_of", lambda ids: honest(ids) % 2)
        seen = RepeatedIds()
        for each in blocks:
            seen.add(each)
        found = seen.first_repeat(blocks)
    expected = next((row for row, value in enumerate(values) if value in values[:row]), None)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.row, found.value) == (expected + 1, values[expected])
        assert found.first_row == values.index(values[expected]) + 1


scores = st.sampled_from(["0.5", "1", "nan", "", "x", "inf", "07"])


@given(st.lists(scores, min_size=1, max_size=20), st.integers(16, 40))
def test_what_inspection_finds_does_not_depend_on_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], block: int
) -> None:
    written = Written(tmp_path_factory.mktemp("table"))
    text = "s,n\n" + "".join(f"{cell},1\n" for cell in cells)

    def outcome(limits: Limits) -> object:
        try:
            return written.inspect(text, declare(n="label", s="feature"), limits=limits)
        except UnusableTable as error:
            return error.to_document()

    assert outcome(Limits(max_row_bytes=block)) == outcome(Limits())
