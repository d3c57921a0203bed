"""Which few thousand rows stand for a table, the same ones in any order and split?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_numbers, as_texts, column_of, kind_of
from audits.checks.statistics.hashing import combined, hashed, mixed
from audits.checks.statistics.telling_apart import TellingApart, told_apart

MOST_ROWS = 5_000


@dataclass
class RowSample:
    """The features of the rows with the smallest digests, at most 5,000. Mergeable, in any order of rows.

    Rows of equal features share a digest; as many of them are kept as there is room for. What is stored is
    `apart`: how well a classifier tells this table from the other one by these rows. It holds counts and no rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    features: tuple[str, ...]
    rows: int = 0
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)
    apart: TellingApart | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(tuple(sorted(roles.features)))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.features

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        digests = np.zeros(batch.num_rows, np.uint64)
        for name in self.features:
            digests = combined(digests, hashed(column_of(batch, name)))
        # Mixed once more: rows that other statistics sort by digest must not be the ones that are kept here.
        digests = mixed(digests)
        chosen = np.arange(batch.num_rows)
        if len(self.digests) >= MOST_ROWS:
            chosen = chosen[digests < self.digests[-1]]
        if not len(chosen):
            return
        part = batch.take(pa.array(chosen))
        self._take(digests[chosen], {name: plain_values(column_of(part, name)) for name in self.features})

    def merge(self, other: RowSample) -> None:
        self.rows += other.rows
        if len(other.digests):
            self._take(other.digests, other.kept)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """How well each table is told from the other one."""
        found = {name: cls(table.features, table.rows) for name, table in tables.items()}
        if len(tables) == 2:
            (name, now), (_, then) = sorted(tables.items(), key=lambda pair: pair[0] == "reference")
            shared = [
                feature
                for feature in now.features
                if feature in then.kept
                and feature in now.kept
                and (now.kept[feature].dtype == object) == (then.kept[feature].dtype == object)
            ]
            if shared:
                sides = [({f: table.kept[f] for f in shared}, table.digests) for table in (now, then)]
                found[name].apart = told_apart(*sides)
        return found

    def to_document(self) -> dict[str, Any]:
        return {
            "features": list(self.features),
            "rows": self.rows,
            "apart": None if self.apart is None else self.apart.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        apart = document["apart"]
        found = cls(tuple(document["features"]), document["rows"])
        found.apart = None if apart is None else TellingApart.from_document(apart)
        return found

    def _take(self, digests: NDArray[np.uint64], values: Mapping[str, NDArray[Any]]) -> None:
        together = np.concatenate([self.digests, digests])
        order = np.argsort(together, kind="stable")[:MOST_ROWS]
        self.kept = {
            name: (np.concatenate([self.kept[name], values[name]]) if name in self.kept else values[name])[order]
            for name in self.features
        }
        self.digests = together[order]


def plain_values(cells: pa.Array) -> NDArray[Any]:
    """Numbers as doubles with NaN where missing, everything else as texts or None."""
    if kind_of(cells.type) in ("number", "time"):
        return as_numbers(cells)
    texts, codes = as_texts(cells)
    return np.array(texts, object)[codes]
