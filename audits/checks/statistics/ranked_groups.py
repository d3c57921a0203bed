"""Which group does each answer to a query belong to, and where does its score put it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.groups import MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.hashing import hashed
from audits.checks.statistics.rankings import Rankings, Rows, joined, rankings
from audits.checks.statistics.regression_sums import numbers_of


@dataclass
class RankedGroups:
    """The query, the score and the full crossing of the sensitive columns of every row.

    A score speaks for class 1 and is turned round where 0 is favourable. Rows that lack the query or the score are
    counted as `incomplete`. Mergeable; equal for any batch size and order of rows. Memory grows with the table: 24
    bytes a row, and about 50 while they are put in order.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("query", "score", "sensitive")
    by_attribute: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    parts: list[Rows] = field(default_factory=list)
    incomplete: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(roles, GroupCells(roles.sensitive, MOST_GROUPS_IN_FULL))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (roles.query, roles.score, *(column.name for column in roles.sensitive))
        return tuple(name for name in names if name is not None)

    @property
    def n_rows(self) -> int:
        return sum(len(cells) for _, _, cells in self.parts) + self.incomplete

    def add(self, batch: pa.RecordBatch) -> None:
        queries = column_of(batch, str(self.roles.query))
        scores = numbers_of(batch, str(self.roles.score))
        if self.roles.favourable == 0:
            scores = -scores
        known = ~(missing_mask(queries) | np.isnan(scores))
        self.incomplete += int(np.count_nonzero(~known))
        self.parts.append((hashed(queries)[known], scores[known], self.groups.rows_to_cells(batch)[known]))

    def merge(self, other: RankedGroups) -> None:
        mine = self.groups.adopted(other.groups)
        self.parts += [(queries, scores, mine[cells]) for queries, scores, cells in other.parts]
        self.incomplete += other.incomplete

    def in_order(self) -> Iterator[Rankings]:
        """The rows as rankings of their cells; a table with incomplete rows is refused."""
        if self.incomplete:
            raise CannotMeasure(f"{self.incomplete} of {self.n_rows} rows lack the query or the score.")
        # The batches are let go: otherwise every row would be held twice.
        self.parts = [joined(self.parts)]
        return rankings(self.parts[0])

    def by_group(self, attribute: str) -> tuple[NDArray[np.int64], list[str]]:
        """Which group along one column or crossing each cell belongs to, and the names of the groups."""
        return self.groups.groups_of_cells(attribute)
