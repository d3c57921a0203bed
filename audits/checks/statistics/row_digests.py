"""Which rows of a table are equal to one another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of
from audits.checks.statistics.hashing import hashed, rows_hashed
from audits.checks.statistics.row_chain import RowChain


@dataclass
class RowDigests:
    """A 64-bit digest of every row over all declared columns except the id.

    Mergeable; equal for any batch size and order of rows. Ten million rows take 80 MB, and the chance
    that any two different rows among them share a digest is 3 in a million. The document keeps the
    counts and leaves the digests out.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ()
    by_column: ClassVar[bool] = True

    names: tuple[str, ...]
    rows: RowChain = field(default_factory=RowChain)
    counted: tuple[int, int] | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        names = cls.columns(roles)
        return cls(names, RowChain(names))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.columns(with_id=False)

    @property
    def n_rows(self) -> int:
        return self._counts()[0]

    @property
    def n_distinct(self) -> int:
        return self._counts()[1]

    @property
    def n_repeated(self) -> int:
        """Rows that repeat an earlier one; of three equal rows two are repeated."""
        return self.n_rows - self.n_distinct

    def add(self, batch: pa.RecordBatch) -> None:
        for name in self.names:
            self.add_column(name, column_of(batch, name))
        if not self.names:
            self.rows.append(rows_hashed((), batch.num_rows))

    def add_column(self, name: str, cells: pa.Array) -> None:
        """Take the next cells of one column."""
        self._begin()
        self.rows.take(name, hashed(cells))

    def merge(self, other: RowDigests) -> None:
        self._begin()
        other._begin()
        self.rows.merge(other.rows)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table without its digests."""
        return {name: replace(table, counted=table._counts(), rows=RowChain()) for name, table in tables.items()}

    def to_document(self) -> dict[str, Any]:
        return {"names": list(self.names), "rows": self.n_rows, "distinct": self.n_distinct}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(tuple(document["names"]), counted=(document["rows"], document["distinct"]))

    def _begin(self) -> None:
        if self.counted is not None and self.counted[0] != self.rows.n_rows:
            raise ValueError("Digests that came from a document were not kept: nothing can be added to them.")
        self.counted = None

    def _counts(self) -> tuple[int, int]:
        if self.counted is None:
            digests = self.rows.in_order()
            changes = int(np.count_nonzero(digests[1:] != digests[:-1]))
            self.counted = (len(digests), changes + (len(digests) > 0))
        return self.counted
