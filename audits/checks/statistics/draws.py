"""What would the counts be if the rows were drawn again, the same draws for every way of grouping them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.intervals import DRAWS, redrawn

# Beyond this many cells the draws are made for each grouping by itself, and those of a grouping in parts: all of them
# together would fill the memory.
MOST_DRAWN = 8_192


@dataclass(frozen=True)
class CellDraws:
    """Bootstrap draws of the counts, or sums of weights, of cells: `drawn` has the shape (n_cells, n_draws).

    A coarser grouping takes the sums of the same draws, so that what is drawn of a group and of its parts agrees, and
    nothing is drawn twice.
    """

    cells: NDArray[np.int64]
    drawn: NDArray[np.float64]

    def summed(self, places: NDArray[np.int64], n_places: int) -> NDArray[np.float64]:
        """The draws added up by the place of each cell, shape (n_places, n_draws)."""
        summed = np.zeros((n_places, self.drawn.shape[1]))
        # Row by row: all of them in the order of their places would be a copy too large for the processor's cache.
        for place, row in zip(places.tolist(), self.drawn, strict=True):
            summed[place] += row
        return summed


def draws_of(
    counts: NDArray[np.int64],
    seed: int | Sequence[int],
    sums: NDArray[np.float64] | None = None,
    squares: NDArray[np.float64] | None = None,
    totals: NDArray[np.int64] | None = None,
) -> CellDraws:
    """Draw the rows again, given flat counts by cell, and with weights their sums and sums of squares.

    `totals` are the rows in each draw where these cells are a part of a larger table. The draws are a function of
    these numbers and the seed alone.
    """
    cells = np.flatnonzero(counts)
    if len(cells) == 0:
        return CellDraws(cells, np.zeros((0, DRAWS)))
    drawn = np.ascontiguousarray(redrawn(counts[cells], seed, totals=totals).T, dtype=np.float64)
    if sums is None or squares is None:
        return CellDraws(cells, drawn)
    # Weights differ inside a cell: a draw of N rows from it sums to about N means, with their spread.
    means = sums[cells] / counts[cells]
    variances = np.maximum(squares[cells] / counts[cells] - means**2, 0.0)
    noise = np.random.default_rng([*(seed if isinstance(seed, Sequence) else (seed,)), 1]).standard_normal(drawn.shape)
    noise *= np.sqrt(drawn * variances[:, None])
    return CellDraws(cells, np.maximum(drawn * means[:, None] + noise, 0.0))
