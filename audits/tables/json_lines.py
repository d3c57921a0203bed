"""How is a file of JSON lines read, an object a line, so that no value changes its type unnoticed?

The parser is Arrow's. It is given whole lines, about a megabyte at a time, and finds the types of each such block;
the type of a column is what the blocks have in common, so that the size of the blocks cannot change it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from audits.tables.cells import FIRST_INEXACT
from audits.tables.columnar import ColumnarFile, plain_type
from audits.tables.decoding import utf8_chunks
from audits.tables.delimited import too_many_rows
from audits.tables.limits import Limits
from audits.tables.source import Source
from audits.tables.unusable import UnusableTable

_LATEST_INEXACT = 2.0**70


class JsonLinesFile(ColumnarFile):
    """A file of JSON lines that has been read once to find its columns and their types."""

    absent_is_missing = True

    def __init__(self, source: Source, *, encoding: str, limits: Limits) -> None:
        self.source = source
        self.encoding = encoding
        self.limits = limits
        self._texts: set[str] = set()
        try:
            types = self._types()
        except UnusableTable as error:
            raise self.locate(error) from None
        super().__init__(list(types.items()), limits=limits)

    def stored_batches(self, columns: Sequence[str], *, coded: bool = False) -> Iterator[list[pa.Array]]:
        n_before = 0
        for block in self._blocks():
            table = self._parsed(block, n_before)
            n_before += table.num_rows
            arrays = []
            for name in columns:
                # A block in which no object has the key says nothing about the column.
                found = table.column(name) if name in table.schema.names else pa.nulls(table.num_rows)
                array = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
                arrays.append(array)
            yield arrays

    def locate(self, error: UnusableTable) -> UnusableTable:
        """The error with the line on which its row stands; blank lines count as lines and not as rows."""
        if error.row is None or error.line is not None:
            return error
        rows = line = 0
        for block in self._blocks(keep_blank=True):
            for text in block.split(b"\n")[:-1]:
                line += 1
                rows += bool(text.strip())
                if rows == error.row:
                    return error.on_line(line)
        return error

    def _types(self) -> dict[str, pa.DataType]:
        types: dict[str, pa.DataType] = {}
        n_before = 0
        for block in self._blocks():
            table = self._parsed(block, n_before)
            for name in table.schema.names:
                found = table.schema.field(name).type
                types[name] = _joined(types.get(name, pa.null()), found, name, table.column(name), n_before)
            n_before += table.num_rows
        if not n_before:
            raise UnusableTable("no_rows", "the file holds no object", fix="write an object a line")
        if not types:
            raise UnusableTable("no_header", "the objects have no keys", fix='write objects such as {"age": 41}')
        return types

    def _blocks(self, *, keep_blank: bool = False) -> Iterator[bytes]:
        """Whole lines, each with its end, and no block that is blank."""
        rest = b""
        for chunk in utf8_chunks(self.source, self.encoding, self.limits.max_bytes):
            lines, end, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > self.limits.max_row_bytes:
                raise UnusableTable(
                    "row_too_long",
                    f"a line is longer than {self.limits.max_row_bytes} bytes",
                    fix="write an object a line, without the brackets of a list around them",
                )
            if end and (keep_blank or lines.strip()):
                yield lines + end
        if rest and (keep_blank or rest.strip()):
            yield rest + b"\n"

    def _parsed(self, block: bytes, n_before: int) -> pa.Table:
        n_lines = sum(1 for line in block.split(b"\n") if line.strip())
        if n_before + n_lines > self.limits.max_rows:
            raise too_many_rows(self.limits)
        table = self._read(block, n_before)
        # What looks like a time is text here, as it is in a delimited file.
        times = {f.name for f in table.schema if pa.types.is_temporal(f.type)}
        if times:
            self._texts |= times
            order = table.schema.names
            table = self._read(block, n_before).select(order)
        if table.num_rows != n_lines:
            raise self._malformed(block, n_before)
        for field in table.schema:
            if pa.types.is_floating(field.type):
                _refuse_inexact(field.name, table.column(field.name), block, n_before)
        return table

    def _read(self, block: bytes, n_before: int) -> pa.Table:
        texts = pa.schema([(name, pa.string()) for name in sorted(self._texts)])
        try:
            return pa_json.read_json(
                pa.BufferReader(block),
                read_options=pa_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                parse_options=pa_json.ParseOptions(explicit_schema=texts, unexpected_field_behavior="infer"),
            )
        except pa.ArrowException as error:
            raise self._malformed(block, n_before) from error

    def _malformed(self, block: bytes, n_before: int) -> UnusableTable:
        """What is wrong with a block that cannot be read, found line by line."""
        kinds = dict.fromkeys(self._texts, "text")
        row = n_before
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            row += 1
            try:
                pairs = json.loads(line, object_pairs_hook=_Pairs)
            except (ValueError, RecursionError) as error:
                return _bad_line(row, f"the line is no JSON: {str(error).partition(':')[0].lower()}")
            if not isinstance(pairs, _Pairs):
                return _bad_line(row, "the line is no JSON object")
            names = [name for name, _ in pairs]
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                return _bad_line(row, f'the key "{twice}" stands twice in the object')
            for name, value in pairs:
                kind = _kind(value)
                if kind and kinds.setdefault(name, kind) != kind:
                    return _mixed(name, kinds[name], kind, row)
        return UnusableTable(
            "malformed_line", f"the lines after row {n_before} cannot be read as JSON", fix="write an object a line"
        )


class _Pairs(list[tuple[str, object]]):
    """The keys and values of an object, also those that stand twice."""


def _kind(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an object" if isinstance(value, _Pairs) else "a list"


def _bad_line(row: int, detail: str) -> UnusableTable:
    return UnusableTable("malformed_line", detail, row=row, fix="write one object a line, with each key once")


def _mixed(name: str, before: str, now: str, row: int) -> UnusableTable:
    return UnusableTable(
        "mixed_types",
        f"the value is {now}, and {before} in the rows before",
        column=name,
        row=row,
        fix="write all values of a column in one way, and null where one is missing",
    )


def _joined(before: pa.DataType, now: pa.DataType, name: str, cells: pa.ChunkedArray, n_before: int) -> pa.DataType:
    """The type of a column after a further block."""
    if pa.types.is_null(before) or before == now:
        return now
    if pa.types.is_null(now):
        return before
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in (before, now)]
    if all(numbers):
        return pa.float64()
    if pa.types.is_nested(before) and pa.types.is_nested(now):
        return before
    row = n_before + pc.index(pc.is_valid(cells), True).as_py() + 1
    raise _mixed(name, _words(before), _words(now), row)


def _words(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "true or false"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "a number"
    return {"text": "text"}.get(plain_type(kind), "a list or an object")


def _refuse_inexact(name: str, cells: pa.ChunkedArray, block: bytes, n_before: int) -> None:
    """Whole numbers that stand beside fractions were rounded by the parser: the text says whether one was."""
    numbers = cells.to_numpy()
    sizes = np.abs(numbers)
    rows = np.flatnonzero((sizes >= FIRST_INEXACT) & (sizes < _LATEST_INEXACT))
    if not len(rows):
        return
    lines = [line for line in block.split(b"\n") if line.strip()]
    for row in rows.tolist():
        value = json.loads(lines[row]).get(name)
        if isinstance(value, int):
            raise UnusableTable(
                "number_out_of_range",
                f"the number {value} is too large to be read exactly",
                column=name,
                row=n_before + row + 1,
                fix="write such numbers as text",
            )
