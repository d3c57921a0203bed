"""How can sums of floats come out the same in any order and in any split of the rows?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.statistics.intervals import effective_rows

# Every finite double is a whole number of these units, so sums are sums of integers: no rounding at all.
UNIT_EXPONENT = 1126
_UNIT = 2**UNIT_EXPONENT
_LOW_BITS = 26
_SMALLEST_STEP, _LARGEST_STEP = -1074, 1_000
_WORTH_PICKING = 8
# Sums beside those of the figures, where rows weigh.
_WEIGHT, _SQUARE = "row_weight", "row_weight_2"


def exact_sums(values: NDArray[np.float64], cells: NDArray[np.int64], n_cells: int) -> list[int]:
    """Sum finite `values` by cell, in whole units of 2**-1126.

    Both arrays have the shape (n_rows,); n_rows stays below 2**26, so that the partial sums below are
    whole numbers that a double holds exactly.
    """
    totals = [0] * n_cells
    if len(values) == 0:
        return totals
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64)
    high = whole >> _LOW_BITS
    low = whole - (high << _LOW_BITS)
    smallest = int(exponents.min())
    width = int(exponents.max()) - smallest + 1
    places = cells * width + (exponents - smallest)
    highs = np.bincount(places, weights=high, minlength=n_cells * width)
    lows = np.bincount(places, weights=low, minlength=n_cells * width)
    for place in np.flatnonzero((highs != 0) | (lows != 0)):
        cell, step = divmod(int(place), width)
        amount = (int(highs[place]) << _LOW_BITS) + int(lows[place])
        totals[cell] += amount << (smallest + step - 53 + UNIT_EXPONENT)
    return totals


def exact_sum(values: NDArray[np.float64]) -> int:
    """As `exact_sums` over a single cell, and several times as fast.

    Adding a large number and taking it away again rounds every value to a step, so coarse that the sum of the rounded
    values is exact; the same is done with what was rounded off, until nothing is left. n_rows stays below 2**26.

    Source: Demmel, Nguyen (2013), Fast reproducible floating-point summation, doi:10.1109/ARITH.2013.9.
    """
    total = 0
    if len(values) == 0:
        return total
    rest = values
    reach = math.frexp(max(-float(rest.min()), float(rest.max())))[1]
    bits = len(values).bit_length()
    if reach + bits > _LARGEST_STEP:
        return exact_sums(values, np.zeros(len(values), np.int64), 1)[0]
    while len(rest):
        step = max(reach + bits - 52, _SMALLEST_STEP)
        large = math.ldexp(1.5, 52 + step)
        rounded = rest + large
        rounded -= large
        total += int(math.ldexp(float(rounded.sum()), -step)) << (step + UNIT_EXPONENT)
        rest = np.subtract(rest, rounded, out=rounded)
        reach = step
        left = rest != 0
        # Picking numbers out takes longer than rounding them once more, unless few are left.
        if np.count_nonzero(left) * _WORTH_PICKING < len(rest):
            rest = rest[np.flatnonzero(left)]
    return total


def sums_of_weights(
    weights: NDArray[np.float64], cells: NDArray[np.int64], n_cells: int
) -> tuple[list[int], list[int]]:
    """The exact sums by cell of weights, and of their squares as doubles: what a share and its interval rest on."""
    return exact_sums(weights, cells, n_cells), exact_sums(weights * weights, cells, n_cells)


def exact_products(
    values: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The products of two arrays of shape (n_rows,) as doubles, and what rounding them took away.

    Both together are the products themselves, but for parts below 2**-1074. A product too large for a double is
    infinite.

    Source: Dekker (1971), A floating-point technique for extending the available precision, doi:10.1007/BF01397083.
    """
    (first, up), (second, more) = np.frexp(values), np.frexp(others)
    product = first * second
    (high, low), (other_high, other_low) = _halves(first), _halves(second)
    lost = ((high * other_high - product) + high * other_low + low * other_high) + low * other_low
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(product, up + more), np.ldexp(lost, up + more)


