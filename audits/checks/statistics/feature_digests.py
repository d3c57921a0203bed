"""Which rows have the same features as another row, here or in the other table, and do their labels agree?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.hashing import combined, hashed

Digests = NDArray[np.uint64]


@dataclass
class FeatureDigests:
    """A 64-bit digest of the features of every row, and one of its label.

    Mergeable; equal for any batch size and order of rows. What is stored is `counted` alone: `rows`, those
    `labelled`, those `conflicting` (equal features with a different label elsewhere in the table), and those
    `shared` (equal features in the other table; None without one, or when it declares other features).
    Two different rows share a digest with a chance of 1 in 2**64.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    features: tuple[str, ...]
    label: str | None
    parts: list[tuple[Digests, Digests, NDArray[np.bool_]]] = field(default_factory=list)
    counted: dict[str, int | None] | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(tuple(sorted(roles.features)), roles.label)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*roles.features, *([roles.label] if roles.label else []))))

    @property
    def n_rows(self) -> int:
        return self.count("rows")

    def count(self, name: str) -> int:
        """One of the counts; 0 for one that was not worked out."""
        if self.counted is None:
            self.counted = self._counts(None)
        return self.counted[name] or 0

    def add(self, batch: pa.RecordBatch) -> None:
        digests = np.zeros(batch.num_rows, np.uint64)
        for name in self.features:
            digests = combined(digests, hashed(column_of(batch, name)))
        labels, known = digests, np.zeros(batch.num_rows, bool)
        if self.label is not None:
            cells = column_of(batch, self.label)
            labels, known = hashed(cells), ~missing_mask(cells)
        self.parts.append((digests, labels, known))
        self.counted = None

    def merge(self, other: FeatureDigests) -> None:
        self.parts += other.parts
        self.counted = None

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table, laid beside the other one."""
        found = {}
        for name, table in tables.items():
            others = [other for title, other in tables.items() if title != name and other.features == table.features]
            found[name] = cls(table.features, table.label, [], table._counts(others[0] if others else None))
        return found

    def to_document(self) -> dict[str, Any]:
        self.count("rows")
        return {"features": list(self.features), "label": self.label, "counted": self.counted}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(tuple(document["features"]), document["label"], [], dict(document["counted"]))

    def _columns(self) -> tuple[Digests, Digests, NDArray[np.bool_]]:
        nothing = (np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, bool))
        digests, labels, known = (np.concatenate(column) for column in zip(nothing, *self.parts, strict=True))
        return digests, labels, known

    def _counts(self, other: FeatureDigests | None) -> dict[str, int | None]:
        digests, labels, known = self._columns()
        shared = None
        if other is not None:
            theirs = np.sort(other._columns()[0])
            places = np.searchsorted(theirs, digests)
            shared = int((theirs[np.minimum(places, len(theirs) - 1)] == digests).sum()) if len(theirs) else 0
        return {
            "rows": len(digests),
            "labelled": int(known.sum()),
            "conflicting": _conflicting(digests[known], labels[known]),
            "shared": shared,
        }


def _conflicting(digests: Digests, labels: Digests) -> int:
    if len(digests) == 0:
        return 0
    order = np.argsort(digests)
    digests, labels = digests[order], labels[order]
    starts = np.flatnonzero(np.append(True, digests[1:] != digests[:-1]))
    differs = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
    return int(np.diff(np.append(starts, len(digests)))[differs].sum())
