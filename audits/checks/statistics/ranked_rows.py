"""How relevant is each answer to a query, and where does its score put it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.hashing import hashed
from audits.checks.statistics.rankings import Numbers, Rankings, Rows, joined, rankings
from audits.checks.statistics.rates import UNKNOWN
from audits.checks.statistics.regression_sums import numbers_of


@dataclass
class RankedRows:
    """The query, the score and the grade of every row.

    The grade is 1 for the favourable class of a binary task and 0 for the other, and the label of a regression: a
    number, at least 0. A score speaks for class 1 and is turned round where 0 is favourable. Rows that lack one of the
    three are counted as `incomplete`.

    Mergeable; equal for any batch size and order of rows. The rows of a query may stand anywhere in the table, so that
    memory grows with it: 24 bytes a row, and about 50 while they are put in order. Queries are told apart by digests
    of 64 bits: numbers never share one, two of a million texts do with a chance of 3 in 100 million.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("query", "label", "score")

    query: str
    label: str
    score: str
    favourable: int | None
    parts: list[Rows] = field(default_factory=list)
    incomplete: int = 0
    seed: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task == "multiclass":
            raise CannotMeasure(
                "The grades of a ranking are numbers: declare a regression whose label is the grade, or a binary task."
            )
        return cls(str(roles.query), str(roles.label), str(roles.score), roles.favourable)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.query, roles.label, roles.score) if name is not None)

    @property
    def n_rows(self) -> int:
        return sum(len(grades) for _, _, grades in self.parts) + self.incomplete

    def add(self, batch: pa.RecordBatch) -> None:
        queries = column_of(batch, self.query)
        scores, grades = numbers_of(batch, self.score), self._grades(batch)
        if self.favourable == 0:
            scores = -scores
        known = ~(missing_mask(queries) | np.isnan(scores) | np.isnan(grades))
        self.incomplete += int(np.count_nonzero(~known))
        self.parts.append((hashed(queries)[known], scores[known], grades[known]))

    def merge(self, other: RankedRows) -> None:
        self.parts += other.parts
        self.incomplete += other.incomplete

    def in_order(self) -> Iterator[Rankings]:
        """The rows as rankings, some queries at a time; a table with incomplete rows is refused."""
        if self.incomplete:
            raise CannotMeasure(f"{self.incomplete} of {self.n_rows} rows lack the query, the score or the label.")
        # The batches are let go: otherwise every row would be held twice.
        self.parts = [joined(self.parts)]
        return rankings(self.parts[0])

    def _grades(self, batch: pa.RecordBatch) -> Numbers:
        if self.favourable is None:
            grades = numbers_of(batch, self.label)
            if (grades < 0).any():
                raise CannotMeasure(f'Column "{self.label}" holds a grade below 0; 0 is not relevant at all.')
            return grades
        classes = classes_of(batch, self.label)
        return np.where(classes == UNKNOWN, np.nan, classes == self.favourable)