def _halves(mantissas: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Doubles below 1 as sums of two that have half as many bits."""
    high = mantissas * (2.0**27 + 1)
    high -= high - mantissas
    return high, mantissas - high


def as_fraction(total: int) -> Fraction:
    """The exact value of a sum that is held in units."""
    return Fraction(total, _UNIT)


def to_text(total: int) -> str:
    """The sum as a number and a power of two, short enough for a document."""
    if total == 0:
        return "0"
    shift = (total & -total).bit_length() - 1
    return f"{total >> shift}p{shift - UNIT_EXPONENT}"


def from_text(text: str) -> int:
    """Read what `to_text` wrote."""
    number, _, power = text.partition("p")
    return int(number) << (int(power) + UNIT_EXPONENT) if power else int(number)


class Tally(NamedTuple):
    """Rows, and where these weigh the exact sums of their weights and of the squares, in units."""

    rows: int = 0
    weight: int = 0
    square: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(self.rows + other.rows, self.weight + other.weight, self.square + other.square)

    def written(self) -> list[Any]:
        """What is stored of it: the rows alone where these do not weigh."""
        return [self.rows, *map(to_text, self[1:])] if self.square or self.weight else [self.rows]

    @classmethod
    def read(cls, rows: int, *sums: str) -> Self:
        return cls(rows, *map(from_text, sums))


@dataclass
class Sums:
    """Rows, and exact sums of several figures of a row, by cell. Mergeable; equal for any order of rows.

    Where rows weigh, each figure is taken times the weight of its row, and the weights and their squares are summed
    beside the figures. Means are then those of scikit-learn's `sample_weight`, and as evidence count Kish's effective
    rows, so that rows of one weight give the figures and intervals of rows that have none.
    """

    names: tuple[str, ...]
    n_cells: int = 1
    rows: list[int] = field(default_factory=list)
    totals: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = self.rows or [0] * self.n_cells
        self.totals = self.totals or {name: [0] * self.n_cells for name in self.names}

    @classmethod
    def of(cls, names: tuple[str, ...], n_cells: int = 1, *, weighted: bool) -> Self:
        """Sums of no row yet, of rows that weigh or of rows that count once each."""
        return cls((*names, _WEIGHT, _SQUARE) if weighted else names, n_cells)

    def add(
        self,
        values: Mapping[str, NDArray[np.float64]],
        cells: NDArray[np.int64] | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Count finite figures of rows, each of shape (n_rows,) as their weights are."""
        n_rows = len(next(iter(values.values())))
        if weights is not None:
            for name, array in {**values, _WEIGHT: np.ones(n_rows), _SQUARE: weights}.items():
                products, lost = exact_products(array, weights)
                if not np.isfinite(products).all():
                    raise CannotMeasure("A figure times its weight is too large for a double; rescale the weights.")
                self._add(name, products, cells)
                self._add(name, lost, cells)
        else:
            for name, array in values.items():
                self._add(name, array, cells)
        counted = [n_rows] if cells is None else np.bincount(cells, minlength=self.n_cells).tolist()
        self.rows = [a + b for a, b in zip(self.rows, counted, strict=True)]

    def _add(self, name: str, values: NDArray[np.float64], cells: NDArray[np.int64] | None) -> None:
        more = [exact_sum(values)] if cells is None else exact_sums(values, cells, self.n_cells)
        self.totals[name] = [a + b for a, b in zip(self.totals[name], more, strict=True)]

    def merge(self, other: Sums) -> None:
        self.rows = [a + b for a, b in zip(self.rows, other.rows, strict=True)]
        for name, totals in other.totals.items():
            self.totals[name] = [a + b for a, b in zip(self.totals[name], totals, strict=True)]

    def widen(self, n_cells: int) -> None:
        """Make room for cells that turned up later."""
        more = [0] * (n_cells - self.n_cells)
        self.n_cells = max(self.n_cells, n_cells)
        self.rows = self.rows + more
        self.totals = {name: totals + more for name, totals in self.totals.items()}

    def take(self, cell: int, other: Sums, place: int) -> None:
        """Add one cell of other sums to one of these."""
        self.rows[cell] += other.rows[place]
        for name, totals in other.totals.items():
            self.totals[name][cell] += totals[place]

    def of_cells(self, cells: Sequence[int]) -> Sums:
        """These cells alone, in this order."""
        totals = {name: [totals[cell] for cell in cells] for name, totals in self.totals.items()}
        return Sums(self.names, len(cells), [self.rows[cell] for cell in cells], totals)

    def together(self) -> Sums:
        """All cells as one."""
        return Sums(self.names, 1, [sum(self.rows)], {name: [sum(totals)] for name, totals in self.totals.items()})

    @property
    def n(self) -> int:
        return sum(self.rows)

    def total(self, name: str) -> Fraction:
        """The exact sum over all cells."""
        return as_fraction(sum(self.totals[name]))

    def by_cell(self, name: str) -> list[Fraction]:
        return [as_fraction(total) for total in self.totals[name]]

    @property
    def is_weighted(self) -> bool:
        return _WEIGHT in self.totals

    @property
    def weight(self) -> Fraction:
        """What all rows weigh together: the sum of their weights, or their number."""
        return self.total(_WEIGHT) if self.is_weighted else Fraction(self.n)

    @property
    def evidence(self) -> float:
        """The effective number of rows: Kish's of rows that weigh, or their number."""
        return effective_rows(self.weight, self.total(_SQUARE)) if self.is_weighted else self.n

    def held(self) -> list[Tally]:
        """The rows of each cell, and what they weigh."""
        if not self.is_weighted:
            return list(map(Tally, self.rows))
        return list(map(Tally, self.rows, self.totals[_WEIGHT], self.totals[_SQUARE]))

    def mean(self, name: str) -> Fraction:
        return self.total(name) / self.weight

    def variance_of_mean(self, name: str, squares: str) -> float:
        """The squared standard error of a mean, from the sum and the sum of squares."""
        return self.shared_out(self.mean(squares) - self.mean(name) ** 2)

    def shared_out(self, spread: Fraction) -> float:
        """The squared standard error of the mean of a figure whose variance over these rows is `spread`."""
        return float(max(spread, Fraction(0))) / max(self.evidence - 1, 1)

    def to_document(self) -> dict[str, Any]:
        return {"rows": self.rows, "sums": {name: list(map(to_text, self.totals[name])) for name in self.names}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        totals = {name: list(map(from_text, texts)) for name, texts in document["sums"].items()}
        return cls(tuple(totals), len(document["rows"]), list(document["rows"]), totals)
