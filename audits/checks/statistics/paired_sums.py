"""How do two versions compare on the same rows?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_texts, column_of
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.regression_sums import numbers_of

BOTH_WRONG, ONLY_NEW, ONLY_LIVE, BOTH_RIGHT = range(4)


@dataclass
class PairedSums:
    """The losses of a version and of the live one, row by row, over rows with a label.

    For classes `sums` counts rows in four cells: both wrong, only the new one right, only the live one right,
    both right; the loss is 1 for a wrong class. For a regression there is one cell, the loss is the absolute
    error, and `difference` is that of the new version less that of the live one. Mergeable; equal for any
    batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label", "prediction", "incumbent")

    task: str
    names: tuple[str, str, str]
    sums: Sums
    incomplete: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        n_cells = 1 if roles.task == "regression" else 4
        names = (str(roles.label), str(roles.prediction), str(roles.incumbent))
        return cls(roles.task, names, Sums(("new", "live", "difference", "difference_2"), n_cells))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(n for n in (roles.label, roles.prediction, roles.incumbent) if n is not None)

    @property
    def n_rows(self) -> int:
        return self.sums.n + self.incomplete

    def add(self, batch: pa.RecordBatch) -> None:
        new, live, known = self._of_numbers(batch) if self.task == "regression" else self._of_classes(batch)
        self.incomplete += int((~known).sum())
        new, live = new[known], live[known]
        cells = None if self.task == "regression" else ((1 - new) + 2 * (1 - live)).astype(np.int64)
        difference = new - live
        with np.errstate(over="ignore"):
            squares = difference * difference
        if not np.isfinite(squares).all():
            raise CannotMeasure("A squared difference of errors is too large for a double; rescale the columns.")
        self.sums.add({"new": new, "live": live, "difference": difference, "difference_2": squares}, cells)

    def merge(self, other: PairedSums) -> None:
        self.sums.merge(other.sums)
        self.incomplete += other.incomplete

    def to_document(self) -> dict[str, Any]:
        return {**vars(self), "names": list(self.names), "sums": self.sums.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        label, prediction, incumbent = document["names"]
        sums = Sums.from_document(document["sums"])
        return cls(document["task"], (label, prediction, incumbent), sums, document["incomplete"])

    def _of_numbers(self, batch: pa.RecordBatch) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        label, new, live = (numbers_of(batch, name) for name in self.names)
        with np.errstate(over="ignore"):
            losses = np.abs(new - label), np.abs(live - label)
        return *losses, ~np.isnan(losses[0]) & ~np.isnan(losses[1])

    def _of_classes(self, batch: pa.RecordBatch) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        numbers: dict[str | None, int] = {None: -1}
        label, new, live = (_numbered(batch, name, numbers) for name in self.names)
        known = (label >= 0) & (new >= 0) & (live >= 0)
        return (new != label).astype(float), (live != label).astype(float), known


def _numbered(batch: pa.RecordBatch, name: str, numbers: dict[str | None, int]) -> NDArray[np.int64]:
    """The class of each row as a number that is the same for the same text in every column of the batch."""
    texts, codes = as_texts(column_of(batch, name))
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)[codes]
