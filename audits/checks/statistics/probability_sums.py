"""How near are probabilities to what came true?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_numbers, column_of, kind_of, weights_of
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.rates import UNKNOWN

BINS = 10
_NAMES = ("score", "brier", "brier_squared", "log", "log_squared")
# sklearn.metrics.log_loss clips probabilities at the spacing of doubles.
_SMALLEST = float(np.finfo(np.float64).eps)


@dataclass
class ProbabilitySums:
    """Exact sums over rows with a score and a label, by tenth of the score and by label.

    The score speaks for class 1. Cells are numbered bin * 2 + label; bin k holds scores from k/10 to under
    (k+1)/10, the last one 1 as well. Where rows weigh, the sums are times the weight. Mergeable; equal for any batch
    size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("score", "label")
    weighs: ClassVar[bool] = True

    label: str
    score: str
    sums: Sums = field(default_factory=lambda: Sums(_NAMES, 2 * BINS))
    unscored: int = 0
    unlabelled: int = 0
    outside: int = 0
    seed: int = 0
    weight: str | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task != "binary":
            raise CannotMeasure("Probabilities of class 1 need a binary task.")
        sums = Sums.of(_NAMES, 2 * BINS, weighted=roles.weight is not None)
        return cls(str(roles.label), str(roles.score), sums, weight=roles.weight)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.label, roles.score, roles.weight) if name is not None)

    @property
    def n_rows(self) -> int:
        return self.sums.n + self.unscored + self.unlabelled + self.outside

    def add(self, batch: pa.RecordBatch) -> None:
        column = column_of(batch, self.score)
        if kind_of(column.type) != "number":
            raise CannotMeasure(f'Score column "{self.score}" does not hold numbers.')
        scores, labels = as_numbers(column), classes_of(batch, self.label)
        is_scored = ~np.isnan(scores)
        is_known = is_scored & (labels != UNKNOWN)
        is_inside = is_known & (scores >= 0) & (scores <= 1)
        self.unscored += int((~is_scored).sum())
        self.unlabelled += int((is_scored & ~is_known).sum())
        self.outside += int((is_known & ~is_inside).sum())
        scores, labels = scores[is_inside], labels[is_inside]
        brier = np.square(scores - labels)
        given = np.clip(np.where(labels == 1, scores, 1 - scores), _SMALLEST, 1 - _SMALLEST)
        log = -np.log(given)
        cells = np.minimum((scores * BINS).astype(np.int64), BINS - 1) * 2 + labels
        figures = {"score": scores, "brier": brier, "brier_squared": brier**2, "log": log, "log_squared": log**2}
        self.sums.add(figures, cells, None if self.weight is None else weights_of(batch, self.weight)[is_inside])

    def merge(self, other: ProbabilitySums) -> None:
        self.sums.merge(other.sums)
        self.unscored += other.unscored
        self.unlabelled += other.unlabelled
        self.outside += other.outside

    def to_document(self) -> dict[str, Any]:
        told = {**vars(self), "sums": self.sums.to_document()}
        if self.weight is None:
            del told["weight"]
        return told

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{**document, "sums": Sums.from_document(document["sums"])})
