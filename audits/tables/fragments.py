"""How are several files of an archive read as one table?

The rows of the files follow one another in the order of the files' names. What is wrong is said with the file and
with the row as it is counted there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from audits.tables.columnar import NESTED, UNSUPPORTED, ColumnarFile
from audits.tables.delimited import DelimitedFile, too_many_rows
from audits.tables.limits import Limits
from audits.tables.unusable import UnusableTable, in_words

_UNITS = ("s", "ms", "us", "ns")


class _Rows:
    """How many rows each file that was read to its end has, so that a row of the table is found in its file."""

    def __init__(self, names: Sequence[str | None]) -> None:
        self.names = names
        self.counts: list[int] = []

    def place(self, error: UnusableTable) -> tuple[int, UnusableTable]:
        """The number of the file and the error as it is said there."""
        row = error.row or 0
        for number, n_rows in enumerate(self.counts):
            if row <= n_rows:
                return number, error.in_fragment(self.names[number], row)
            row -= n_rows
        number = min(len(self.counts), len(self.names) - 1)
        return number, error.in_fragment(self.names[number], row)


class FragmentedText:
    """Delimited files with the same header, in any order of the columns."""

    def __init__(self, files: Sequence[DelimitedFile], *, limits: Limits) -> None:
        self.files = files
        self.limits = limits
        self.header, self.delimiter = files[0].header, files[0].delimiter
        self._rows = _Rows([file.source.name for file in files])
        _refuse_other_columns([(file.source.name, file.header) for file in files])

    def text_batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The asked columns of all files as text."""
        self._rows.counts = []
        for file in self.files:
            n_rows = 0
            try:
                for batch in file.text_batches(columns):
                    n_rows += batch.num_rows
                    if sum(self._rows.counts) + n_rows > self.limits.max_rows:
                        raise too_many_rows(self.limits)
                    yield batch
            except UnusableTable as error:
                raise file.locate(error).in_fragment(file.source.name, error.row) from None
            self._rows.counts.append(n_rows)

    def locate(self, error: UnusableTable) -> UnusableTable:
        """The error with its file, and the row and line there."""
        if error.row is None or error.fragment is not None:
            return error
        number, placed = self._rows.place(error)
        return self.files[number].locate(placed)

    def other_delimiter(self) -> tuple[str, int] | None:
        """What `DelimitedFile` says of the first file."""
        return self.files[0].other_delimiter()


class FragmentedColumns(ColumnarFile):
    """Files whose columns have types, and the same ones."""

    def __init__(self, files: Sequence[ColumnarFile], names: Sequence[str | None], *, limits: Limits) -> None:
        self.files = files
        self._rows = _Rows(names)
        if not files[0].absent_is_missing:
            _refuse_other_columns([(name, file.header) for name, file in zip(names, files, strict=True)])
        joined = dict(files[0].arrow_types)
        for name, file in zip(names[1:], files[1:], strict=True):
            for column, kind in file.arrow_types.items():
                joined[column] = _joined(joined.get(column, pa.null()), kind, column, name)
        super().__init__(list(joined.items()), limits=limits)

    def stored_batches(self, columns: Sequence[str], *, coded: bool = False) -> Iterator[list[pa.Array]]:
        self._rows.counts = []
        for number, file in enumerate(self.files):
            n_rows = 0
            try:
                held_here = [name for name in columns if name in file.types]
                for batch in file.batches(held_here or file.header[:1], coded=coded):
                    n_rows += batch.num_rows
                    if sum(self._rows.counts) + n_rows > self.limits.max_rows:
                        raise too_many_rows(self.limits)
                    held = dict(zip(batch.schema.names, batch.columns, strict=True))
                    yield [held.get(name, pa.nulls(batch.num_rows)) for name in columns]
            except UnusableTable as error:
                raise file.locate(error).in_fragment(self._rows.names[number], error.row) from None
            self._rows.counts.append(n_rows)

    def locate(self, error: UnusableTable) -> UnusableTable:
        if error.row is None or error.fragment is not None:
            return error
        number, placed = self._rows.place(error)
        return self.files[number].locate(placed)


def _refuse_other_columns(files: Sequence[tuple[str | None, list[str]]]) -> None:
    """Raise UnusableTable for the first file that has not the columns of the first one."""
    first, header = files[0]
    for name, names in files[1:]:
        more = [column for column in names if column not in header]
        fewer = [column for column in header if column not in names]
        if more or fewer:
            what = f"has {in_words(more)}, which" if more else f"lacks {in_words(fewer)}, which"
            has = "does not have" if more else "has"
            raise UnusableTable(
                "fragments_differ",
                f'the file {what} "{first}" {has}',
                fix="write all files of a table with the same columns",
                fragment=name,
            )


def _joined(before: pa.DataType, now: pa.DataType, column: str, fragment: str | None) -> pa.DataType:
    """The type that holds the values of both."""
    is_a = pa.types
    before, now = (kind.value_type if is_a.is_dictionary(kind) else kind for kind in (before, now))
    if before == now or is_a.is_null(now):
        return before
    if is_a.is_null(before):
        return now
    probe = ColumnarFile([("before", before), ("now", now)], limits=Limits())
    kinds = set(probe.types.values())
    if not kinds & {NESTED, UNSUPPORTED}:
        if len(kinds) == 1 and kinds != {"time"}:
            return probe.plain_arrow_type("before")
        if kinds == {"integer", "number"}:
            return pa.float64()
        if kinds == {"time"} and getattr(before, "tz", None) == getattr(now, "tz", None):
            units = [probe.plain_arrow_type(name).unit for name in ("before", "now")]
            return pa.timestamp(max(units, key=_UNITS.index), getattr(now, "tz", None))
    elif kinds == {NESTED} or kinds == {UNSUPPORTED}:
        return before
    raise UnusableTable(
        "fragments_differ",
        f"the values are of the type {now}, and {before} in the files before",
        column=column,
        fix="write all files of a table with the same types",
        fragment=fragment,
    )
