"""In which parts of a table, by several features at once, are decisions wrong most often?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of
from audits.checks.statistics.error_tree import leaves
from audits.checks.statistics.hashing import hashed, mixed, rows_hashed
from audits.checks.statistics.row_sample import plain_values
from audits.checks.statistics.segment_counts import Segment, decisions

MOST_KINDS = 10_000


@dataclass
class ErrorSample:
    """Wrong and right decisions of the kinds of rows with the smallest digests, at most 10,000 kinds.

    Rows of equal features are of one kind, and all rows of a kind that is kept are counted. Mergeable; equal for any
    batch size and order of rows. What is stored is `found`: the leaves of a tree that was grown over one half of
    these rows, with the decisions of the other half in each; `fitted` is how many rows it was grown over.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label", "prediction", "feature")

    roles: Roles
    n_rows: int = 0
    undecided: int = 0
    unlabelled: int = 0
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)
    fitted: int = 0
    found: tuple[Segment, ...] = ()

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task not in ("binary", "multiclass"):
            raise CannotMeasure("Decisions are right or wrong in a binary or multiclass task only.")
        return cls(roles)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((str(roles.label), str(roles.prediction), *_features(roles))))

    @property
    def totals(self) -> tuple[int, int]:
        """Wrong and right decisions of the half that was not looked at when the tree was grown."""
        return sum(one.wrong for one in self.found), sum(one.right for one in self.found)

    def add(self, batch: pa.RecordBatch) -> None:
        told = decisions(batch, self.roles)
        self.n_rows += batch.num_rows
        self.undecided += told.undecided
        self.unlabelled += told.unlabelled
        features = _features(self.roles)
        # Mixed once more: rows that other statistics sort by digest must not be the ones that are kept here.
        every = mixed(rows_hashed((hashed(column_of(batch, name)) for name in features), batch.num_rows))
        rows = np.flatnonzero(told.known)
        if len(self.digests) >= MOST_KINDS:
            rows = rows[every[rows] <= self.digests[-1]]
        digests, first, kind = np.unique(every[rows], return_index=True, return_inverse=True)
        right = told.right[rows]
        counts = np.bincount(kind * 2 + right, minlength=2 * len(digests)).reshape(-1, 2)
        part = batch.take(pa.array(rows[first]))
        self._take(digests, counts, {name: plain_values(column_of(part, name)) for name in features})

    def merge(self, other: ErrorSample) -> None:
        self.n_rows += other.n_rows
        self.undecided += other.undecided
        self.unlabelled += other.unlabelled
        self._take(other.digests, other.counts, other.kept)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The leaves of each table's tree."""
        return {name: table._grown() for name, table in tables.items()}

    def to_document(self) -> dict[str, Any]:
        return {
            "task": self.roles.task,
            "label": self.roles.label,
            "prediction": self.roles.prediction,
            "rows": self.n_rows,
            "undecided": self.undecided,
            "unlabelled": self.unlabelled,
            "fitted": self.fitted,
            "found": [[one.name, one.wrong, one.right] for one in self.found],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        roles = Roles(task=document["task"], label=document["label"], prediction=document["prediction"])
        found = tuple(Segment("", *one) for one in document["found"])
        small = cls(roles, document["rows"], document["undecided"], document["unlabelled"])
        small.fitted, small.found = document["fitted"], found
        return small

    def _grown(self) -> Self:
        # Each row goes into either half by a coin; the coins are the same for the same rows in any order.
        fitted = np.random.default_rng(0).binomial(self.counts, 0.5)
        judged = self.counts - fitted
        found = [
            Segment("", name, *map(int, judged[inside].sum(axis=0)))
            for name, inside in (leaves(self.kept, fitted) if self.kept else [])
        ]
        small = type(self)(self.roles, self.n_rows, self.undecided, self.unlabelled)
        small.fitted, small.found = int(fitted.sum()), tuple(found)
        return small

    def _take(self, digests: NDArray[np.uint64], counts: NDArray[np.int64], values: Mapping[str, NDArray[Any]]) -> None:
        if not len(digests):
            return
        together, first, kind = np.unique(
            np.concatenate([self.digests, digests]), return_index=True, return_inverse=True
        )
        summed = np.zeros((len(together), 2), np.int64)
        np.add.at(summed, kind, np.concatenate([self.counts, counts]))
        self.kept = {
            name: np.concatenate([self.kept.get(name, cells[:0]), cells])[first[:MOST_KINDS]]
            for name, cells in values.items()
        }
        self.digests, self.counts = together[:MOST_KINDS], summed[:MOST_KINDS]


def _features(roles: Roles) -> tuple[str, ...]:
    return tuple(sorted({*roles.features, *(column.name for column in roles.sensitive)}))
