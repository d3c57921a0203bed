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
from audits.checks.statistics.drawing import drawn
from audits.checks.statistics.hashing import combined, hashed, mixed
from audits.checks.statistics.telling_apart import Side, TellingApart, told_apart

MOST_ROWS = 5_000


@dataclass
class RowSample:
    """The different rows with the smallest digests of their features, at most 5,000, and how often each comes.

    Mergeable, in any order of rows. What is stored is `apart`: how well a classifier tells this table from the other
    one by 5,000 rows drawn of these. It holds counts and no rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    features: tuple[str, ...]
    rows: int = 0
    seed: int = 0
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
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
            chosen = chosen[digests <= self.digests[-1]]
        if not len(chosen):
            return
        different, first, counts = np.unique(digests[chosen], return_index=True, return_counts=True)
        part = batch.take(pa.array(chosen[first]))
        self._take(different, counts, {name: plain_values(column_of(part, name)) for name in self.features})

    def merge(self, other: RowSample) -> None:
        self.rows += other.rows
        if len(other.digests):
            self._take(other.digests, other.counts, other.kept)

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
                found[name].apart = told_apart(now._drawn(shared), then._drawn(shared))
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

    def _drawn(self, features: list[str]) -> Side:
        """Rows that stand for those which are kept, as often as these come."""
        places = np.sort(drawn(self.digests, self.counts, MOST_ROWS, self.seed))
        return {name: self.kept[name][places] for name in features}, self.digests[places]

    def _take(self, digests: NDArray[np.uint64], counts: NDArray[np.int64], values: Mapping[str, NDArray[Any]]) -> None:
        """Count these rows and keep the smallest digests; what is once left out is never among the smallest again."""
        together = np.concatenate([self.digests, digests])
        self.digests, first, places = np.unique(together, return_index=True, return_inverse=True)
        summed = np.zeros(len(first), np.int64)
        np.add.at(summed, places, np.concatenate([self.counts, counts]))
        self.digests, self.counts, first = self.digests[:MOST_ROWS], summed[:MOST_ROWS], first[:MOST_ROWS]
        self.kept = {
            name: (np.concatenate([self.kept[name], values[name]]) if name in self.kept else values[name])[first]
            for name in self.features
        }


def plain_values(cells: pa.Array) -> NDArray[Any]:
    """Numbers as doubles with NaN where missing, everything else as texts or None."""
    if kind_of(cells.type) in ("number", "time"):
        return as_numbers(cells)
    texts, codes = as_texts(cells)
    return np.array(texts, object)[codes]
