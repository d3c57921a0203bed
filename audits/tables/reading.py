"""Can a table be used, and what are its rows?

A table is read in batches, so that the memory it needs does not grow with it. `inspect_table` looks at all of
it once and refuses what no check can use; `open_table` gives the asked columns, again and again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from audits.tables.arrow_file import ArrowFile
from audits.tables.cells import INTEGER, NUMBER, CellTypes, NotANumber, convert
from audits.tables.columnar import ColumnarFile
from audits.tables.declaration import Declaration, UnusableTable
from audits.tables.decoding import known_encoding
from audits.tables.delimited import DelimitedFile
from audits.tables.fragments import FragmentedColumns, FragmentedText
from audits.tables.json_lines import JsonLinesFile
from audits.tables.limits import DEFAULT, Limits
from audits.tables.parquet import ParquetFile
from audits.tables.profile import PROFILED_ROLES, read_profile, require_columns, types_of
from audits.tables.role_rules import (
    Cells,
    Rule,
    UniqueIds,
    must_hold_numbers,
    require_comparable,
    rules_for,
)
from audits.tables.source import BLOCK, Source, is_archive, sources_of
from audits.tables.unusable import in_words

__all__ = [
    "DEFAULT",
    "Limits",
    "Table",
    "TableFacts",
    "TableFormat",
    "UnusableTable",
    "inspect_table",
    "open_table",
]

# A profile is what was stored of a table: its columns can be compared with, but it has no rows.
PROFILE = "profile"
FORMATS = ("csv", "jsonl", "parquet", "arrow", PROFILE)

TextFile = DelimitedFile | FragmentedText


@dataclass(frozen=True)
class TableFormat:
    """How the bytes of a table are written, as the uploader declares it; nothing of it is guessed."""

    format: str
    delimiter: str = ","
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise UnusableTable(
                "unknown_format", f'"{self.format}" is no format of tables', fix=f"use one of {', '.join(FORMATS)}"
            )
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n\0':
            raise UnusableTable(
                "bad_delimiter",
                f"the delimiter {self.delimiter!r} cannot separate cells",
                fix="use one ASCII character such as a comma, a semicolon, a tab or |",
            )
        known_encoding(self.encoding)


@dataclass(frozen=True)
class TableFacts:
    """What was found out about a table: its size and, in order, the name and type of every column.

    The types are integer, number, text and time; columns that nobody declared can be nested or unsupported.
    """

    n_rows: int
    columns: tuple[tuple[str, str], ...]


class Table:
    """The asked columns of a table; every value is an integer, a number, text, a time or missing."""

    def __init__(self, file: TextFile | ColumnarFile, columns: Sequence[str], types: Mapping[str, str] | None) -> None:
        self._file = file
        self.column_names = tuple(columns)
        self._types = types

    @property
    def types(self) -> Mapping[str, str]:
        """The type of each column; in a delimited file this is one pass unless the types were given."""
        if self._types is None:
            if isinstance(self._file, ColumnarFile):
                self._types = {name: self._file.types[name] for name in self.column_names}
            else:
                self._types = _types_of(self._file, self.column_names)
        return self._types

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, self._arrow_type(name)) for name in self.column_names])

    def batches(self, batch_rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The rows in order, `batch_rows` at a time; only the last batch can be shorter."""
        schema = self.schema
        if isinstance(self._file, ColumnarFile):
            for batch in _in_batches_of(batch_rows, _located(self._file, self.column_names)):
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            return
        n_before = 0
        for batch in _in_batches_of(batch_rows, _located(self._file, self.column_names)):
            yield pa.RecordBatch.from_arrays(
                [self._convert(name, batch.column(name), n_before) for name in self.column_names],
                schema=schema,
            )
            n_before += batch.num_rows

    def coded_batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows, or some of their columns, as they come: texts as codes where the file holds them so."""
        if isinstance(self._file, ColumnarFile):
            return _located(self._file, columns or self.column_names, coded=True)
        return self.batches() if columns is None else (batch.select(columns) for batch in self.batches())

    def _convert(self, name: str, cells: pa.Array, n_before: int) -> pa.Array:
        try:
            return convert(cells, self.types[name])
        except NotANumber as other:
            raise UnusableTable(
                "types_changed",
                f'"{cells[other.index]}" does not belong to a column of the type {self.types[name]}',
                column=name,
                row=n_before + other.index + 1,
                fix="inspect the table anew",
            ) from None

    def _arrow_type(self, name: str) -> pa.DataType:
        if isinstance(self._file, ColumnarFile):
            return self._file.plain_arrow_type(name)
        return {INTEGER: pa.int64(), NUMBER: pa.float64()}.get(self.types[name], pa.string())


def open_table(
    path: Path,
    fmt: TableFormat,
    *,
    columns: Sequence[str] | None = None,
    limits: Limits = DEFAULT,
    types: Mapping[str, str] | None = None,
) -> Table:
    """The asked columns of a table, all of them when none are named, in the asked order.

    `types` are the ones that `inspect_table` found; without them a delimited file is read once more to find
    them. Raises: UnusableTable, here or while the batches are read.
    """
    file = _open(path, fmt, limits)
    asked = list(dict.fromkeys(columns)) if columns is not None else file.header
    if not asked:
        raise ValueError("ask for at least one column")
    _refuse_header(file, limits, columns)
    if isinstance(file, ColumnarFile):
        file.refuse_columns(asked)
    return Table(file, asked, types)


def keeps_columns_apart(path: Path, fmt: TableFormat) -> bool:
    """Whether some columns of a table can be read without passing over the others: an archive has too many files."""
    return fmt.format == "parquet" and not is_archive(Source(path).head(BLOCK))


def inspect_table(path: Path, fmt: TableFormat, declaration: Declaration, *, limits: Limits = DEFAULT) -> TableFacts:
    """Read a table once from end to end and say what it holds.

    Raises: UnusableTable for the first thing that keeps the checks from using it as declared.
    """
    if fmt.format == PROFILE:
        return _inspect_profile(path, declaration)
    file = _open(path, fmt, limits)
    declared = [column.name for column in declaration.columns]
    _refuse_header(file, limits, declared)
    rules = list(rules_for(declaration))
    ids = declaration.one("id")
    unique = UniqueIds(ids) if ids is not None else None
    if unique is not None:
        rules.append((unique.column, unique))

    found = None if isinstance(file, ColumnarFile) else {name: CellTypes() for name in file.header}
    try:
        n_rows = _look_at(_batches(file, file.header if found is not None else declared), rules, found)
    except UnusableTable as error:
        raise file.locate(error) from None
    if found is None:
        types = dict(file.types)  # type: ignore[union-attr]  # only a file that knows no types looks for them
    else:
        types = {name: seen.type for name, seen in found.items()}
        _refuse_inexact(declaration, found)

    if n_rows == 0:
        raise UnusableTable("no_rows", "the table has a header and no rows", fix="upload at least one row")
    if unique is not None:
        _finish(unique, file)
    require_comparable(declaration, types)
    return TableFacts(n_rows, tuple((name, types[name]) for name in file.header))


def _inspect_profile(path: Path, declaration: Declaration) -> TableFacts:
    document = read_profile(path)
    compared = [column.name for role in PROFILED_ROLES for column in declaration.with_role(role)]
    require_columns(document, compared)
    types = types_of(document)
    return TableFacts(document["rows"], tuple(types.items()))


def _open(path: Path, fmt: TableFormat, limits: Limits) -> TextFile | ColumnarFile:
    if fmt.format == PROFILE:
        raise UnusableTable("profile_without_rows", "a stored profile has no rows to read", fix="give the table itself")
    sources = sources_of(path)
    if fmt.format == "csv":
        texts = []
        for source in sources:
            with _named(source):
                texts.append(DelimitedFile(source, delimiter=fmt.delimiter, encoding=fmt.encoding, limits=limits))
        return texts[0] if sources[0].name is None else FragmentedText(texts, limits=limits)
    files = []
    for source in sources:
        with _named(source):
            files.append(_columnar(source, fmt, limits))
    if sources[0].name is None:
        return files[0]
    return FragmentedColumns(files, [source.name for source in sources], limits=limits)


def _columnar(source: Source, fmt: TableFormat, limits: Limits) -> ColumnarFile:
    if fmt.format == "jsonl":
        return JsonLinesFile(source, encoding=fmt.encoding, limits=limits)
    return (ParquetFile if fmt.format == "parquet" else ArrowFile)(source, limits=limits)


@contextmanager
def _named(source: Source) -> Iterator[None]:
    """Errors in here are said with the name of the part of the archive."""
    try:
        yield
    except UnusableTable as error:
        raise error.in_fragment(source.name, error.row) from None


def _batches(file: TextFile | ColumnarFile, columns: Sequence[str], *, coded: bool = False) -> Iterator[pa.RecordBatch]:
    return file.batches(columns, coded=coded) if isinstance(file, ColumnarFile) else file.text_batches(columns)


def _look_at(
    batches: Iterable[pa.RecordBatch], rules: Sequence[tuple[str, Rule]], types: dict[str, CellTypes] | None
) -> int:
    n_rows = 0
    for batch in batches:
        cells = {
            name: Cells(name, array, n_rows, all_text=types is not None)
            for name, array in zip(batch.schema.names, batch.columns, strict=True)
        }
        errors = [error for name, rule in rules if (error := _broken(rule, cells[name])) is not None]
        if errors:
            raise min(errors, key=lambda error: error.row or 0)
        for name, seen in (types or {}).items():
            seen.add(cells[name].values)
        n_rows += batch.num_rows
    return n_rows


def _broken(rule: Rule, cells: Cells) -> UnusableTable | None:
    try:
        rule(cells)
    except UnusableTable as error:
        return error
    return None


def _finish(unique: UniqueIds, file: TextFile | ColumnarFile) -> None:
    try:
        unique.finish(batch.column(0) for batch in _batches(file, [unique.column]))
    except UnusableTable as error:
        raise file.locate(error) from None


def _refuse_header(file: TextFile | ColumnarFile, limits: Limits, wanted: Sequence[str] | None) -> None:
    """Raise UnusableTable where the header does not name the columns, or not the wanted ones."""
    names = file.header
    line = None if isinstance(file, ColumnarFile) else 1
    if len(names) > limits.max_columns:
        raise UnusableTable(
            "too_many_columns",
            f"the table has {len(names)} columns, more than {limits.max_columns}",
            line=line,
            fix="leave out the columns that no check needs",
        )
    missing = [name for name in wanted or [] if name not in names]
    if not isinstance(file, ColumnarFile) and (missing or wanted is None):
        _doubt_header(file)
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise UnusableTable(
                "unnamed_column",
                f"column number {number} of {len(names)} has no name",
                line=line,
                fix="name it in the header, or remove it together with its delimiter",
            )
        if name in seen:
            raise UnusableTable(
                "repeated_column", "the name stands twice in the header", name, None, line, "rename one of them"
            )
        seen.add(name)
    if missing:
        close = difflib.get_close_matches(missing[0], names, n=1, cutoff=0.5)
        hint = f'did you mean "{close[0]}"? ' if close else ""
        raise UnusableTable(
            "missing_column",
            "the table has no such column",
            column=missing[0],
            line=line,
            fix=f"{hint}it has {in_words(names)}",
        )


def _doubt_header(file: TextFile) -> None:
    other = file.other_delimiter()
    if other is not None:
        delimiter, n_cells = other
        raise UnusableTable(
            "wrong_delimiter",
            f"the header is one cell with the delimiter {file.delimiter!r} and {n_cells} cells with {delimiter!r}",
            line=1,
            fix=f"declare the delimiter {delimiter!r}",
        )
    seen = CellTypes()
    seen.add(pa.array(file.header, pa.string()))
    if seen.all_numbers and seen.seen:
        raise UnusableTable(
            "no_header",
            "the first line holds nothing but numbers where the names of the columns are expected",
            line=1,
            fix="put a line with the names above the rows",
        )


def _refuse_inexact(declaration: Declaration, found: Mapping[str, CellTypes]) -> None:
    for column in declaration.columns:
        seen = found[column.name]
        if must_hold_numbers(column, declaration.task) and seen.all_numbers and seen.mixes_inexact:
            raise UnusableTable(
                "number_out_of_range",
                "the column mixes fractions with whole numbers too large to stand beside them exactly",
                column=column.name,
                fix="write all its numbers with a point, or with fewer than 16 digits",
            )


def _types_of(file: TextFile, columns: Sequence[str]) -> dict[str, str]:
    found = {name: CellTypes() for name in columns}
    for batch in _located(file, columns):
        for name, seen in found.items():
            seen.add(batch.column(name))
    return {name: seen.type for name, seen in found.items()}


def _located(file: TextFile | ColumnarFile, columns: Sequence[str], *, coded: bool = False) -> Iterator[pa.RecordBatch]:
    try:
        yield from _batches(file, columns, coded=coded)
    except UnusableTable as error:
        raise file.locate(error) from None


def _in_batches_of(rows: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of one size, whatever the blocks of the file were."""
    held: list[pa.RecordBatch] = []
    n_held = 0
    for batch in batches:
        while batch.num_rows:
            part = batch.slice(0, rows - n_held)
            batch = batch.slice(part.num_rows)
            held.append(part)
            n_held += part.num_rows
            if n_held == rows:
                yield pa.concat_batches(held)
                held, n_held = [], 0
    if held:
        yield pa.concat_batches(held)
