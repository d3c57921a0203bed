"""What does a spec say about one table, and how are its rows had?

Imported by the child after it is locked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet

from audits.checks import ColumnValues, Roles, SensitiveColumn, TableInput
from audits.tables import (
    PROFILE,
    SINGLE_ROLES,
    Declaration,
    Table,
    TableFormat,
    keeps_columns_apart,
    open_table,
    parse_declaration,
    read_profile,
)


@dataclass(frozen=True)
class GivenTable:
    """One table of the spec: where it is, how it is written and what its columns mean."""

    path: Path
    format: TableFormat
    declaration: Declaration

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        return cls(Path(entry["path"]), TableFormat(**entry["format"]), parse_declaration(entry["declaration"]))

    @property
    def roles(self) -> Roles:
        one = {role: column.name if (column := self.declaration.one(role)) else None for role in SINGLE_ROLES}
        return Roles(
            task=self.declaration.task,
            favourable=self.declaration.favourable,
            sensitive=tuple(
                SensitiveColumn(column.name, column.bands, column.labels)
                for column in self.declaration.with_role("sensitive")
            ),
            features=tuple(column.name for column in self.declaration.with_role("feature")),
            key=tuple(column.name for column in self.declaration.with_role("key")),
            labels=tuple(label for label, _ in self.declaration.pairs),
            predictions=tuple(said for _, said in self.declaration.pairs if said is not None),
            **one,
        )

    def expected_rows(self) -> int:
        """About how many rows will come, for showing progress only; 0 when it cannot be told cheaply."""
        if self.format.format == PROFILE:
            return 0
        with self.path.open("rb") as file:
            if self.format.format == "parquet":
                try:
                    return int(pyarrow.parquet.ParquetFile(file).metadata.num_rows)
                except (pa.ArrowException, OSError):
                    return 0  # an archive; or what is wrong with it is said when the rows are read
            if self.format.format == "arrow" or file.read(4)[:2] in (b"\x1f\x8b", b"\x28\xb5"):
                return 0
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1024 * 1024), b""))

    def profile(self) -> ColumnValues | None:
        """What was stored of the declared columns, where the table is given as a profile instead of rows."""
        if self.format.format != PROFILE:
            return None
        document = read_profile(self.path)
        declared = {column.name for column in self.declaration.columns}
        columns = [column for column in document["columns"] if column["name"] in declared]
        return ColumnValues.from_document({"names": [column["name"] for column in columns], "columns": columns})

    def batches(self, columns: Sequence[str]) -> Callable[[], Iterator[pa.RecordBatch]]:
        """The rows with these columns, as often as asked; no rows when no column is wanted."""
        opened = self._opened(columns)

        def batches() -> Iterator[pa.RecordBatch]:
            if columns:
                yield from opened().batches()

        return batches

    def as_input(
        self,
        columns: Sequence[str],
        *,
        profile: ColumnValues | None = None,
        tell_rows: Callable[[int], None] = lambda n_rows: None,
    ) -> TableInput:
        """These columns as checks count them, texts as codes; `tell_rows` is told how many rows have been read."""
        opened = self._opened(columns)

        def batches(some: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
            n_rows = 0
            for batch in opened().coded_batches(some) if columns else ():
                n_rows += batch.num_rows
                tell_rows(n_rows)
                yield batch

        return TableInput(
            batches, self.roles, profile, columns=batches if keeps_columns_apart(self.path, self.format) else None
        )

    def _opened(self, columns: Sequence[str]) -> Callable[[], Table]:
        # Opened once: the types of a delimited file are found by reading it.
        return cache(lambda: open_table(self.path, self.format, columns=columns))
