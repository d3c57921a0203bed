"""Is every error code of tables documented with what it really says?"""

from __future__ import annotations

import datetime
import gzip
import io
import re
import tarfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.tables.declaration import ROLES, TASKS, parse_declaration
from audits.tables.limits import Limits
from audits.tables.reading import FORMATS, TableFormat, inspect_table, open_table
from audits.tables.unusable import ERROR_CODES, UnusableTable
from tests.audits.tables.written import Written, declare, read
from tests.shared_data import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "reference" / "evidence.md"
LABEL = {"y": {"roles": ["label"]}}


def document(**changes: object) -> Callable[[Written], object]:
    whole = {"task": "binary", "favourable": 1, "columns": LABEL, **changes}
    return lambda written: parse_declaration({key: value for key, value in whole.items() if value is not ...})


def column(**body: object) -> Callable[[Written], object]:
    return document(columns={"age": {"roles": ["sensitive"], **body}})


def rows(content: str | bytes, limits: Limits | None = None, **fmt: str) -> Callable[[Written], object]:
    return lambda written: written.rows(content, limits=limits or Limits(), **fmt)


def binary(content: str, **columns: str | dict[str, object]) -> Callable[[Written], object]:
    return lambda written: written.inspect(content, declare(**columns))


def regression(content: str, **columns: str) -> Callable[[Written], object]:
    return lambda written: written.inspect(content, declare("regression", **columns))


def parquet(**columns: object) -> Callable[[Written], object]:
    return lambda written: written.parquet_rows(**columns)


def int96(written: Written) -> object:
    times = pa.array([datetime.datetime(2026, 1, 1), datetime.datetime(9999, 12, 31)], pa.timestamp("us"))
    pq.write_table(pa.table({"hired": times}), written.path, use_deprecated_int96_timestamps=True)
    return read(written.path, TableFormat("parquet"))


def json_lines(content: str) -> Callable[[Written], object]:
    def read_it(written: Written) -> object:
        written.path.write_text(content)
        return read(written.path, TableFormat("jsonl"))

    return read_it


def profile(content: str) -> Callable[[Written], object]:
    def inspect_it(written: Written) -> object:
        written.path.write_text(content)
        return inspect_table(written.path, TableFormat("profile"), declare(age="feature"))

    return inspect_it


def archive(*members: tuple[str, str | None]) -> Callable[[Written], object]:
    """Files by name; one without content is a link."""

    def read_it(written: Written) -> object:
        with tarfile.open(written.path, "w") as packed:
            for name, content in members:
                info = tarfile.TarInfo(name)
                info.type = tarfile.SYMTYPE if content is None else tarfile.REGTYPE
                info.size = len(content or "")
                packed.addfile(info, io.BytesIO((content or "").encode()))
        return read(written.path, TableFormat("csv"))

    return read_it


def stale_types(written: Written) -> object:
    written.path.write_text("age\n40\n40.5\n")
    return list(open_table(written.path, TableFormat("csv"), types={"age": "integer"}).batches())


