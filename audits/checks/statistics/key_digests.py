"""Which rows of a table are about the same thing?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.hashing import hashed, rows_hashed
from audits.checks.statistics.row_digests import RowDigests


@dataclass
class KeyDigests(RowDigests):
    """A 64-bit digest of the key of every row; as RowDigests, over the columns of the key alone.

    Rows that lack a part of their key are about nobody knows what: they are counted as `incomplete` and equal no other.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("key",)
    by_column: ClassVar[bool] = False

    incomplete: int = 0

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.key

    @property
    def n_rows(self) -> int:
        return super().n_rows + self.incomplete

    @property
    def n_repeated(self) -> int:
        """Rows that repeat the key of an earlier one."""
        return super().n_rows - self.n_distinct

    def add(self, batch: pa.RecordBatch) -> None:
        cells = [column_of(batch, name) for name in self.names]
        known = ~np.logical_or.reduce([missing_mask(column) for column in cells])
        self.incomplete += int(np.count_nonzero(~known))
        self._begin()
        self.rows.append(rows_hashed(map(hashed, cells), batch.num_rows)[known])

    def merge(self, other: RowDigests) -> None:
        super().merge(other)
        self.incomplete += getattr(other, "incomplete", 0)

    def to_document(self) -> dict[str, Any]:
        return {**super().to_document(), "incomplete": self.incomplete}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        complete = document["rows"] - document["incomplete"]
        counted = (complete, document["distinct"])
        return cls(tuple(document["names"]), counted=counted, incomplete=document["incomplete"])
