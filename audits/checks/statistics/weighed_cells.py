"""How many rows does each cell of a table hold, what do they weigh, and how sure is a share of them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.statistics.columns import weights_of
from audits.checks.statistics.draws import draws_of
from audits.checks.statistics.exact_sums import Tally, as_fraction, sums_of_weights
from audits.checks.statistics.intervals import effective_rows, wilson

# Draws are spread over the cells a few at a time: fifty classes squared for each draw are many numbers.
_AT_A_TIME = 100

Array = NDArray[Any]


def tallies_at(places: NDArray[np.int64], batch: pa.RecordBatch, weight: str | None) -> Iterator[tuple[int, Tally]]:
    """The places that occur among the rows of a batch, ascending, and what each holds; `weight` names the column."""
    if weight is None:
        for place, n_rows in zip(*map(np.ndarray.tolist, _counted(places)), strict=True):
            yield place, Tally(n_rows)
        return
    occurring, cells, rows = np.unique(places, return_inverse=True, return_counts=True)
    sums = sums_of_weights(weights_of(batch, weight), cells, len(occurring))
    yield from zip(occurring.tolist(), map(Tally, rows.tolist(), *sums), strict=True)


def _counted(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places that occur, ascending, and how many rows hold each."""
    if places.max(initial=0) >= len(places):
        return np.unique(places, return_counts=True)
    # Fewer places than rows are counted faster than rows are sorted.
    counts = np.bincount(places)
    occurring = np.flatnonzero(counts)
    return occurring, counts[occurring]


class Share(NamedTuple):
    """A share of `rows` rows, exact, with Wilson's interval at Kish's effective rows where rows weigh."""

    rows: int
    value: Fraction | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class WeighedCells:
    """Rows of each cell of a table of any shape, and where these weigh, how much.

    `weights` are exact parts of the whole weight and `squares` parts of its square, so that figures depend neither on
    the unit of the weights nor on how large or small they are.
    """

    rows: Array
    weights: Array | None = None
    squares: Array | None = None

    @classmethod
    def of(cls, tallies: Mapping[tuple[int, ...], Tally], shape: tuple[int, ...], *, weighted: bool) -> Self:
        """A table with these tallies in its cells.

        Raises: CannotMeasure when there are rows, and none of them weighs anything.
        """
        rows = np.zeros(shape, np.int64)
        for place, tally in tallies.items():
            rows[place] = tally.rows
        if not weighted:
            return cls(rows)
        whole = as_fraction(sum(tally.weight for tally in tallies.values()))
        if rows.any() and not whole:
            raise CannotMeasure("No row that can be counted has a weight above zero.")
        weights, squares = np.full(shape, Fraction(0)), np.full(shape, Fraction(0))
        for place, tally in tallies.items() if whole else ():
            weights[place] = as_fraction(tally.weight) / whole
            squares[place] = as_fraction(tally.square) / whole**2
        return cls(rows, weights, squares)

    @cached_property
    def exact(self) -> Array:
        """What figures are worked out from: whole numbers of rows, or parts of the whole weight."""
        return self.rows.astype(object) if self.weights is None else self.weights

    def summed(self, summing: Callable[[Array], Array]) -> WeighedCells:
        """The cells that `summing` adds up from an array of these."""
        if self.weights is None or self.squares is None:
            return WeighedCells(summing(self.rows))
        return WeighedCells(*(np.asarray(summing(cells)) for cells in (self.rows, self.weights, self.squares)))

    def evidence_at(self, place: tuple[int, ...]) -> float:
        """The rows of a cell, or Kish's effective rows where they weigh."""
        if self.squares is None:
            return int(self.rows[place])
        return effective_rows(self.exact[place], self.squares[place])

    def share_of(self, whole: WeighedCells, place: tuple[int, ...]) -> Share:
        """What the cell at this place is of the one that holds it in `whole`."""
        rows, among = int(whole.rows[place]), whole.exact[place]
        if not among:
            return Share(rows, None, None, None)
        value, evidence = Fraction(self.exact[place], among), whole.evidence_at(place)
        return Share(rows, value, *wilson(float(value * Fraction(evidence)), evidence))

    def drawn(self, seed: int) -> Iterator[Array]:
        """The cells in bootstrap draws of all rows, in parts of the shape (n_draws, *shape)."""
        flat = [None if held is None else held.reshape(-1).astype(float) for held in (self.weights, self.squares)]
        draws = draws_of(self.rows.reshape(-1), seed, *flat)
        for start in range(0, draws.drawn.shape[1], _AT_A_TIME):
            some = draws.drawn[:, start : start + _AT_A_TIME]
            spread = np.zeros((some.shape[1], self.rows.size))
            spread[:, draws.cells] = some.T
            yield spread.reshape(-1, *self.rows.shape)