AGE = {"roles": ["sensitive"], "bands": [40, 55]}
EXAMPLES: dict[str, Callable[[Written], object]] = {
    "declaration_malformed": document(favourable=..., favorable=1),
    "unknown_task": document(task="ranking"),
    "favourable_missing": document(favourable=...),
    "favourable_malformed": document(favourable="yes"),
    "unknown_role": column(roles=["protected"]),
    "repeated_role": document(columns={"a": {"roles": ["label"]}, "b": {"roles": ["label"]}}),
    "conflicting_roles": document(columns={"y": {"roles": ["label", "feature"]}}),
    "pairing_malformed": document(task="multi_label", favourable=..., columns={"said": {"roles": ["prediction"]}}),
    "bands_malformed": column(bands="40-55"),
    "bands_not_ascending": column(bands=[55, 40]),
    "labels_malformed": column(labels=["male", "female"]),
    "unknown_format": lambda written: TableFormat("xlsx"),
    "bad_delimiter": lambda written: TableFormat("csv", delimiter="::"),
    "unknown_encoding": lambda written: TableFormat("csv", encoding="klingon"),
    "wrong_format": rows(b"PAR1"),
    "empty_file": rows(""),
    "damaged_file": rows(gzip.compress(b"a\n1\n", mtime=0)[:-4]),
    "wrong_encoding": rows("city\nZürich\n".encode("latin-1")),
    "contradicting_encoding": rows("a\n1\n".encode("utf-16"), encoding="latin-1"),
    "profile_malformed": profile('{"columns": []}'),
    "profile_without_rows": lambda written: read(written.path, TableFormat("profile")),
    "nul_byte": rows("a\n1\n".encode("utf-16-le")),
    "too_many_bytes": rows("a\n" + "1\n" * 100, Limits(max_bytes=100)),
    "no_header": rows("\n\nHires by year\n\nyear,hires\n2025,7\n"),
    "malformed_header": rows('a,"b\n1,2\n'),
    "wrong_delimiter": rows("y;sex\n1;female\n"),
    "unnamed_column": rows("y,sex,\n1,female,\n"),
    "repeated_column": rows("y,sex,sex\n1,female,f\n"),
    "too_many_columns": rows("a,b,c\n1,2,3\n", Limits(max_columns=2)),
    "too_many_rows": rows("a\n" + "1\n" * 100, Limits(max_rows=99)),
    "no_rows": binary("y,sex\n", y="label"),
    "ragged_row": rows("y,sex\n1,female\n0,male,\n"),
    "row_too_long": rows("y\n1\n" + "x" * 1000, Limits(max_row_bytes=100)),
    "cell_too_long": rows("y,note\n1," + "x" * 1000, Limits(max_cell_bytes=100)),
    "unclosed_quote": rows('y,note\n1,"fine"\n0,"odd\n1,\n'),
    "malformed_line": json_lines('{"age": 41}\n{"age": 42, "age": 43}\n'),
    "odd_fragment": archive(("part-1.csv", "a\n1\n"), ("latest.csv", None)),
    "too_many_fragments": archive(*[(str(number), "") for number in range(10_001)]),
    "fragments_differ": archive(("part-1.csv", "age,sex\n1,f\n"), ("part-2.csv", "age,gender\n2,f\n")),
    "missing_column": binary("lable,sex\n1,female\n", label="label"),
    "nested_column": parquet(embedding=[[0.5, 1.5]]),
    "unsupported_column": parquet(at=[datetime.time(12, 30)]),
    "number_out_of_range": parquet(id=pa.array([1, 2**64 - 1], pa.uint64())),
    "time_out_of_range": int96,
    "mixed_types": json_lines('{"age": 41}\n{"age": "42"}\n'),
    "types_changed": stale_types,
    "label_missing": binary("y,sex\n1,female\n,male\n", y="label"),
    "label_not_binary": binary("y,sex\n1,female\n2,male\n", y="label"),
    "label_not_a_number": regression("y\n7.5\nhigh\n", y="label"),
    "label_infinite": regression("y\n7.5\ninf\n", y="label"),
    "prediction_missing": binary("p,sex\n1,female\n,male\n", p="prediction"),
    "prediction_not_binary": binary("p,sex\n1,female\n0.7,male\n", p="prediction"),
    "prediction_not_a_number": regression("p\n7.5\nhigh\n", p="prediction"),
    "prediction_infinite": regression("p\n7.5\ninf\n", p="prediction"),
    "incumbent_missing": binary("live,sex\n1,female\n,male\n", live="incumbent"),
    "incumbent_not_binary": binary("live,sex\n1,female\n0.7,male\n", live="incumbent"),
    "incumbent_not_a_number": regression("live\n7.5\nhigh\n", live="incumbent"),
    "incumbent_infinite": regression("live\n7.5\ninf\n", live="incumbent"),
    "score_missing": binary("s,sex\n0.7,female\nNaN,male\n", s="score"),
    "score_not_a_number": binary("s,sex\n0.7,female\n71%,male\n", s="score"),
    "score_infinite": binary("s,sex\n0.7,female\ninf,male\n", s="score"),
    "weight_missing": binary("w,sex\n2,female\n,male\n", w="weight"),
    "weight_not_a_number": binary("w,sex\n2,female\ntwo,male\n", w="weight"),
    "weight_infinite": binary("w,sex\n2,female\ninf,male\n", w="weight"),
    "weight_negative": binary("w,sex\n2,female\n-1,male\n", w="weight"),
    "lower_missing": regression("b,y\n7.5,8\n,9\n", b="lower"),
    "lower_not_a_number": regression("b,y\n7.5,8\nlow,9\n", b="lower"),
    "lower_infinite": regression("b,y\n7.5,8\ninf,9\n", b="lower"),
    "upper_missing": regression("b,y\n7.5,8\n,9\n", b="upper"),
    "upper_not_a_number": regression("b,y\n7.5,8\nlow,9\n", b="upper"),
    "upper_infinite": regression("b,y\n7.5,8\ninf,9\n", b="upper"),
    "bands_on_text": binary("age,sex\n41,female\nforty,male\n", age=AGE),
    "id_missing": binary("id,sex\nu1,female\n,male\n", id="id"),
    "id_repeated": binary("id,sex\nu1,female\nu2,male\nu1,male\n", id="id"),
    "incomparable_types": lambda written: written.inspect(
        "y,p\ngood,1\nbad,2\n", declare("multiclass", y="label", p="prediction")
    ),
}


def documented() -> dict[str, tuple[str, str]]:
    """Meaning and example per code, as the table of the page has them."""
    cells = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", PAGE.read_text().partition("\n## Errors\n")[2], re.MULTILINE
    )
    return {code: (meaning, example) for code, meaning, example in cells}


def test_every_code_has_an_example() -> None:
    assert EXAMPLES.keys() == ERROR_CODES.keys()


def test_the_page_lists_every_code_in_order_and_no_other() -> None:
    assert list(documented()) == list(ERROR_CODES)
    assert {code: meaning for code, (meaning, _) in documented().items()} == dict(ERROR_CODES)


@pytest.mark.parametrize("code", ERROR_CODES)
def test_the_example_on_the_page_is_what_a_reader_gets(written: Written, code: str) -> None:
    with pytest.raises(UnusableTable) as refused:
        EXAMPLES[code](written)
    assert refused.value.code == code
    # A pipe would end the cell of the table.
    assert str(refused.value).replace("|", "\\|") == documented()[code][1]


@pytest.mark.parametrize("words", [ROLES, TASKS, FORMATS])
def test_the_page_explains_every_word_of_a_declaration(words: tuple[str, ...]) -> None:
    page = PAGE.read_text()
    assert [word for word in words if f"`{word}`" not in page] == []


def test_the_page_names_the_limits_as_they_are() -> None:
    page = PAGE.read_text()
    for name, value in vars(Limits()).items():
        assert f"| `{name}` | {value:,} |" in page
