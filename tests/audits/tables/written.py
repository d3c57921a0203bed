"""Tables and declarations that tests write down in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audits.tables.declaration import Declaration, parse_declaration
from audits.tables.limits import DEFAULT, Limits
from audits.tables.reading import TableFacts, TableFormat, inspect_table, open_table


def declare(task: str = "binary", **columns: str | dict[str, Any]) -> Declaration:
    """`declare(y="label", age={"roles": ["sensitive"], "bands": [40]})`; a string holds roles."""
    document: dict[str, Any] = {"task": task}
    if task == "binary":
        document["favourable"] = 1
    document["columns"] = {
        name: {"roles": body.split()} if isinstance(body, str) else body for name, body in columns.items()
    }
    return parse_declaration(document)


class Written:
    """A folder in which a test writes one table after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "table"

    def rows(
        self, content: str | bytes, *, limits: Limits = DEFAULT, columns: list[str] | None = None, **fmt: str
    ) -> list[tuple[Any, ...]]:
        """All rows of a delimited file with this content."""
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(self.path, TableFormat("csv", **fmt), columns=columns, limits=limits)

    def inspect(
        self, content: str | bytes, declaration: Declaration, *, limits: Limits = DEFAULT, **fmt: str
    ) -> TableFacts:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        return inspect_table(self.path, TableFormat("csv", **fmt), declaration, limits=limits)

    def parquet(self, **columns: Any) -> Path:
        """The path of a Parquet file with these columns, each an Arrow array or a list."""
        pq.write_table(pa.table(columns), self.path, row_group_size=2)
        return self.path

    def parquet_rows(self, *, limits: Limits = DEFAULT, **columns: Any) -> list[tuple[Any, ...]]:
        return read(self.parquet(**columns), TableFormat("parquet"), limits=limits)

    def inspect_parquet(self, declaration: Declaration, **columns: Any) -> TableFacts:
        return inspect_table(self.parquet(**columns), TableFormat("parquet"), declaration)


def read(
    path: Path, fmt: TableFormat, *, columns: list[str] | None = None, limits: Limits = DEFAULT
) -> list[tuple[Any, ...]]:
    """All rows of a table as tuples, None where a value is missing."""
    table = open_table(path, fmt, columns=columns, limits=limits)
    return [tuple(row.values()) for batch in table.batches() for row in batch.to_pylist()]
