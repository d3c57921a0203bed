"""In which parts of a table, by several features at once, are decisions wrong most often?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.error_tree import leaves
from audits.checks.statistics.row_kinds import RowKinds
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
    kinds: RowKinds = field(init=False)
    fitted: int = 0
    found: tuple[Segment, ...] = ()

    def __post_init__(self) -> None:
        self.kinds = RowKinds(_features(self.roles), MOST_KINDS, sorts=2)

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
        self.kinds.add(batch, np.where(told.known, told.right, -1))

    def merge(self, other: ErrorSample) -> None:
        self.n_rows += other.n_rows
        self.undecided += other.undecided
        self.unlabelled += other.unlabelled
        self.kinds.merge(other.kinds)

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
        fitted = np.random.default_rng(0).binomial(self.kinds.counts, 0.5)
        judged = self.kinds.counts - fitted
        found = [
            Segment("", name, *map(int, judged[inside].sum(axis=0)))
            for name, inside in (leaves(self.kinds.values, fitted) if self.kinds.values else [])
        ]
        small = type(self)(self.roles, self.n_rows, self.undecided, self.unlabelled)
        small.fitted, small.found = int(fitted.sum()), tuple(found)
        return small


def _features(roles: Roles) -> tuple[str, ...]:
    return tuple(sorted({*roles.features, *(column.name for column in roles.sensitive)}))
