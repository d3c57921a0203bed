"""Does every column of a Parquet file arrive as plain values, or is it refused?"""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.tables.limits import Limits
from audits.tables.reading import TableFormat, inspect_table, open_table
from audits.tables.unusable import UnusableTable
from tests.audits.tables.written import Written, declare

PARQUET = TableFormat("parquet")
NEW_YEAR = datetime.datetime(2026, 1, 1)


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array([1, None], pa.int8()), "integer", [1, None]),
        (pa.array([1, 2**63 - 1], pa.uint64()), "integer", [1, 2**63 - 1]),
        (pa.array([True, False, None]), "integer", [1, 0, None]),
        (pa.array([0.5, float("nan"), None], pa.float32()), "number", [0.5, None, None]),
        (pa.array(np.array([0.5, 2], np.float16)), "number", [0.5, 2.0]),
        (pa.array([decimal.Decimal("1.50"), None], pa.decimal128(4, 2)), "number", [1.5, None]),
        (pa.array([decimal.Decimal("1.50")], pa.decimal256(40, 2)), "number", [1.5]),
        (pa.array(["a", "", None]), "text", ["a", None, None]),
        (pa.array(["a", "b"], pa.large_string()), "text", ["a", "b"]),
        (pa.array(["a", "b", "a", None]).dictionary_encode(), "text", ["a", "b", "a", None]),
        (pa.array([7, 8, 7]).dictionary_encode(), "integer", [7, 8, 7]),
        (pa.array(["ü".encode()], pa.binary()), "text", ["ü"]),
        (pa.nulls(2), "text", [None, None]),
        (pa.array([NEW_YEAR], pa.timestamp("us")), "time", [NEW_YEAR]),
        (pa.array([NEW_YEAR.date()], pa.date32()), "time", [NEW_YEAR]),
        (pa.array([NEW_YEAR.date()], pa.date64()), "time", [NEW_YEAR]),
    ],
)
def test_a_column_arrives_in_one_of_four_plain_types(
    written: Written, array: pa.Array, kind: str, values: list[Any]
) -> None:
    table = open_table(written.parquet(x=array), PARQUET)
    assert table.types == {"x": kind}
    batches = list(table.batches())
    assert [value for batch in batches for value in batch.column(0).to_pylist()] == values
    assert all(batch.schema == table.schema for batch in batches)


@pytest.mark.parametrize(
    ("array", "code", "sentence"),
    [
        (pa.array([[1], [2]]), "nested_column", 'Column "x": the values are of the type list<element: int64>; write'),
        (pa.array([{"a": 1}]), "nested_column", 'Column "x": the values are of the type struct<a: int64>'),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "nested_column", "of the type map<string, int64"),
        (pa.array([datetime.time(1, 2)]), "unsupported_column", 'Column "x": the values are of the type time64[us]'),
        (pa.array([b"1234"], pa.binary(4)), "unsupported_column", "of the type fixed_size_binary[4]"),
    ],
)
def test_a_column_no_check_can_use_is_refused_when_asked_for(
    written: Written, array: pa.Array, code: str, sentence: str
) -> None:
    path = written.parquet(x=array, y=[1] * len(array))
    with pytest.raises(UnusableTable) as refused:
        open_table(path, PARQUET)
    assert refused.value.code == code
    assert sentence in str(refused.value)
    with pytest.raises(UnusableTable, match='Column "x"'):
        inspect_table(path, PARQUET, declare(x="feature", y="label"))


def test_a_column_no_check_can_use_does_no_harm_undeclared(written: Written) -> None:
    path = written.parquet(embedding=[[1.5], [2.5]], y=[0, 1])
    assert [batch.to_pydict() for batch in open_table(path, PARQUET, columns=["y"]).batches()] == [{"y": [0, 1]}]
    facts = inspect_table(path, PARQUET, declare(y="label"))
    assert (facts.n_rows, facts.columns) == (2, (("embedding", "nested"), ("y", "integer")))


@pytest.mark.parametrize(
    ("array", "code", "row"),
    [
        (pa.array([1, 2, 2**63, 5], pa.uint64()), "number_out_of_range", 3),
        (pa.array([b"a", b"b", b"c", b"\xff"], pa.binary()), "wrong_encoding", 4),
        (pa.array(["a", "b" * 9]), "cell_too_long", 2),
    ],
)
def test_a_value_that_cannot_arrive_unchanged_is_refused_in_its_row(
    written: Written, array: pa.Array, code: str, row: int
) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.parquet_rows(x=array, limits=Limits(max_cell_bytes=8))
    assert (refused.value.code, refused.value.column, refused.value.row) == (code, "x", row)


