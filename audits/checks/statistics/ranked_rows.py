"""In which order do the scores put the answers to each query, and how relevant is each of them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.hashing import hashed
from audits.checks.statistics.rates import UNKNOWN
from audits.checks.statistics.regression_sums import numbers_of

_ROWS_AT_A_TIME = 2**18

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Rankings:
    """Rows of whole queries, one query after the other, best score first, tied rows by grade.

    `grades` has the shape (n_rows,); `starts` are the places at which the queries begin, ascending, and `ties` those at
    which another score or another query begins.
    """

    grades: Numbers
    ties: Places
    starts: Places

    @property
    def sizes(self) -> Places:
        """Rows of each query, shape (n_queries,)."""
        return np.diff(self.starts, append=len(self.grades))


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
    parts: list[tuple[NDArray[np.uint64], Numbers, Numbers]] = field(default_factory=list)
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
        queries, scores, grades = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        # The batches are let go: otherwise every row would be held twice.
        self.parts = [(queries, scores, grades)]
        order = np.argsort(queries)
        starts = _begins(queries[order])
        # Queries are taken together up to so many rows that what is worked out of them needs little memory.
        blocks = np.unique(starts // _ROWS_AT_A_TIME, return_index=True)[1]
        for first, last in pairwise([*blocks.tolist(), len(starts)]):
            begin, end = starts[first], starts[last] if last < len(starts) else len(order)
            rows = order[begin:end]
            rows = rows[np.lexsort((grades[rows], -scores[rows], queries[rows]))]
            here = starts[first:last] - begin
            fresh = np.zeros(len(rows), bool)
            fresh[_begins(scores[rows])] = True
            fresh[here] = True
            yield Rankings(grades[rows], np.flatnonzero(fresh), here)

    def _grades(self, batch: pa.RecordBatch) -> Numbers:
        if self.favourable is None:
            grades = numbers_of(batch, self.label)
            if (grades < 0).any():
                raise CannotMeasure(f'Column "{self.label}" holds a grade below 0; 0 is not relevant at all.')
            return grades
        classes = classes_of(batch, self.label)
        return np.where(classes == UNKNOWN, np.nan, classes == self.favourable)


def _begins(values: NDArray[Any]) -> Places:
    """The places at which another value than the one before begins."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1]))
