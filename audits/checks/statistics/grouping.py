"""What do the counts along one attribute say about each of its groups?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.exact_sums import as_fraction
from audits.checks.statistics.intervals import DRAWS, LEVEL, mean_of_shares, redrawn, wilson
from audits.checks.statistics.rates import PAIRS, MeanOfRates, Rate


@dataclass(frozen=True)
class GroupRate:
    """One rate of one group: `n` rows in the denominator, and no value when there are none."""

    group: str
    n: int
    value: Fraction | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Grouping:
    """The counts seen along one attribute, along a crossing, or over everybody.

    `counts` has the shape (n_groups, 3, 3): group, label, prediction, each 0, 1 or unknown.
    With a weight column `weights` and `squares` hold exact sums of the weights and their squares.
    """

    attribute: str
    groups: tuple[str, ...]
    counts: NDArray[np.int64]
    favourable: int
    seed: int
    weights: tuple[tuple[int, ...], ...] | None = None
    squares: tuple[tuple[int, ...], ...] | None = None

    def merged(self, parts: Sequence[NDArray[np.bool_]]) -> Grouping:
        """The counts of several groups taken as one, for each mask over the groups."""

        def summed(sums: tuple[tuple[int, ...], ...] | None) -> tuple[tuple[int, ...], ...] | None:
            if sums is None:
                return None
            return tuple(tuple(map(sum, zip(*(sums[g] for g in np.flatnonzero(part)), strict=True))) for part in parts)

        return replace(
            self,
            groups=tuple(" or ".join(self.groups[g] for g in np.flatnonzero(part)) for part in parts),
            counts=np.array([self.counts[part].sum(axis=0) for part in parts]),
            weights=summed(self.weights),
            squares=summed(self.squares),
        )

    def rates(self, rate: Rate | MeanOfRates, level: float = LEVEL) -> list[GroupRate]:
        """The rate of every group with an interval; the value is exact.

        A share has Wilson's interval. A ratio of two disjoint counts has Wilson's interval of the first count's share
        in both, turned back into a ratio. A mean of shares has the interval of Zou and Donner.
        """
        if isinstance(rate, MeanOfRates):
            return [
                self._mean_of(parts) for parts in zip(*(self.rates(part, level) for part in rate.parts), strict=True)
            ]
        return [self._rate_of(place, rate, level) for place in range(len(self.groups))]

    def drawn_rates(self, rate: Rate | MeanOfRates) -> NDArray[np.float64]:
        """The rate of every group in each bootstrap draw, shape (n_draws, n_groups); NaN is undefined."""
        if isinstance(rate, MeanOfRates):
            return np.asarray(np.mean([self.drawn_rates(part) for part in rate.parts], axis=0))
        chosen, among = self.drawn_sums(rate.numerator), self.drawn_sums(rate.denominator)
        return np.divide(chosen, among, out=np.full(among.shape, np.nan), where=among > 0)

    def drawn_sums(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Rows, or the sum of their weights, of every group and the marked pairs in each draw: (n_draws, n_groups)."""
        pairs, drawn = self._draws
        return np.asarray(drawn[mask.ravel()[pairs]].sum(axis=0))

    def total(self, mask: NDArray[np.bool_]) -> Fraction:
        """Rows, or the sum of their weights, over all groups and the marked pairs."""
        return sum(self.totals(mask), Fraction(0))

    def totals(self, mask: NDArray[np.bool_]) -> list[Fraction]:
        """Rows, or the sum of their weights, of every group over the marked pairs."""
        return [self._sum(place, mask) for place in range(len(self.groups))]

    def rows(self, mask: NDArray[np.bool_]) -> int:
        """Rows over all groups and the marked pairs, whatever they weigh."""
        return int(self.counts[:, mask].sum())

    @cached_property
    def _draws(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The pairs that occur, and the bootstrap draws of every group's counts: (n_pairs, n_draws, n_groups)."""
        flat = self.counts.reshape(-1)
        cells = np.flatnonzero(flat)
        pairs = np.unique(cells % PAIRS)
        drawn = np.zeros((len(pairs), DRAWS, len(self.groups)))
        if len(cells):
            by_cell = self._drawn_cells(cells, flat[cells])
            for place, pair in enumerate(pairs):
                held = cells % PAIRS == pair
                drawn[place][:, cells[held] // PAIRS] = by_cell[:, held]
        return pairs, drawn

    def _drawn_cells(self, cells: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        drawn = redrawn(counts, self.seed).astype(float)
        if self.weights is None or self.squares is None:
            return drawn
        # Weights differ inside a cell: a draw of N rows from it sums to about N means, with their spread.
        sums = np.array([float(as_fraction(self.weights[c // PAIRS][c % PAIRS])) for c in cells])
        squares = np.array([float(as_fraction(self.squares[c // PAIRS][c % PAIRS])) for c in cells])
        means = sums / counts
        variances = np.maximum(squares / counts - means**2, 0.0)
        noise = np.random.default_rng([self.seed, 1]).standard_normal(drawn.shape)
        return np.maximum(drawn * means + np.sqrt(drawn * variances) * noise, 0.0)

    def _rate_of(self, place: int, rate: Rate, level: float) -> GroupRate:
        n = int(self.counts[place][rate.rows].sum())
        chosen, among = self._sum(place, rate.numerator), self._sum(place, rate.denominator)
        if among == 0:
            return GroupRate(self.groups[place], n, None, None, None)
        value = chosen / among
        whole = self._sum(place, rate.rows)
        low, high = wilson(*self._evidence(place, rate, chosen / whole, n, whole), level)
        if not rate.is_share:
            low, high = _odds(low), _odds(high)
        return GroupRate(self.groups[place], n, value, low, high)

    @staticmethod
    def _mean_of(parts: tuple[GroupRate, ...]) -> GroupRate:
        values = [part.value for part in parts if part.value is not None]
        n = min(part.n for part in parts)
        if len(values) < len(parts):
            return GroupRate(parts[0].group, n, None, None, None)
        low, high = mean_of_shares([(float(part.value or 0), part.low, part.high) for part in parts])
        return GroupRate(parts[0].group, n, sum(values, Fraction(0)) / len(values), low, high)

    def _evidence(self, place: int, rate: Rate, share: Fraction, n: int, whole: Fraction) -> tuple[float, float]:
        """Successes and trials that Wilson's interval rests on."""
        if self.squares is None:
            return float(share * n), n
        flat = rate.rows.ravel()
        squares = as_fraction(sum(s for s, counted in zip(self.squares[place], flat, strict=True) if counted))
        # Kish's effective sample size: unequal weights carry less evidence than as many equal ones.
        effective = float(whole**2 / squares)
        return float(share) * effective, effective

    def _sum(self, place: int, mask: NDArray[np.bool_]) -> Fraction:
        if self.weights is None:
            return Fraction(int(self.counts[place][mask].sum()))
        flat = mask.ravel()
        return as_fraction(sum(w for w, counted in zip(self.weights[place], flat, strict=True) if counted))


def _odds(share: float | None) -> float | None:
    return None if share is None or share >= 1 else share / (1 - share)
