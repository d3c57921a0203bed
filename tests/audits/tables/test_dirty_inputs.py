"""Does every awkward file that others have met end in the right table or in the right refusal?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from audits.tables.reading import TableFormat, open_table
from audits.tables.unusable import UnusableTable
from tests.audits.tables.written import read
from tests.shared_data import shared_data, shared_data_root

CSV, PARQUET = TableFormat("csv"), TableFormat("parquet")


@dataclass(frozen=True)
class RightTable:
    """Rows and columns, the types of some columns, and how many of their cells are missing."""

    shape: tuple[int, int]
    types: dict[str, str] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    first_row: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RightRefusal:
    code: str
    sentence: str


BEERS = {"ounces": "number", "abv": "number", "ibu": "integer", "style": "text"}
EXPECTED: list[tuple[str, TableFormat, RightTable | RightRefusal]] = [
    (
        "beers_dirty.csv",
        CSV,
        # Units, percent signs and "N/A" make text of a number column: nothing is cleaned behind anyone's back.
        RightTable(
            (2410, 11),
            types={**dict.fromkeys(BEERS, "text"), "brewery_id": "integer"},
            missing={"state": 127, "abv": 62, "style": 5, "ibu": 0},
            first_row={"ounces": "12.0 oz", "ibu": "N/A"},
        ),
    ),
    ("beers_clean.csv", CSV, RightTable((2410, 11), types=BEERS, first_row={"ounces": 12.0, "ibu": None})),
    (
        "rayyan_dirty.csv",
        CSV,
        RightTable((1000, 11), first_row={"author_list": '{"A. G. Parks","J. F. McPartlin"}'}),
    ),
    ("rayyan_clean.csv", CSV, RightTable((1000, 11), first_row={"article_jcreated_at": "1/1/71"})),
    (
        "spanish_windows1252.csv",
        CSV,
        RightRefusal("wrong_encoding", "Line 1: the byte 0xF3 is not valid utf-8; declare the encoding"),
    ),
    (
        "spanish_windows1252.csv",
        TableFormat("csv", encoding="windows-1252"),
        RightTable(
            (116, 8),
            # A thousands separator is not part of a number here.
            types={"Gasto total 2011": "text", "FN_ID": "integer"},
            first_row={"GF": "Gobierno", "Gasto total 2011": "229,932.50"},
        ),
    ),
    (
        "german_latin1_unnamed_column.csv",
        CSV,
        RightRefusal("wrong_encoding", "Line 2: the byte 0xE4 is not valid utf-8; declare the encoding"),
    ),
    (
        "german_latin1_unnamed_column.csv",
        TableFormat("csv", encoding="latin-1"),
        RightRefusal("unnamed_column", "Line 1: column number 4 of 4 has no name; name it in the header, or"),
    ),
    (
        "utf16le_bom.csv",
        CSV,
        RightTable((327, 19), first_row={"Organisation_code": "5C1", "Organisation_name": "Enfield PCT"}),
    ),
    (
        "utf16le_bom.csv",
        TableFormat("csv", encoding="latin-1"),
        RightRefusal("contradicting_encoding", "begins with the byte-order mark of UTF-16 and is declared as"),
    ),
    (
        "semicolon_report_utf8.csv",
        CSV,
        RightRefusal("no_header", "Line 1: the first line is blank where the names of the columns are expected"),
    ),
    (
        "semicolon_report_utf8.csv",
        TableFormat("csv", delimiter=";"),
        RightRefusal("no_header", "from a report, export the table alone"),
    ),
    (
        "pipe_delimited.csv",
        CSV,
        RightRefusal("wrong_delimiter", "one cell with the delimiter ',' and 6 cells with '|'; declare the"),
    ),
    (
        "pipe_delimited.csv",
        TableFormat("csv", delimiter="|"),
        RightTable((28, 6), types={"Year": "integer"}, first_row={"Year": 1986, "New dwellings": 44000}),
    ),
    (
        "int96_from_spark.parquet",
        PARQUET,
        RightRefusal("time_out_of_range", 'Column "a", row 3: the time is stored as INT96 and lies outside'),
    ),
    (
        "nan_in_stats.parquet",
        PARQUET,
        RightTable((2, 1), types={"x": "number"}, missing={"x": 1}, first_row={"x": 1.0}),
    ),
    (
        "byte_array_decimal.parquet",
        PARQUET,
        RightTable((24, 1), types={"value": "number"}, missing={"value": 0}, first_row={"value": 1.0}),
    ),
]


@pytest.mark.parametrize(
    ("name", "fmt", "expected"),
    EXPECTED,
    ids=[f"{name}-{fmt.delimiter}-{fmt.encoding}" for name, fmt, _ in EXPECTED],
)
def test_an_awkward_file_ends_in_the_right_table_or_the_right_refusal(
    name: str, fmt: TableFormat, expected: RightTable | RightRefusal
) -> None:
    path = shared_data("dirty", name)
    if isinstance(expected, RightRefusal):
        with pytest.raises(UnusableTable) as refused:
            read(path, fmt)
        assert refused.value.code == expected.code
        assert expected.sentence in str(refused.value)
        return
    table = open_table(path, fmt)
    batches = list(table.batches())
    assert (sum(batch.num_rows for batch in batches), len(table.column_names)) == expected.shape
    assert {name: table.types[name] for name in expected.types} == expected.types
    missing = {name: sum(batch.column(name).null_count for batch in batches) for name in expected.missing}
    assert missing == expected.missing
    first_row = batches[0].slice(0, 1).to_pylist()[0]
    assert {name: first_row[name] for name in expected.first_row} == expected.first_row


def test_no_awkward_file_is_forgotten() -> None:
    shared_data("dirty")
    files = {path.name for path in (shared_data_root() / "dirty").glob("*.*")}
    assert files == {name for name, _, _ in EXPECTED}


SPECTRUM = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


@pytest.mark.parametrize("name", SPECTRUM)
def test_a_file_of_the_csv_spectrum_gives_its_published_answer(name: str) -> None:
    answer = json.loads(shared_data("dirty", "csv_spectrum", f"{name}.json").read_text())
    table = open_table(shared_data("dirty", "csv_spectrum", f"{name}.csv"), CSV)
    rows = [row for batch in table.batches() for row in batch.to_pylist()]
    # The answers hold text only, and an empty text where a value is missing.
    as_text = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    assert as_text == answer


def test_the_csv_spectrum_is_complete() -> None:
    shared_data("dirty", "csv_spectrum")
    assert {path.stem for path in (shared_data_root() / "dirty" / "csv_spectrum").glob("*.csv")} == set(SPECTRUM)


def test_the_decimals_kept_as_bytes_are_one_to_twenty_four() -> None:
    rows = read(shared_data("dirty", "byte_array_decimal.parquet"), PARQUET)
    assert rows == [(float(n),) for n in range(1, 25)]
