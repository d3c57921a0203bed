"""Is a table the same table in every format, packed or not, in one file or in many, in batches of any size?"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from audits.checks import Roles, RunSpec, SensitiveColumn, TableInput, measure
from audits.tables.limits import DEFAULT, Limits
from audits.tables.reading import TableFormat, inspect_table, open_table
from audits.tables.unusable import UnusableTable
from tests.audits.tables.written import declare

# Blocks of 2 kB make several blocks of these rows, so that types meet across them.
ROWS = pa.table(
    {
        "id": pa.array(range(1, 241)),
        "hired": pa.array([int(n % 3 == 0) for n in range(240)], pa.int64()),
        "selected": pa.array([int(n % 4 == 0) for n in range(240)], pa.int64()),
        "pay": pa.array([None if n % 7 == 0 else n + (0.25 if n > 200 else 0) for n in range(240)], pa.float64()),
        "sex": pa.array([("female", "male", None)[n % 3] for n in range(240)]),
        "note": pa.array([f'Zürich, "{n}"\n' for n in range(240)]),
        "since": pa.array([None if n < 100 else f"2026-01-{n % 28 + 1:02d}" for n in range(240)]),
    }
)
DECLARED = declare(id="id", hired="label", selected="prediction", sex="sensitive", pay="feature", since="feature")
ROLES = Roles(
    task="binary",
    favourable=1,
    label="hired",
    prediction="selected",
    id="id",
    sensitive=(SensitiveColumn("sex"),),
    features=("pay", "since"),
)


def as_csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa_csv.write_csv(table, sink)
    return sink.getvalue()


def as_json_lines(table: pa.Table) -> bytes:
    # Keys of missing values are left out in every other row, as many programs write them.
    rows = table.to_pylist()
    kept = [{k: v for k, v in row.items() if v is not None or n % 2} for n, row in enumerate(rows)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept).encode()


def as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=50)
    return sink.getvalue()


def as_feather(compression: str) -> Callable[[pa.Table], bytes]:
    def write(table: pa.Table) -> bytes:
        sink = io.BytesIO()
        feather.write_feather(table, sink, compression=compression, chunksize=50)
        return sink.getvalue()

    return write


def as_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return sink.getvalue().to_pybytes()


def packed(**files: bytes | None) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    return sink.getvalue()


WRITERS: dict[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "csv": ("csv", as_csv),
    "csv.gz": ("csv", lambda table: gzip.compress(as_csv(table))),
    "csv.zst": ("csv", lambda table: zstd(as_csv(table))),
    "jsonl": ("jsonl", as_json_lines),
    "jsonl.gz": ("jsonl", lambda table: gzip.compress(as_json_lines(table))),
    "jsonl.zst": ("jsonl", lambda table: zstd(as_json_lines(table))),
    "parquet": ("parquet", as_parquet),
    "feather": ("arrow", as_feather("uncompressed")),
    "feather.zstd": ("arrow", as_feather("zstd")),
    "feather.lz4": ("arrow", as_feather("lz4")),
    "stream": ("arrow", as_stream),
}


def in_parts(write: Callable[[pa.Table], bytes]) -> bytes:
    """Three files of uneven size and order of columns, with what other programs leave beside them."""
    parts = [ROWS.slice(0, 1), ROWS.slice(1, 150), ROWS.slice(151)]
    parts[1] = parts[1].select(ROWS.column_names[::-1])
    names = ["data/part-0", "data/part-1", "data/part-2"]
    files = dict(zip(names, map(write, parts), strict=True))
    return packed(**{"data": None, "data/_SUCCESS": b"", "data/.crc": b"x", **dict(reversed(files.items()))})


@pytest.fixture(params=[(form, cut) for form in WRITERS for cut in ("whole", "in parts")], ids="-".join)
def written_table(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, TableFormat]:
    form, cut = request.param
    fmt, write = WRITERS[form]
    path = tmp_path / "table"
    path.write_bytes(write(ROWS) if cut == "whole" else in_parts(write))
    return path, TableFormat(fmt)


def rows_of(path: Path, fmt: TableFormat, batch_rows: int, limits: Limits = DEFAULT) -> list[dict[str, object]]:
    table = open_table(path, fmt, columns=ROWS.column_names, limits=limits)
    return [row for batch in table.batches(batch_rows) for row in batch.to_pylist()]


@pytest.mark.parametrize("batch_rows", [1, 7, 65_536])
def test_the_rows_are_the_same_in_every_format_and_cut(
    written_table: tuple[Path, TableFormat], batch_rows: int
) -> None:
    small_blocks = Limits(max_row_bytes=2_000)
    assert rows_of(*written_table, batch_rows, small_blocks) == ROWS.to_pylist()


def test_inspection_finds_the_same_types_and_the_checks_the_same_numbers(
    written_table: tuple[Path, TableFormat],
) -> None:
    path, fmt = written_table
    facts = inspect_table(path, fmt, DECLARED)
    kinds = {"id": "integer", "hired": "integer", "selected": "integer", "pay": "number"}
    assert (facts.n_rows, dict(facts.columns)) == (240, {**kinds, "sex": "text", "note": "text", "since": "text"})

    specs = [RunSpec(name, 1) for name in ("fairness.selection_rate", "data_quality.completeness")]
    specs.append(RunSpec("data_quality.duplicate_rows", 1))
    found = measure(specs, tables={"evaluation": TableInput(lambda: open_table(path, fmt).batches(13), ROLES)})
    expected = measure(specs, tables={"evaluation": TableInput(ROWS.to_batches, ROLES)})
    assert [outcome.to_document() for outcome in found] == [outcome.to_document() for outcome in expected]


def refusal(path: Path, fmt: str, content: bytes, **limits: int) -> UnusableTable:
    path.write_bytes(content)
    declared = declare(hired="label", sex="sensitive")
    with pytest.raises(UnusableTable) as refused:
        inspect_table(path, TableFormat(fmt), declared, limits=Limits(**limits))
    return refused.value


GOOD = b'{"hired": 1, "sex": "f"}\n\n'


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (
            GOOD + b'{"hired": "yes", "sex": "f"}\n',
            "mixed_types",
            'Column "hired", row 2, line 3: the value is text',
        ),
        (GOOD + b'{"hired": true}\n', "mixed_types", "the value is true or false, and a number in the rows before;"),
        (GOOD + b'{"hired": [1]}\n', "mixed_types", "the value is a list, and a number in the rows before"),
        (GOOD + b'{"hired": 1,\n', "malformed_line", "Row 2, line 3: the line is no JSON: expecting property name"),
        (GOOD + b"[1, 2]\n", "malformed_line", "Row 2, line 3: the line is no JSON object; write one object a line"),
        (b'[{"hired": 1},\n', "malformed_line", "Row 1, line 1: the line is no JSON"),
        (GOOD + b'{"hired": 1, "hired": 0}\n', "malformed_line", 'Row 2, line 3: the key "hired" stands twice'),
        (GOOD + b'{"hired": 1} {"hired": 0}\n', "malformed_line", "Row 2, line 3: the line is no JSON: extra data"),
        (GOOD + b"[" * 100_000 + b"\n", "malformed_line", "Row 2, line 3: the line is no JSON"),
        (b'{"hired": 9007199254740993}\n{"hired": 0.5}\n', "number_out_of_range", "Row 1"),
        (b'{"hired": 1, "x": 123456789012345678901}\n', "number_out_of_range", 'Column "x", row 1, line 1: the number'),
        (b'{"a": 1}\n{"b": 2}\n', "missing_column", 'Column "hired": the table has no such column; it has "a", "b"'),
        (GOOD + b'{"hired": null}\n', "label_missing", 'Column "hired", row 2, line 3: the label is missing'),
        (b"\n \n", "no_rows", "The file holds no object; write an object a line"),
        (b"{}\n", "no_header", "The objects have no keys"),
        (b'{"hired": 1, "": 2}\n', "unnamed_column", "Column number 2 of 2 has no name"),
    ],
)
def test_json_lines_that_cannot_be_used_are_refused_with_the_place(
    tmp_path: Path, content: bytes, code: str, sentence: str
) -> None:
    error = refusal(tmp_path / "table", "jsonl", content)
    assert error.code == code
    assert sentence.lower() in str(error).lower()


def test_a_change_of_type_is_found_on_its_row_whatever_the_size_of_the_blocks(tmp_path: Path) -> None:
    lines = [b'{"hired": 1}\n'] * 300 + [b'{"hired": "1"}\n'] + [b'{"hired": 1}\n'] * 300
    for block in (20, 100, 1_000_000):
        error = refusal(tmp_path / "table", "jsonl", b"".join(lines), max_row_bytes=block)
        assert (error.code, error.row, error.line) == ("mixed_types", 301, 301)


def test_whole_numbers_and_fractions_of_json_lines_are_one_column_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text('{"x": 1, "t": "2026-01-01"}\n{"x": 1e17, "t": "2026-01-01"}\n{"x": NaN, "t": "soon"}\n')
    table = open_table(path, TableFormat("jsonl"))
    rows = [row for batch in table.batches() for row in batch.to_pylist()]
    assert [row["x"] for row in rows] == [1.0, 1e17, None]
    assert [row["t"] for row in rows] == ["2026-01-01", "2026-01-01", "soon"]


@pytest.mark.parametrize(
    ("fmt", "content", "code", "sentence"),
    [
        ("arrow", as_feather("zstd")(ROWS)[:-30], "damaged_file", "The Arrow file is cut off or damaged"),
        ("arrow", as_stream(ROWS)[:-2000], "damaged_file", "The Arrow file is cut off or damaged"),
        ("arrow", as_csv(ROWS), "wrong_format", "not those of an Arrow file"),
        ("arrow", b"", "empty_file", "The file is empty"),
        ("csv", as_stream(ROWS), "wrong_format", "an Arrow stream; declare the format arrow"),
        ("csv", as_feather("lz4")(ROWS), "wrong_format", "an Arrow file; declare the format arrow"),
        ("jsonl", as_parquet(ROWS), "wrong_format", "a Parquet file; declare the format parquet"),
        ("csv", zstd(as_csv(ROWS))[:-20], "damaged_file", "The zstd file ends too early; upload the file again"),
        ("csv", gzip.compress(packed(a=b"hired\n1\n"), mtime=0), "wrong_format", "a packed archive; pack the files"),
        ("csv", packed(a=b"hired,sex\n1,f\n", b=b"hired,age\n1,4\n"), "fragments_differ", 'File "b": the file has'),
        ("csv", packed(a=b"hired,sex\n1,f\n", b=b"hired\n1\n"), "fragments_differ", 'the file lacks "sex"'),
        ("csv", packed(a=b"hired,sex\n1,f\n1,m\n", b=b"sex,hired\nf,1\nf,2\n"), "label_not_binary",
         'File "b", column "hired", row 2, line 3: the label is "2", not 0 or 1'),
        ("csv", packed(a=b"hired,sex\n1,f\n", b=b"hired,sex\n1,f,\n"), "ragged_row",
         'File "b", row 1, line 2: the row has 3 cells, the header 2'),
        ("csv", packed(a=b"hired,sex\n1,f\n", b=b"hired,sex\n1,\xe9\n"), "wrong_encoding", 'File "b", line 2'),
        ("csv", packed(a=b"hired,sex\n1,f\n", b=b""), "empty_file", 'File "b": the file is empty'),
        ("jsonl", packed(a=GOOD, b=b'{"hired": "1", "sex": "f"}\n'), "fragments_differ",
         'File "b", column "hired": the values are of the type string, and int64 in the files before'),
        ("csv", packed(**{"_SUCCESS": b""}), "empty_file", "The archive holds no files"),
        ("csv", packed(a=b"hired,sex\n1,f\n" * 99)[:600], "damaged_file", "The archive is cut off or damaged"),
    ],
)  # fmt: skip
def test_a_damaged_or_uneven_file_is_refused_with_what_to_do(
    tmp_path: Path, fmt: str, content: bytes, code: str, sentence: str
) -> None:
    error = refusal(tmp_path / "table", fmt, content)
    assert error.code == code
    assert sentence in str(error)


def test_the_limit_of_rows_counts_over_all_files_of_an_archive(tmp_path: Path) -> None:
    for fmt, part in (("csv", b"hired,sex\n1,f\n1,f\n"), ("jsonl", GOOD + GOOD)):
        assert refusal(tmp_path / "table", fmt, packed(a=part, b=part), max_rows=3).code == "too_many_rows"


def test_an_arrow_file_whose_offsets_point_outside_is_damaged(tmp_path: Path) -> None:
    content = as_feather("uncompressed")(pa.table({"sex": ["f", "mmm"], "hired": [0, 1]}))
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 1, 4))
    assert content.count(offsets) == 1
    wild = content.replace(offsets, b"".join(n.to_bytes(4, "little") for n in (0, 1, 10**9)))
    assert refusal(tmp_path / "table", "arrow", wild).code == "damaged_file"


def test_parts_in_types_that_hold_one_another_become_one_column(tmp_path: Path) -> None:
    def part(array: pa.Array) -> bytes:
        return as_parquet(pa.table({"x": array}))

    def kinds(*arrays: pa.Array) -> Iterator[object]:
        path = tmp_path / "table"
        path.write_bytes(packed(**{str(n): part(array) for n, array in enumerate(arrays)}))
        table = open_table(path, TableFormat("parquet"))
        yield table.types["x"]
        yield [value for batch in table.batches() for value in batch.column(0).to_pylist()]

    assert list(kinds(pa.array([1, 2]), pa.array([0.5]), pa.nulls(1))) == ["number", [1.0, 2.0, 0.5, None]]
    assert list(kinds(pa.nulls(1), pa.array(["a"]).dictionary_encode(), pa.array(["b"]))) == ["text", [None, "a", "b"]]
    days, times = pa.array([0], pa.date32()), pa.array([1], pa.timestamp("us"))
    assert next(kinds(days, times)) == "time"
    with pytest.raises(UnusableTable, match='File "1", column "x": the values are of the type string, and int64'):
        next(kinds(pa.array([1]), pa.array(["a"])))
    with pytest.raises(UnusableTable, match='File "0", column "x", row 1: the number 9007199254740993 is too large'):
        list(kinds(pa.array([2**53 + 1]), pa.array([0.5])))