def test_an_old_timestamp_arrives_exactly_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "int96.parquet"
    inside = [datetime.datetime(1677, 9, 22), None, datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), NEW_YEAR]
    times = pa.array(inside, pa.timestamp("us"))
    pq.write_table(pa.table({"t": times}), path, use_deprecated_int96_timestamps=True)
    batches = list(open_table(path, PARQUET).batches())
    assert [value for batch in batches for value in batch.column(0).cast(times.type).to_pylist()] == inside

    outside = pa.array([*inside, datetime.datetime(9999, 12, 31)], pa.timestamp("us"))
    pq.write_table(pa.table({"n": [1] * 5, "t": outside}), path, use_deprecated_int96_timestamps=True)
    assert sum(batch.num_rows for batch in open_table(path, PARQUET, columns=["n"]).batches()) == 5
    with pytest.raises(UnusableTable) as refused:
        list(open_table(path, PARQUET).batches())
    assert (refused.value.code, refused.value.column, refused.value.row) == ("time_out_of_range", "t", 5)


def test_columns_come_in_the_asked_order(written: Written) -> None:
    path = written.parquet(a=[1, 2], b=["x", "y"], c=[0.5, 1.5])
    batches = open_table(path, PARQUET, columns=["c", "a", "c"]).batches()
    assert [batch.to_pydict() for batch in batches] == [{"c": [0.5, 1.5], "a": [1, 2]}]


def test_row_groups_do_not_show_in_the_batches(written: Written) -> None:
    path = written.parquet(a=list(range(11)))
    assert [batch.num_rows for batch in open_table(path, PARQUET).batches(4)] == [4, 4, 3]


@pytest.mark.parametrize("keep", [3, 4, 40, -1, -8, -200])
def test_a_file_cut_off_is_refused(written: Written, keep: int) -> None:
    path = written.parquet(a=list(range(100)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnusableTable) as refused:
        list(open_table(path, PARQUET).batches())
    assert refused.value.code == ("wrong_format" if keep == 3 else "damaged_file")


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table"
    pq.write_table(pa.table({"a": list(range(1000))}), path, write_page_checksum=True, use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UnusableTable) as refused:
        list(open_table(path, PARQUET).batches())
    assert refused.value.code == "damaged_file"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty_file"), (b"a,b\n1,2\n", "wrong_format"), (b"PAR1", "damaged_file")]
)
def test_bytes_that_are_no_parquet_file_are_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "table"
    path.write_bytes(content)
    with pytest.raises(UnusableTable) as refused:
        open_table(path, PARQUET)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("names", "code"), [(["a", "a"], "repeated_column"), (["a", ""], "unnamed_column"), (["a", " "], "unnamed_column")]
)
def test_columns_need_a_name_each(tmp_path: Path, names: list[str], code: str) -> None:
    path = tmp_path / "table"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=names), path)
    with pytest.raises(UnusableTable) as refused:
        open_table(path, PARQUET, columns=["a"])
    assert (refused.value.code, refused.value.line) == (code, None)


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("too_many_rows", Limits(max_rows=2)),
        ("too_many_columns", Limits(max_columns=1)),
        ("too_many_bytes", Limits(max_bytes=10)),
    ],
)
def test_a_table_above_a_limit_is_refused_before_it_is_decoded(written: Written, code: str, limits: Limits) -> None:
    with pytest.raises(UnusableTable) as refused:
        open_table(written.parquet(a=[1, 2, 3], b=[1, 2, 3]), PARQUET, limits=limits)
    assert refused.value.code == code


def test_texts_that_stay_codes_are_the_same_texts(written: Written) -> None:
    few = pa.array([["a", "", None, "b"][place % 4] for place in range(5_000)])
    many = pa.array([f"row {place}" for place in range(5_000)])
    pq.write_table(pa.table({"few": few, "many": many}), path := written.path)
    coded = list(open_table(path, PARQUET).coded_batches())
    assert pa.types.is_dictionary(coded[0].schema.field("few").type)
    assert pa.types.is_string(coded[0].schema.field("many").type)
    rows = [row for batch in coded for row in batch.to_pylist()]
    assert rows == [row for batch in open_table(path, PARQUET).batches() for row in batch.to_pylist()]
    assert all(batch.column("few").null_count * 2 == batch.num_rows for batch in coded)


def test_a_bad_text_among_codes_is_refused_with_its_row(written: Written) -> None:
    pq.write_table(pa.table({"x": ["a"] * 3_000 + ["b" * 20] + ["a"] * 3_000}), path := written.path)
    with pytest.raises(UnusableTable) as refused:
        list(open_table(path, PARQUET, limits=Limits(max_cell_bytes=10)).coded_batches())
    assert (refused.value.code, refused.value.row) == ("cell_too_long", 3_001)
