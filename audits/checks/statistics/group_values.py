"""How are the values of each column spread inside each group?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.column_values import ColumnValues
from audits.checks.statistics.columns import column_of
from audits.checks.statistics.groups import MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.values_by_cell import Counts, ValuesByCell, wide


@dataclass
class GroupValues:
    """Rows of every feature, of prediction and score, by value and by group of each sensitive column.

    Each sensitive column sorts the rows by itself, so that memory grows with the number of groups and not with that of
    their crossings. Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("sensitive",)
    by_attribute: ClassVar[bool] = True

    names: tuple[str, ...]
    sorts: tuple[GroupCells, ...]
    rows: int = 0
    sizes: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    by_name: dict[str, ValuesByCell] = field(default_factory=dict)

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        names = ColumnValues.columns(roles)
        sorts = tuple(GroupCells((column,), MOST_GROUPS_IN_FULL) for column in roles.sensitive)
        return cls(names, sorts, by_name={name: ValuesByCell() for name in names})

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*(column.name for column in roles.sensitive), *ColumnValues.columns(roles))))

    @property
    def n_rows(self) -> int:
        return self.rows

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(groups.columns[0].name for groups in self.sorts)

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        places = np.array([self._cells(at, groups.rows_to_cells(batch)) for at, groups in enumerate(self.sorts)])
        self._widen()
        self.sizes += np.bincount(places.ravel(), minlength=len(self.sizes))
        for name, values in self.by_name.items():
            values.add(column_of(batch, name), places, len(self.sizes))

    def merge(self, other: GroupValues) -> None:
        self.rows += other.rows
        moved = np.zeros(len(other.sizes), np.int64)
        for at, groups in enumerate(other.sorts):
            for names, number in groups.named_cells():
                moved[other._cells(at, number)] = self._cells(at, self.sorts[at].adopt(names))
        self._widen()
        np.add.at(self.sizes, moved, other.sizes)
        for name, values in other.by_name.items():
            self.by_name[name].merge(values, moved, len(self.sizes))

    def groups(self, attribute: str) -> dict[str, int]:
        """The cell of each group along a sensitive column that has a row, groups in their fixed order."""
        at = self.attributes.index(attribute)
        cells = {names[0]: self._cells(at, number) for names, number in self.sorts[at].named_cells()}
        return {group: cells[group] for group in self.sorts[at].ordered(0) if group in cells}

    def _cells(self, at: int, numbers: Any) -> Any:
        """The cells of groups, given which sensitive column sorts and the numbers of the groups there."""
        return numbers * len(self.sorts) + at

    def _widen(self) -> None:
        self.sizes = wide(self.sizes, max(map(len, self.sorts)) * len(self.sorts))
