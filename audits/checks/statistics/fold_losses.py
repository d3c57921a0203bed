"""How large are the errors in each part of a cross-validation?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_texts, column_of
from audits.checks.statistics.exact_sums import as_fraction, exact_sums, from_text, to_text
from audits.checks.statistics.regression_sums import numbers_of

MOST_FOLDS = 1_000


@dataclass
class FoldLosses:
    """Rows and the exact sum of their losses by fold: 1 for a wrong class, the absolute error of a number.

    Rows without fold, label or prediction are counted as `incomplete`. Mergeable; equal for any batch size and order
    of rows. Every row counts once, whatever it weighs.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label", "prediction", "fold")

    task: str
    names: tuple[str, str, str]
    folds: dict[str, tuple[int, int]] = field(default_factory=dict)
    incomplete: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(roles.task, (str(roles.label), str(roles.prediction), str(roles.fold)))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.label, roles.prediction, roles.fold) if name is not None)

    @property
    def n_rows(self) -> int:
        return sum(rows for rows, _ in self.folds.values()) + self.incomplete

    def mean(self, fold: str) -> Fraction:
        """The mean loss of a fold."""
        rows, total = self.folds[fold]
        return as_fraction(total) / rows

    def add(self, batch: pa.RecordBatch) -> None:
        texts, codes = as_texts(column_of(batch, self.names[2]))
        losses = self._losses(batch)
        named = np.array([text is not None for text in texts], bool)[codes]
        known = named & ~np.isnan(losses)
        self.incomplete += int(np.count_nonzero(~known))
        if not np.isfinite(losses[known]).all():
            raise CannotMeasure("An error is too large for a double; rescale the columns.")
        places = np.asarray(codes)[known]
        rows = np.bincount(places, minlength=len(texts)).tolist()
        totals = exact_sums(losses[known], places, len(texts))
        for text, n, total in zip(texts, rows, totals, strict=True):
            if text is not None and n:
                self._count(text, n, total)

    def merge(self, other: FoldLosses) -> None:
        self.incomplete += other.incomplete
        for fold, (rows, total) in other.folds.items():
            self._count(fold, rows, total)

    def to_document(self) -> dict[str, Any]:
        folds = {fold: [rows, to_text(total)] for fold, (rows, total) in sorted(self.folds.items())}
        return {"task": self.task, "names": list(self.names), "folds": folds, "incomplete": self.incomplete}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        label, prediction, fold = document["names"]
        folds = {name: (rows, from_text(total)) for name, (rows, total) in document["folds"].items()}
        return cls(document["task"], (label, prediction, fold), folds, document["incomplete"])

    def _losses(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """The loss of each row, NaN where label or prediction is missing."""
        label, prediction, _ = self.names
        if self.task == "regression":
            with np.errstate(over="ignore"):
                return np.abs(numbers_of(batch, prediction) - numbers_of(batch, label))
        (trues, rows), (given, columns) = (as_texts(column_of(batch, name)) for name in (label, prediction))
        table = np.array([[np.nan if None in (t, g) else float(t != g) for g in given] for t in trues])
        return table.reshape(len(trues), len(given))[rows, columns]

    def _count(self, fold: str, rows: int, total: int) -> None:
        known_rows, known_total = self.folds.get(fold, (0, 0))
        self.folds[fold] = known_rows + rows, known_total + total
        if len(self.folds) > MOST_FOLDS:
            raise CannotMeasure(f'Column "{self.names[2]}" has more than {MOST_FOLDS} folds.')
