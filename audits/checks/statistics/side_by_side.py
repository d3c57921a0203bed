"""Which few figures of a column tell how it differs from the same column of another table?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.value_table import ValueTable, from_keys

# Cells of about equal weight that are kept to show where a distribution moved; no figure rests on them.
_SHOWN = np.arange(1, 33) / 32
_DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class SideBySide:
    """What is worked out from all numbers of a column while they are at hand.

    `edges` are the distinct deciles of the reference, shape (n_edges,). `widest` is the largest number of
    rows of this table that share a step, 0 while every number is kept: no share of rows up to a value is
    off by more. `commonest` is how many rows hold the most frequent number. `deviation` is the standard
    deviation and `wasserstein` the area between the two distribution functions, both in units of the
    column; None when it is infinite or there is no second table.
    """

    edges: NDArray[np.float64]
    widest: int
    commonest: int
    deviation: float | None
    wasserstein: float | None

    def to_document(self) -> dict[str, Any]:
        return {**vars(self), "edges": self.edges.tolist()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(**{**document, "edges": np.array(document["edges"], np.float64)})


def laid_out(tables: Sequence[ValueTable]) -> list[tuple[ValueTable, SideBySide]]:
    """Cut one or two tables of numbers, the reference last, at the same few thresholds.

    The thresholds hold the deciles of the reference and the value at which the two distribution
    functions are farthest apart, so that the distance of Kolmogorov and Smirnov and the counts between
    deciles are the same in the cells as in all the numbers.
    """
    level = max(table.dropped for table in tables)
    level_tables = [table.at_level(level) for table in tables]
    keys = np.sort(np.concatenate([table.keys for table in level_tables]))
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    below = np.vstack([_below(table, keys) for table in level_tables])
    values, totals = from_keys(keys), below[:, -1]
    pooled = below.sum(axis=0)
    edges = np.unique(quantiles(level_tables[-1], _DECILES))
    shown = values[np.searchsorted(pooled, np.ceil(_SHOWN * pooled[-1]))]
    # Whole numbers, so that equal shares are equal: rounding would choose among ties by chance.
    apart = np.abs(below[0] * totals[-1] - below[-1] * totals[0])
    thresholds = np.unique(np.concatenate([edges, shown, values[[int(apart.argmax()), -1]]]))
    area = _finite(np.diff(values), apart[:-1] / (float(totals[0]) * float(totals[-1]))) if len(tables) > 1 else None
    return [
        (
            table.thinned(thresholds),
            SideBySide(
                edges=edges,
                widest=int(table.counts.max()) if level else 0,
                commonest=int(table.counts.max()),
                deviation=_deviation(table),
                wasserstein=area,
            ),
        )
        for table in level_tables
    ]


def quantiles(table: ValueTable, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles with linear interpolation between order statistics, as numpy.quantile gives them."""
    ends = np.cumsum(table.counts[:, 0])
    positions = (int(ends[-1]) - 1) * shares
    lower = np.floor(positions)
    parts = positions - lower
    values = table.values()
    below = values[np.searchsorted(ends, lower, side="right")]
    above = values[np.searchsorted(ends, np.ceil(positions), side="right")]
    steps = above - below
    # Interpolating from the nearer end keeps the result between both, as numpy does.
    return np.asarray(np.where(parts < 0.5, below + steps * parts, above - steps * (1 - parts)))


def _below(table: ValueTable, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Rows up to each key, shape (n_keys,)."""
    ends = np.append(0, np.cumsum(table.counts[:, 0]))
    return ends[np.searchsorted(table.keys, keys, side="right")]


def _deviation(table: ValueTable) -> float | None:
    values, counts = table.values(), table.counts[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float((values * (counts / counts.sum())).sum())
        variance = _finite(np.square(values - mean), counts / counts.sum())
    return None if variance is None else math.sqrt(variance)


def _finite(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    with np.errstate(over="ignore", invalid="ignore"):
        total = float((values * weights).sum())
    return total if math.isfinite(total) else None
