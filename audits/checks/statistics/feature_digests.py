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
from audits.checks.statistics.hashing import hashed
from audits.checks.statistics.row_chain import Digests, RowChain

Labels = NDArray[np.uint32]
_ENDS = np.uint64(2**16)
_HALF, _KNOWN = np.uint64(32), np.uint32(1)
_BLOCK = 2**20


@dataclass
class FeatureDigests:
    """A 64-bit digest of the features of every row, and 31 bits of one of its label: 12 bytes a row.

    Mergeable; equal for any batch size and order of rows. What is stored is `counted` alone: `rows`, those
    `labelled`, those `conflicting` (equal features with a different label elsewhere in the table), and those
    `shared` (equal features in the other table; None without one, or when it declares other features).
    Two different rows share a digest with a chance of 1 in 2**64, two different labels with one of 1 in 2**31.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)
    by_column: ClassVar[bool] = True

    features: tuple[str, ...]
    label: str | None
    rows: RowChain = field(default_factory=RowChain)
    labels: list[Labels] = field(default_factory=list)
    counted: dict[str, int | None] | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        features = tuple(sorted(roles.features))
        return cls(features, roles.label, RowChain(features))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*roles.features, *([roles.label] if roles.label else []))))

    @property
    def n_rows(self) -> int:
        return self.count("rows")

    def count(self, name: str) -> int:
        """One of the counts; 0 for one that was not worked out."""
        if self.counted is None:
            self.counted = self._counts(self.rows.in_order(), None)
        return self.counted[name] or 0

    def add(self, batch: pa.RecordBatch) -> None:
        for name in dict.fromkeys((*self.features, *([self.label] if self.label else []))):
            self.add_column(name, column_of(batch, name))

    def add_column(self, name: str, cells: pa.Array) -> None:
        """Take the next cells of one column."""
        self.counted = None
        if name in self.features:
            self.rows.take(name, hashed(cells))
        if name == self.label:
            self.labels.append(_bits(cells))

    def merge(self, other: FeatureDigests) -> None:
        self.counted = None
        self.rows.merge(other.rows)
        self.labels += other.labels

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table, laid beside the other one."""
        found, common = {}, {}
        in_order = {name: table.rows.in_order() for name, table in tables.items()}
        for name, table in tables.items():
            others = [title for title, other in tables.items() if title != name and other.features == table.features]
            pair = frozenset((name, *others[:1]))
            if others and pair not in common:
                common[pair] = _common(in_order[name], in_order[others[0]])
            found[name] = cls(table.features, table.label, counted=table._counts(in_order[name], common.get(pair)))
        return found

    def to_document(self) -> dict[str, Any]:
        self.count("rows")
        return {"features": list(self.features), "label": self.label, "counted": self.counted}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(tuple(document["features"]), document["label"], counted=dict(document["counted"]))

    def _counts(self, in_order: Digests, common: Digests | None) -> dict[str, int | None]:
        """The counts, given the digests of this table in ascending order and those that the other one holds too."""
        return {
            "rows": len(in_order),
            "labelled": sum(map(int, map(np.count_nonzero, self.labels))),
            "conflicting": 0 if self.label is None else self._conflicting(_repeated(in_order)),
            "shared": None if common is None else _rows_of(in_order, common),
        }

    def _conflicting(self, repeated: Digests) -> int:
        """Rows that stand beside one with the same digest and another label; only `repeated` digests can."""
        if len(repeated) == 0:
            return 0
        # The low bits of a digest tell of most rows that it is not repeated.
        ends = np.zeros(_ENDS, bool)
        ends[repeated % _ENDS] = True
        parts = self.rows.parts()
        self.labels = np.split(np.concatenate(self.labels), np.cumsum([len(part) for part in parts])[:-1])
        kept = [_among(repeated, ends, *part) for part in zip(parts, self.labels, strict=True)]
        digests, labels = (np.concatenate(column) for column in zip(*kept, strict=True))
        if len(digests) == 0:
            return 0
        order = np.argsort(digests)
        digests, labels = digests[order], labels[order]
        starts = np.flatnonzero(np.append(True, digests[1:] != digests[:-1]))
        differs = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
        return int(np.diff(np.append(starts, len(digests)))[differs].sum())


def _bits(cells: pa.Array) -> Labels:
    """Bits of the digest of each label, 0 where there is none."""
    labels = (hashed(cells) >> _HALF).astype(np.uint32) | _KNOWN
    labels[np.flatnonzero(missing_mask(cells))] = 0
    return labels


def _repeated(in_order: Digests) -> Digests:
    """The digests that come more than once."""
    again = in_order[1:][in_order[1:] == in_order[:-1]]
    return again[np.append(True, again[1:] != again[:-1])] if len(again) else again


def _common(first: Digests, second: Digests) -> Digests:
    """The digests that stand in both, each in ascending order.

    Sorting them together is faster than looking them up; a block at a time takes less memory.
    """
    bounds = first[_BLOCK::_BLOCK]
    blocks = (np.split(table, np.searchsorted(table, bounds)) for table in (first, second))
    found = [_repeated(np.sort(np.concatenate([_once(a), _once(b)]))) for a, b in zip(*blocks, strict=True)]
    return np.concatenate(found)


def _once(in_order: Digests) -> Digests:
    return in_order.compress(np.append(True, in_order[1:] != in_order[:-1])) if len(in_order) else in_order


def _rows_of(in_order: Digests, some: Digests) -> int:
    """How many rows have one of these digests."""
    return int((np.searchsorted(in_order, some, side="right") - np.searchsorted(in_order, some, side="left")).sum())


def _among(repeated: Digests, ends: NDArray[np.bool_], digests: Digests, labels: Labels) -> tuple[Digests, Labels]:
    """The labelled rows of a part whose digest is one of the repeated ones."""
    maybe = np.flatnonzero(ends.take((digests % _ENDS).view(np.int64)) & (labels > 0))
    found = digests[maybe]
    again = repeated[np.minimum(np.searchsorted(repeated, found), len(repeated) - 1)] == found
    return found[again], labels[maybe[again]]
