"""How far are predicted numbers from the true ones in each group, and how are they spread?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import weights_of
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.groups import MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.kept_rows import KeptRows
from audits.checks.statistics.rates import STATES, UNKNOWN
from audits.checks.statistics.regression_sums import numbers_of, powers_of
from audits.checks.statistics.value_table import to_keys

_NAMES = (
    *("label", "label_2", "label_3", "label_4"),
    *("error", "error_2", "error_4", "error_2_label", "error_2_label_2", "absolute"),
)


@dataclass(frozen=True)
class ErrorsOfGroup:
    """One group: sums over its rows with a label, and how often each prediction occurs, labelled or not.

    `predictions` has the shape (n_values,), beside `values`, ascending.
    """

    group: str
    sums: Sums
    values: NDArray[np.float64]
    predictions: NDArray[np.integer[Any]]


@dataclass
class GroupErrors:
    """Exact sums of errors, prediction less label, and counts of predictions, by crossing of the sensitive columns.

    Where rows weigh, the sums are times the weight, and predictions are counted all the same. Every one is told apart
    in up to 2**20 rows, and among more rows up to 4,096 different ones; beyond that close ones share a place and are
    `off_by` so much. Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("prediction",)
    by_attribute: ClassVar[bool] = True
    weighs: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    sums: Sums = field(default_factory=lambda: Sums(_NAMES, 0))
    kept: KeptRows = field(default_factory=KeptRows)
    undecided: int = 0
    unlabelled: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task != "regression":
            raise CannotMeasure("Errors of numbers are measured for a regression task only.")
        sums = Sums.of(_NAMES, 0, weighted=roles.weight is not None)
        return cls(roles, GroupCells(roles.sensitive, MOST_GROUPS_IN_FULL), sums)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (roles.label, roles.prediction, roles.weight, *(column.name for column in roles.sensitive))
        return tuple(name for name in names if name is not None)

    @property
    def n_rows(self) -> int:
        return self.kept.total + self.undecided

    @property
    def off_by(self) -> float:
        """How far below a prediction, at most, the one may lie under which it is counted."""
        return self.kept.off_by

    def add(self, batch: pa.RecordBatch) -> None:
        predictions = numbers_of(batch, str(self.roles.prediction))
        labels = np.full(batch.num_rows, np.nan)
        if self.roles.label is not None:
            labels = numbers_of(batch, self.roles.label)
        cells = self.groups.rows_to_cells(batch)
        self.sums.widen(len(self.groups))
        decided = ~np.isnan(predictions)
        known = decided & ~np.isnan(labels)
        self.undecided += int((~decided).sum())
        self.unlabelled += int((decided & ~known).sum())
        if np.isinf(predictions).any():
            raise CannotMeasure(f'Prediction column "{self.roles.prediction}" holds an infinite number.')
        self.kept.add(to_keys(predictions[decided]), cells[decided] * STATES + UNKNOWN)
        with np.errstate(over="ignore"):
            values = powers_of(labels[known], predictions[known])
        if not all(np.isfinite(array).all() for array in values.values()):
            raise CannotMeasure("An error or its fourth power is too large for a double; rescale label and prediction.")
        weights = None if self.roles.weight is None else weights_of(batch, self.roles.weight)[known]
        self.sums.add({name: values[name] for name in _NAMES}, cells[known], weights)

    def merge(self, other: GroupErrors) -> None:
        moved = self.groups.adopted(other.groups)
        self.sums.widen(len(self.groups))
        for place in range(len(other.groups)):
            self.sums.take(int(moved[place]), other.sums, place)
        self.kept.merge(other.kept, (moved[:, None] * STATES + np.arange(STATES)).ravel())
        self.undecided += other.undecided
        self.unlabelled += other.unlabelled

    def attributes(self, attribute: str | None) -> tuple[str, ...]:
        """The attributes to compare: the one that is named, or every sensitive column."""
        return (attribute,) if attribute is not None else tuple(column.name for column in self.roles.sensitive)

    def by_group(self, attribute: str) -> list[ErrorsOfGroup]:
        """Each group along one column or crossing, groups in their fixed order."""
        group_of, names = self.groups.groups_of_cells(attribute)
        splits = self.kept.entries.split(group_of, names, favourable=1)
        held = group_of[: len(self.groups)]
        return [
            ErrorsOfGroup(
                name, self.sums.of_cells(np.flatnonzero(held == number).tolist()).together(), split.values, split.rows
            )
            for number, (name, split) in enumerate(zip(names, splits, strict=True))
        ]
