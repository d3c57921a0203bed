"""How is a delimited file read row by row, and on which line does a row stand?

Cells come out as text, with an empty cell as null, in blocks of one megabyte or more; what type a column has
is a question for `cells`. The parser is Arrow's. Where something is wrong, a second and slower pass with
Python's csv module finds the line, so that the fast pass need not count lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from audits.tables.decoding import ChunkReader, utf8_chunks
from audits.tables.limits import Limits
from audits.tables.source import Source
from audits.tables.unusable import UnusableTable

# A row of these follows the last one. No cell can hold a NUL, so a last row that differs was swallowed by an
# open quote; Arrow says nothing about a quote that the end of the file leaves open.
END_MARK = "\0"
USUAL_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Record:
    """One row of the file as the csv module sees it; `cells` is None where it cannot be read."""

    line: int
    cells: list[str] | None
    n_bytes: int


class DelimitedFile:
    """A file of delimited text whose header has been read."""

    def __init__(self, source: Source, *, delimiter: str, encoding: str, limits: Limits) -> None:
        self.source = source
        self.delimiter = delimiter
        self.encoding = encoding
        self.limits = limits
        self.header_text = self._read_header_text()
        self.header = self._parse_header()

    def text_batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The asked columns as text, a batch per block of the file; only they are decoded."""
        keys = [f"c{i}" for i in range(len(self.header))]
        asked = [keys[self.header.index(name)] for name in columns]
        ragged: list[Any] = []

        def refuse(row: Any) -> str:
            ragged.append(row)
            return "error"

        # Without threads, the parser numbers the rows it refuses.
        options = {
            "read_options": pa_csv.ReadOptions(
                use_threads=False, block_size=self.limits.max_row_bytes, column_names=keys
            ),
            "parse_options": pa_csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            "convert_options": pa_csv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()),
                include_columns=asked,
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        }
        n_rows = 0
        ended = False
        with io.BufferedReader(ChunkReader(self._data_chunks())) as stream:
            try:
                with pa_csv.open_csv(pa.PythonFile(stream, mode="r"), **options) as reader:
                    for batch in reader:
                        if batch.num_rows and batch.column(0)[-1].as_py() == END_MARK:
                            ended = True
                            batch = batch.slice(0, batch.num_rows - 1)
                        self._refuse_sizes(batch, columns, n_rows)
                        n_rows += batch.num_rows
                        if batch.num_rows:
                            yield pa.RecordBatch.from_arrays(batch.columns, names=list(columns))
            except pa.ArrowInvalid as error:
                raise self._explain(error, ragged) from None
        if not ended:
            raise self._unclosed_quote()

    def locate(self, error: UnusableTable) -> UnusableTable:
        """The error with the line on which its row begins."""
        if error.row is None or error.line is not None:
            return error
        return error.on_line(self.line_of_row(error.row))

    def line_of_row(self, row: int) -> int | None:
        """The line on which a data row begins; rows and lines count from 1."""
        for number, record in enumerate(self._records()):
            if number == row:
                return record.line
        return None

    def other_delimiter(self) -> tuple[str, int] | None:
        """The usual delimiter that would cut a header of one cell, and into how many cells."""
        if len(self.header) > 1:
            return None
        counts = {
            other: len(next(csv.reader(io.StringIO(self.header_text, newline=""), delimiter=other)))
            for other in USUAL_DELIMITERS
            if other != self.delimiter
        }
        best = max(counts, key=lambda other: counts[other])
        return (best, counts[best]) if counts[best] > 1 else None

    def _read_header_text(self) -> str:
        head = b""
        for chunk in self._chunks():
            head += chunk
            if len(head) >= self.limits.max_row_bytes:
                break
        if not head:
            raise UnusableTable("empty_file", "the file is empty", fix="upload a file with a header and rows")
        lines = io.StringIO(head.decode("utf-8", "ignore"), newline="")
        taken: list[str] = []
        try:
            for _ in csv.reader(_keeping(lines, taken), delimiter=self.delimiter, strict=True):
                break
        except csv.Error:
            raise UnusableTable(
                "malformed_header",
                "the quotes in the header do not match, or it has no end",
                line=1,
                fix="put quotes around a whole name, and double the quotes inside it",
            ) from None
        return "".join(taken)

    def _parse_header(self) -> list[str]:
        names = next(csv.reader(io.StringIO(self.header_text, newline=""), delimiter=self.delimiter))
        if not any(name.strip() for name in names):
            raise UnusableTable(
                "no_header",
                "the first line is blank where the names of the columns are expected",
                line=1,
                fix="remove what stands above the table; from a report, export the table alone",
            )
        return names

    def _chunks(self) -> Iterator[bytes]:
        return utf8_chunks(self.source, self.encoding, self.limits.max_bytes)

    def _data_chunks(self) -> Iterator[bytes]:
        end = self.delimiter.join([END_MARK] * len(self.header))
        skip = len(self.header_text.encode())
        for chunk in chain(self._chunks(), [f"\n{end}\n".encode()]):
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))

    def _records(self) -> Iterator[Record]:
        """The header and every row after it, blank lines left out as Arrow leaves them out."""
        taken: list[str] = []
        line = 1
        with io.TextIOWrapper(io.BufferedReader(ChunkReader(self._chunks())), encoding="utf-8", newline="") as lines:
            reader = csv.reader(_keeping(lines, taken), delimiter=self.delimiter)
            while True:
                cells: list[str] | None
                try:
                    cells = next(reader, [END_MARK])
                except csv.Error:
                    cells = None
                if cells == [END_MARK]:
                    return
                if cells != []:
                    yield Record(line, cells, sum(len(text.encode()) for text in taken))
                if cells is None:
                    return
                line += len(taken)
                taken.clear()

    def _refuse_sizes(self, batch: pa.RecordBatch, columns: Sequence[str], n_before: int) -> None:
        if n_before + batch.num_rows > self.limits.max_rows:
            raise too_many_rows(self.limits)
        for name, cells in zip(columns, batch.columns, strict=True):
            refuse_long_cells(name, cells, n_before, self.limits)

    def _explain(self, error: Exception, ragged: list[Any]) -> UnusableTable:
        if ragged:
            row = ragged[0]
            if END_MARK in row.text:
                return self._unclosed_quote()
            return UnusableTable(
                "ragged_row",
                f"the row has {in_number(row.actual_columns, 'cell')}, the header {row.expected_columns}",
                row=row.number,
                line=self.line_of_row(row.number),
                fix="check the delimiter, the quotes and the lines above the table",
            )
        longest = max(self._records(), key=lambda record: (record.cells is None, record.n_bytes))
        return UnusableTable(
            "row_too_long",
            f"the row is longer than {self.limits.max_row_bytes} bytes",
            line=longest.line,
            fix="look for a quote that is opened and not closed",
        )

    def _unclosed_quote(self) -> UnusableTable:
        line = 1
        for record in self._records():
            line = record.line
        return UnusableTable(
            "unclosed_quote",
            "a quote is opened in the row that begins here and never closed",
            line=line,
            fix="close the quote, or double it where it belongs to the text",
        )


def refuse_long_cells(name: str, cells: pa.Array, n_before: int, limits: Limits) -> None:
    """Raise UnusableTable for the first text above the limit."""
    lengths = pc.binary_length(cells)
    longest = pc.max(lengths).as_py()
    if longest is not None and longest > limits.max_cell_bytes:
        first = pc.index(pc.greater(lengths, limits.max_cell_bytes), True).as_py()
        raise UnusableTable(
            "cell_too_long",
            f"the cell has {lengths[first].as_py()} bytes, more than {limits.max_cell_bytes}",
            column=name,
            row=n_before + first + 1,
            fix="look for a quote that is opened and not closed, or leave the column out",
        )


def too_many_rows(limits: Limits) -> UnusableTable:
    return UnusableTable(
        "too_many_rows", f"the table has more than {limits.max_rows} rows", fix="draw a sample of the rows"
    )


def in_number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _keeping(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line
