"""Which rows of a table are equal to one another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of
from audits.checks.statistics.hashing import hashed, rows_hashed


@dataclass
class RowDigests:
    """A 64-bit digest of every row over all declared columns except the id.

    Mergeable; equal for any batch size and order of rows. Ten million rows take 80 MB, and the chance
    that any two different rows among them share a digest is 3 in a million. The document keeps the
    counts and leaves the digests out.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ()

    names: tuple[str, ...]
    parts: list[NDArray[np.uint64]] = field(default_factory=list)
    counted: tuple[int, int] | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(cls.columns(roles))

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
        self._take([rows_hashed((hashed(column_of(batch, name)) for name in self.names), batch.num_rows)])

    def merge(self, other: RowDigests) -> None:
        if other.counted is not None and not other.parts and other.n_rows:
            raise ValueError("Digests that came from a document were not kept and cannot be merged.")
        self._take(other.parts)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table without its digests."""
        return {name: replace(table, parts=[], counted=table._counts()) for name, table in tables.items()}

    def to_document(self) -> dict[str, Any]:
        return {"names": list(self.names), "rows": self.n_rows, "distinct": self.n_distinct}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(tuple(document["names"]), [], (document["rows"], document["distinct"]))

    def _take(self, parts: list[NDArray[np.uint64]]) -> None:
        if self.counted is not None and not self.parts and self.n_rows:
            raise ValueError("Digests that came from a document were not kept and cannot be added to.")
        self.parts.extend(parts)
        self.counted = None

    def _counts(self) -> tuple[int, int]:
        if self.counted is None:
            digests = np.concatenate([np.empty(0, np.uint64), *self.parts])
            digests.sort()
            changes = int((digests[1:] != digests[:-1]).sum())
            self.counted = (len(digests), changes + (len(digests) > 0))
        return self.counted
