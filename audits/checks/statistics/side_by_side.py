"""Which few figures of a column tell how it differs from the same column of another table?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.sorted_numbers import SortedNumbers, area_between, farthest_apart
from audits.checks.statistics.value_table import ValueTable, to_keys

AREA, COMMONEST = "area", "commonest"
DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class SideBySide:
    """What is worked out from all numbers of a column while they are at hand.

    `edges` are the distinct deciles of the reference, shape (n_edges,). `widest` is the largest number of
    rows of this table that share a step, 0 while every number is kept: no share of rows up to a value is
    off by more.

    The others take another look at all numbers and are None unless a check asks for them: `commonest` is how
    many rows hold the most frequent number; with `AREA`, `deviation` is the standard deviation and
    `wasserstein` the area between the two distribution functions, both in units of the column, None also
    when it is infinite or there is no second table.
    """

    edges: NDArray[np.float64]
    widest: int
    commonest: int | None = None
    deviation: float | None = None
    wasserstein: float | None = None

    def to_document(self) -> dict[str, Any]:
        return {**vars(self), "edges": self.edges.tolist()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{**document, "edges": np.array(document["edges"], np.float64)})


def laid_out(
    tables: Sequence[SortedNumbers], *, is_rounded: bool, inside: Sequence[int] = (), asked: Collection[str] = ()
) -> list[tuple[ValueTable, SideBySide]]:
    """Cut one or two tables of numbers, the reference last, at the same few thresholds.

    The thresholds hold the deciles of the reference and the value at which the two distribution
    functions are farthest apart, so that the distance of Kolmogorov and Smirnov and the counts between
    deciles are the same in the cells as in all the numbers. `is_rounded` tells that numbers share steps, `inside` how
    many rows of each table may lie before the end of a cell that stands for them, `asked` which of `AREA` and
    `COMMONEST` are worked out.
    """
    reference = tables[-1]
    edges = np.unique(reference.quantiles(DECILES))
    area, apart = None, []
    if len(tables) > 1:
        # Between the ends of cells nothing is known of the one table, so that there is nothing to look at in the other.
        compared = [table.cut(reference.values) for table in tables] if any(inside) else tables
        area, apart = area_between(*compared) if AREA in asked else None, [farthest_apart(*compared)]
    highest = max(table.values[-1] for table in tables)
    thresholds = np.unique(np.concatenate([edges, apart, [highest]]))
    found = []
    for table, hidden in zip(tables, inside or [0] * len(tables), strict=True):
        commonest = table.commonest() if is_rounded or COMMONEST in asked else None
        counts = np.diff(table.not_above(thresholds), prepend=0)
        cells = ValueTable(keys=to_keys(thresholds)[counts > 0], counts=counts[counts > 0][:, None])
        widest = hidden + (commonest or 0 if is_rounded else 0)
        deviation = table.deviation() if AREA in asked else None
        found.append((cells, SideBySide(edges, widest, commonest, deviation, area)))
    return found
