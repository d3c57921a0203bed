"""How much of each column is missing, and how many different values does it hold?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import missing_cells
from audits.checks.statistics.hashing import held_digests, smallest

KEPT_DIGESTS = 256


@dataclass
class ColumnProfile:
    """One column: its rows, those in which it is missing, and the number of distinct values.

    The distinct count is exact up to 256 values; above that it is estimated from the 256 smallest
    digests, with a standard error of 6 percent, and `is_distinct_exact` is false.
    """

    name: str
    kind: str
    rows: int = 0
    missing: int = 0
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))

    @property
    def is_distinct_exact(self) -> bool:
        return len(self.digests) < KEPT_DIGESTS

    @property
    def distinct(self) -> int:
        """How many different values the column holds, missing ones left out."""
        if self.is_distinct_exact:
            return len(self.digests)
        share = (int(self.digests[-1]) + 1) / 2**64
        return max(KEPT_DIGESTS, round((KEPT_DIGESTS - 1) / share))

    def add(self, cells: pa.Array) -> None:
        self.rows += len(cells)
        self.missing += missing_cells(cells)
        self.digests = smallest(self.digests, held_digests(cells), KEPT_DIGESTS)

    def merge(self, other: ColumnProfile) -> None:
        self.rows += other.rows
        self.missing += other.missing
        self.digests = smallest(self.digests, other.digests, KEPT_DIGESTS)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "distinct": self.distinct,
            "distinct_is_exact": self.is_distinct_exact,
            "digests": self.digests.astype(">u8").tobytes().hex(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        digests = np.frombuffer(bytes.fromhex(document["digests"]), ">u8").astype(np.uint64)
        return cls(document["name"], document["kind"], document["rows"], document["missing"], digests)


class ColumnProfiles(ByColumn[ColumnProfile]):
    """A profile of every column that has a role."""

    part = ColumnProfile

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.columns()
