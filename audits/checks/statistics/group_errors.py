"""How far are predicted numbers from the true ones in each group, and how are they spread?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles, SensitiveColumn
from audits.checks.statistics.columns import weights_of
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.groups import CROSSED_BY, MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.regression_sums import numbers_of, powers_of
from audits.checks.statistics.value_table import ValueTable

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
    predictions: NDArray[np.int64]


@dataclass
class GroupErrors:
    """Exact sums of errors, prediction less label, and counts of predictions, by crossing of the sensitive columns.

    Where rows weigh, the sums are times the weight, and predictions are counted all the same. These are kept apart up
    to 4,096 distinct ones; beyond that close ones share a place. Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("prediction",)
    by_attribute: ClassVar[bool] = True
    weighs: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    sums: Sums = field(default_factory=lambda: Sums(_NAMES, 0))
    table: ValueTable = field(default_factory=ValueTable)
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
        return self.table.total + self.undecided

    @property
    def is_exact(self) -> bool:
        """Whether every prediction is kept apart from every other."""
        return self.table.is_exact

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
        self.table.add(predictions[decided], cells[decided], max(len(self.groups), 1))
        with np.errstate(over="ignore"):
            values = powers_of(labels[known], predictions[known])
        if not all(np.isfinite(array).all() for array in values.values()):
            raise CannotMeasure("An error or its fourth power is too large for a double; rescale label and prediction.")
        weights = None if self.roles.weight is None else weights_of(batch, self.roles.weight)[known]
        self.sums.add({name: values[name] for name in _NAMES}, cells[known], weights)

    def merge(self, other: GroupErrors) -> None:
        theirs = other.groups.named_cells()
        mine = [self.groups.adopt(names) for names, _ in theirs]
        self.sums.widen(len(self.groups))
        moved = np.zeros((len(other.table.keys), max(len(self.groups), 1)), np.int64)
        for number, (_, place) in zip(mine, theirs, strict=True):
            self.sums.take(number, other.sums, place)
            moved[:, number] = other.table.counts[:, place]
        self.table.merge(ValueTable(other.table.most, other.table.dropped, other.table.keys, moved))
        self.undecided += other.undecided
        self.unlabelled += other.unlabelled

    def attributes(self, attribute: str | None) -> tuple[str, ...]:
        """The attributes to compare: the one that is named, or every sensitive column."""
        return (attribute,) if attribute is not None else tuple(column.name for column in self.roles.sensitive)

    def by_group(self, attribute: str) -> list[ErrorsOfGroup]:
        """Each group along one column or crossing, groups in their fixed order."""
        places = self.groups.places_of(attribute)
        named = self.groups.named_cells()
        found = []
        for group in self.groups.groups_of(places):
            numbers = [number for cell, number in named if tuple(cell[place] for place in places) == group]
            found.append(self._of(CROSSED_BY.join(group), numbers))
        return found

    def to_document(self) -> dict[str, Any]:
        named = self.groups.named_cells()
        numbers = [number for _, number in named]
        wide = np.pad(self.table.counts, ((0, 0), (0, max(0, len(self.groups) - self.table.counts.shape[1]))))
        ordered = ValueTable(self.table.most, self.table.dropped, self.table.keys, wide[:, numbers])
        return {
            "label": self.roles.label,
            "prediction": self.roles.prediction,
            **({} if self.roles.weight is None else {"weight": self.roles.weight}),
            "undecided": self.undecided,
            "unlabelled": self.unlabelled,
            "attributes": [column.to_document() for column in self.roles.sensitive],
            "groups": [list(names) for names, _ in named],
            "errors": self.sums.of_cells(numbers).to_document(),
            "predictions": ordered.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        roles = Roles(
            task="regression",
            label=document["label"],
            prediction=document["prediction"],
            weight=document.get("weight"),
            sensitive=tuple(SensitiveColumn.from_document(column) for column in document["attributes"]),
        )
        errors = cls.empty(roles)
        errors.undecided, errors.unlabelled = document["undecided"], document["unlabelled"]
        for names in document["groups"]:
            errors.groups.adopt(tuple(names))
        errors.sums = Sums.from_document(document["errors"])
        errors.table = ValueTable.from_document(document["predictions"], len(document["groups"]) or 1)
        return errors

    def _of(self, group: str, numbers: Sequence[int]) -> ErrorsOfGroup:
        counts = np.zeros(len(self.table.keys), np.int64)
        for number in numbers:
            if number < self.table.counts.shape[1]:
                counts += self.table.counts[:, number]
        return ErrorsOfGroup(group, self.sums.of_cells(numbers).together(), self.table.values(), counts)
