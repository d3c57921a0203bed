"""Are the rows of a delimited file the ones its writer wrote, whatever the block they are read in?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from audits.tables.delimited import DelimitedFile
from audits.tables.limits import Limits
from audits.tables.reading import TableFormat, open_table
from audits.tables.source import Source
from audits.tables.unusable import UnusableTable
from tests.audits.tables.test_cells import type_of
from tests.audits.tables.written import Written

cells = st.text(st.sampled_from('ab1.0-, ;|\t"\n\rü東\u2028'), max_size=6) | st.sampled_from(["1", "2.5", "08", ""])


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    header = [f"{draw(cells)}~{i}" for i in range(width)]
    return [header, *draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=12))]


def as_typed(column: list[str]) -> list[object]:
    """What the documentation promises for these cells of one column."""
    missing_left_out = [cell or None for cell in column]
    kind = {"integer": int, "number": float, "text": str}[type_of(missing_left_out)]
    return [None if cell is None else kind(cell) for cell in missing_left_out]


@given(
    tables(),
    st.sampled_from(",;|\t"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.integers(0, 40),
)
def test_what_the_csv_module_writes_reads_back_the_same_in_blocks_of_any_size(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    delimiter: str,
    line_end: str,
    quoting: int,
    slack: int,
) -> None:
    header, *rows = table
    if any(end in cell for row in table for cell in row for end in "\r\n" if end not in line_end):
        # Python 3.11 leaves a line end unquoted that is not its own, and no reader can tell what was meant.
        quoting = csv.QUOTE_ALL
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(table)  # type: ignore[arg-type]
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_bytes(text.getvalue().encode())
    longest = max(len("".join(row).encode()) * 2 + 3 * len(row) + 2 for row in table)
    columns = [as_typed(list(column)) for column in zip(*rows, strict=True)] or [[] for _ in header]
    expected = [dict(zip(header, row, strict=True)) for row in zip(*columns, strict=True)]
    for block in (longest + slack, 1 << 20):
        opened = open_table(path, TableFormat("csv", delimiter), columns=header, limits=Limits(max_row_bytes=block))
        batches = list(opened.batches(batch_rows=5))
        assert [row for batch in batches for row in batch.to_pylist()] == expected
        assert [batch.num_rows for batch in batches[:-1]] == [5] * (len(batches) - 1)
        assert all(batch.schema == opened.schema for batch in batches)


@given(st.text(st.sampled_from('ab,"\n\r '), max_size=24), st.integers(30, 60))
@example('1,"open', 30)
@example('1,""open"\n2,3', 30)
@example("\n\n1,2\n\n\n3,4\n", 30)
def test_any_text_is_read_as_the_csv_module_reads_it_or_refused(
    tmp_path_factory: pytest.TempPathFactory, body: str, block: int
) -> None:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_bytes(b"x,y\n" + body.encode())
    rows = [row for row in csv.reader(io.StringIO(body, newline="")) if row]
    file = DelimitedFile(Source(path), delimiter=",", encoding="utf-8", limits=Limits(max_row_bytes=block))
    refused, read = None, []
    try:
        for batch in file.text_batches(["x", "y"]):
            read += [[row["x"] or "", row["y"] or ""] for row in batch.to_pylist()]
    except UnusableTable as error:
        refused = error
    if refused is None:
        assert read == rows
    elif refused.code == "ragged_row":
        assert refused.row is not None
        wrong = rows[refused.row - 1]
        assert len(wrong) != 2
        assert all(len(row) == 2 for row in rows[: refused.row - 1])
        assert f"the row has {len(wrong)} cell" in refused.detail
    else:
        assert refused.code == "unclosed_quote"
        with pytest.raises(csv.Error):
            list(csv.reader(io.StringIO(body, newline=""), strict=True))


@given(
    st.lists(st.sampled_from(["1,2", '"a\nb",2', '"\r\n",2', ""]), max_size=9), st.sampled_from(["\n", "\r\n", "\r"])
)
def test_a_row_is_found_on_the_line_an_editor_shows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], line_end: str
) -> None:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    text = line_end.join(["x,y", *rows, "one,two,three"])
    path.write_bytes(text.encode())
    with pytest.raises(UnusableTable) as refused:
        list(open_table(path, TableFormat("csv")).batches())
    before = text[: text.index("one")]
    editor_line = before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert (refused.value.code, refused.value.line) == ("ragged_row", editor_line)
    assert refused.value.row == len([row for row in rows if row]) + 1


def test_only_asked_columns_come_and_in_the_asked_order(written: Written) -> None:
    assert written.rows("a,b,c\n1,2,x\n4,5,y\n", columns=["c", "a"]) == [("x", 1), ("y", 4)]


def test_a_long_cell_in_a_column_nobody_asked_for_is_not_looked_at(written: Written) -> None:
    small = Limits(max_cell_bytes=3)
    assert written.rows("a,b\nlong,1\n", limits=small, columns=["b"]) == [(1,)]


def test_a_table_can_be_read_again_and_left_in_the_middle(written: Written) -> None:
    written.path.write_text("a\n" + "1\n" * 1000)
    table = open_table(written.path, TableFormat("csv"), limits=Limits(max_row_bytes=64))
    for _ in range(20):
        batches: Iterator[pa.RecordBatch] = table.batches(10)
        assert next(batches).num_rows == 10
        batches.close()  # type: ignore[attr-defined]
    assert sum(batch.num_rows for batch in table.batches(10)) == 1000


def test_types_that_are_known_save_the_pass_that_finds_them(written: Written) -> None:
    written.path.write_text("a,b\n1,2\n3,x\n")
    table = open_table(written.path, TableFormat("csv"), types={"a": "number", "b": "text"})
    assert [batch.to_pydict() for batch in table.batches()] == [{"a": [1.0, 3.0], "b": ["2", "x"]}]


def test_types_that_no_longer_fit_are_refused(written: Written) -> None:
    written.path.write_text("a\n1\n2.5\n")
    with pytest.raises(UnusableTable, match=r'Column "a", row 2: "2\.5" does not belong'):
        list(open_table(written.path, TableFormat("csv"), types={"a": "integer"}).batches())


def test_asking_for_nothing_is_a_mistake(written: Written) -> None:
    written.path.write_text("a\n1\n")
    with pytest.raises(ValueError, match="at least one column"):
        open_table(written.path, TableFormat("csv"), columns=[])


def test_a_missing_file_is_not_the_fault_of_the_table(tmp_path: Path) -> None:
    for name in ("csv", "parquet"):
        with pytest.raises(FileNotFoundError):
            open_table(tmp_path / "absent", TableFormat(name))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,b\n1,2\n3\n", "Row 2, line 3: the row has 1 cell, the header 2; check the delimiter, the quotes and"),
        ('a,b\n"1\n1",2\n3,4,5\n', "Row 2, line 4: the row has 3 cells, the header 2; "),
        ('a,b\n1,2\n3,"4\n5,6\n', "Line 3: a quote is opened in the row that begins here and never closed; "),
        ('a\n"1\n', "Line 2: a quote is opened"),
        ('a,b\n1,2\n"', "Line 3: a quote is opened"),
        ('a,"b\n1,2\n', "Line 1: the quotes in the header do not match, or it has no end; "),
        ('a,"b"c\n1,2\n', "Line 1: the quotes in the header do not match"),
        ("\na,b\n1,2\n", "Line 1: the first line is blank where the names of the columns are expected; "),
        (" , \n1,2\n", "Line 1: the first line is blank"),
        ("1,2\n3,4\n", "Line 1: the first line holds nothing but numbers"),
        ("a,,c\n1,2,3\n", "Line 1: column number 2 of 3 has no name; "),
        ("a,b,a\n1,2,3\n", 'Column "a", line 1: the name stands twice in the header; rename one of them.'),
        ("a;b\n1;2\n", "Line 1: the header is one cell with the delimiter ',' and 2 cells with ';'; declare"),
        ("a\tb\n1\t2\n", "declare the delimiter '\\t'."),
    ],
)
def test_a_table_that_is_none_is_refused_on_its_line(written: Written, content: str, sentence: str) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.rows(content)
    assert sentence in str(refused.value)


def test_a_report_with_a_title_is_refused_after_its_blank_lines_too(written: Written) -> None:
    with pytest.raises(UnusableTable, match="Row 1, line 2: the row has 2 cells, the header 1"):
        written.rows("Doctors by region\nRegion:;Germany\n;1985\nSurgery;379\n", delimiter=";")


@pytest.mark.parametrize(
    ("code", "content", "limits"),
    [
        ("too_many_columns", "a,b,c\n1,2,3\n", Limits(max_columns=2)),
        ("too_many_rows", "a\n" + "1\n" * 11, Limits(max_rows=10)),
        ("cell_too_long", "a\n1\nüü\n", Limits(max_cell_bytes=3)),
        ("row_too_long", "a\n1\n" + "x" * 500 + "\n", Limits(max_row_bytes=100)),
        ("row_too_long", 'a\n1\n"' + "x\n" * 500, Limits(max_row_bytes=100)),
        ("too_many_bytes", "a\n" + "1\n" * 11, Limits(max_bytes=20)),
    ],
)
def test_a_table_above_a_limit_is_refused(written: Written, code: str, content: str, limits: Limits) -> None:
    with pytest.raises(UnusableTable) as refused:
        written.rows(content, limits=limits)
    assert refused.value.code == code
    if code in ("cell_too_long", "row_too_long"):
        assert refused.value.line == 3


def test_a_table_at_its_limits_is_read(written: Written) -> None:
    limits = Limits(max_columns=2, max_rows=3, max_cell_bytes=4, max_row_bytes=64, max_bytes=18)
    assert written.rows("a,b\nüü,1\n,2\n,3\n", limits=limits) == [("üü", 1), (None, 2), (None, 3)]


@given(st.integers(1, 30), st.integers(1, 12))
def test_batches_do_not_show_the_blocks_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, n_rows: int, batch_rows: int
) -> None:
    assume(n_rows >= batch_rows)
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_text("a,b\n" + "".join(f"{i},x{i}\n" for i in range(n_rows)))
    fmt = TableFormat("csv")
    small = open_table(path, fmt, limits=Limits(max_row_bytes=16)).batches(batch_rows)
    assert list(small) == list(open_table(path, fmt).batches(batch_rows))


def test_memory_does_not_grow_with_the_table(written: Written) -> None:
    written.path.write_text("id,note\n" + "".join(f"{i},{'x' * 90}\n" for i in range(160_000)))
    before = pa.total_allocated_bytes()
    held = [
        pa.total_allocated_bytes() - before
        for _ in open_table(written.path, TableFormat("csv"), limits=Limits(max_row_bytes=65_536)).batches(1000)
    ]
    assert len(held) == 160
    assert max(held) < written.path.stat().st_size / 2
