"""What do the counts along one attribute say about each of its groups?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.draws import MOST_DRAWN, CellDraws, draws_of
from audits.checks.statistics.exact_sums import Tally, as_fraction
from audits.checks.statistics.intervals import DRAWS, LEVEL, effective_rows, mean_of_shares, redrawn, wilson, wilsons
from audits.checks.statistics.rates import PAIRS, MeanOfRates, Rate

_DRAWN_AT_ONCE = 4_096


class GroupRate(NamedTuple):
    """One rate of one group: `n` rows in the denominator, and no value when there are none."""

    group: str
    n: int
    value: Fraction | None
    low: float | None
    high: float | None

    @property
    def estimate(self) -> float | None:
        """The value as the nearest double."""
        return None if self.value is None else self.value.numerator / self.value.denominator


@dataclass(frozen=True)
class _Part:
    """Which part of a larger grouping this is, and how many rows fall into it in each draw, shape (n_draws,)."""

    place: int
    totals: NDArray[np.int64]


@dataclass(frozen=True)
class Grouping:
    """The counts seen along one attribute, along a crossing, or over everybody.

    `counts` has the shape (n_groups, 3, 3): group, label, prediction, each 0, 1 or unknown.
    With a weight column `weights` and `squares` hold exact sums of the weights and their squares. `finest` gives
    the draws of the finest grouping, and the group here of each group there, where the draws come from those.
    Thousands of groups are drawn in parts, each a grouping of its own: first how many rows fall into which part, then
    the rows of each. That is the same draw, and only one part is in memory at a time.
    """

    attribute: str
    groups: tuple[str, ...]
    counts: NDArray[np.int64]
    favourable: int
    seed: int
    weights: tuple[tuple[int, ...], ...] | None = None
    squares: tuple[tuple[int, ...], ...] | None = None
    finest: Callable[[], tuple[CellDraws, NDArray[np.int64]]] | None = field(default=None, compare=False)
    part: _Part | None = field(default=None, compare=False)

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
            finest=None,
        )

    def rates(self, rate: Rate | MeanOfRates, level: float = LEVEL) -> list[GroupRate]:
        """The rate of every group with an interval; the value is exact.

        A share has Wilson's interval. A ratio of two disjoint counts has Wilson's interval of the first count's share
        in both, turned back into a ratio. A mean of shares has the interval of Zou and Donner.
        """
        key = (*_key(rate), level)
        if key not in self._known_rates:
            self._known_rates[key] = self._rates(rate, level)
        return self._known_rates[key]

    def drawn_rates(self, rate: Rate | MeanOfRates) -> NDArray[np.float64]:
        """The rate of every group in each bootstrap draw, shape (n_draws, n_groups); NaN is undefined."""
        if self._is_drawn_in_parts:
            return np.concatenate([part.drawn_rates(rate) for part in self._parts()], axis=1)
        if isinstance(rate, MeanOfRates):
            return np.asarray(sum(self.drawn_rates(part) for part in rate.parts) / len(rate.parts))
        chosen, among = self.drawn_sums(rate.numerator).T, self.drawn_sums(rate.denominator).T
        if among.size and among.min() > 0:
            return (chosen / among).T
        return np.divide(chosen, among, out=np.full(among.shape, np.nan), where=among > 0).T

    def drawn_sums(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Rows, or the sum of their weights, of every group and the marked pairs in each draw: (n_draws, n_groups).

        Nobody may change the array: that of a single pair is the one that was drawn.
        """
        if self._is_drawn_in_parts:
            return np.concatenate([part.drawn_sums(mask) for part in self._parts()], axis=1)
        pairs, by_pair = self._draws
        marked = [by_pair[place] for place in np.flatnonzero(mask.ravel()[pairs])]
        return (reduce(np.add, marked) if marked else np.zeros((len(self.groups), DRAWS))).T

    def total(self, mask: NDArray[np.bool_]) -> Fraction:
        """Rows, or the sum of their weights, over all groups and the marked pairs."""
        return sum(self.totals(mask), Fraction(0))

    def totals(self, mask: NDArray[np.bool_]) -> list[Fraction]:
        """Rows, or the sum of their weights, of every group over the marked pairs."""
        return [self._sum(place, mask) for place in range(len(self.groups))]

    def held(self) -> list[Tally]:
        """All rows of every group, and what they weigh."""
        rows = self.counts.sum(axis=(1, 2)).tolist()
        if self.weights is None or self.squares is None:
            return list(map(Tally, rows))
        return [Tally(n, sum(w), sum(s)) for n, w, s in zip(rows, self.weights, self.squares, strict=True)]

    def rows(self, mask: NDArray[np.bool_]) -> int:
        """Rows over all groups and the marked pairs, whatever they weigh."""
        return int(self.counts[:, mask].sum())

    @cached_property
    def _known_rates(self) -> dict[tuple[object, ...], list[GroupRate]]:
        return {}

    @cached_property
    def _known_values(self) -> dict[tuple[object, ...], list[Fraction | None]]:
        """The rates of unweighted rows, which are the same at any level."""
        return {}

    @cached_property
    def _draws(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The pairs that occur, and the bootstrap draws of every group's counts: (n_pairs, n_groups, n_draws)."""
        rows = None
        if self.finest is not None:
            drawn, rows = self.finest()
        else:
            sums, squares = map(_as_floats, (self.weights, self.squares))
            seed, totals = (
                (self.seed, None) if self.part is None else ((self.seed, 3, self.part.place), self.part.totals)
            )
            drawn = draws_of(self.counts.reshape(-1), seed, sums, squares, totals)
        places, pairs = np.divmod(drawn.cells, PAIRS)
        occurring, kinds = np.unique(pairs, return_inverse=True)
        n_groups = len(self.groups)
        summed = drawn.summed(kinds * n_groups + (places if rows is None else rows[places]), len(occurring) * n_groups)
        return occurring, summed.reshape(len(occurring), n_groups, DRAWS)

    @property
    def _is_drawn_in_parts(self) -> bool:
        return self.finest is None and self.part is None and bool(np.count_nonzero(self.counts) > MOST_DRAWN)

    def _parts(self) -> Iterator[Grouping]:
        """The groups in parts that are small enough to be drawn at once."""
        cells = np.cumsum(np.count_nonzero(self.counts.reshape(len(self.groups), -1), axis=1))
        bounds = np.searchsorted(cells, np.arange(_DRAWN_AT_ONCE, int(cells[-1]), _DRAWN_AT_ONCE), side="right")
        spans = [(low, high) for low, high in pairwise([0, *bounds.tolist(), len(self.groups)]) if low < high]
        rows = np.array([self.counts[low:high].sum() for low, high in spans])
        totals = redrawn(rows, (self.seed, 2))
        for place, (low, high) in enumerate(spans):
            yield replace(
                self,
                groups=self.groups[low:high],
                counts=self.counts[low:high],
                weights=None if self.weights is None else self.weights[low:high],
                squares=None if self.squares is None else self.squares[low:high],
                part=_Part(place, totals[:, place]),
            )

    def _rates(self, rate: Rate | MeanOfRates, level: float) -> list[GroupRate]:
        if isinstance(rate, MeanOfRates):
            return [
                self._mean_of(parts) for parts in zip(*(self.rates(part, level) for part in rate.parts), strict=True)
            ]
        if self.weights is not None:
            return [self._rate_of(place, rate, level) for place in range(len(self.groups))]
        counts = self.counts.reshape(-1, PAIRS)
        chosen, among, rows = (
            counts[:, mask.ravel()].sum(axis=1) for mask in (rate.numerator, rate.denominator, rate.rows)
        )
        ends = [column.tolist() for column in wilsons(chosen, np.maximum(rows, 1), level)]
        if not rate.is_share:
            ends = [[_odds(share) for share in column] for column in ends]
        key = _key(rate)
        if key not in self._known_values:
            parts = zip(chosen.tolist(), among.tolist(), strict=True)
            self._known_values[key] = [Fraction(part, whole) if whole else None for part, whole in parts]
        return [
            GroupRate(group, n, None, None, None) if value is None else GroupRate(group, n, value, low, high)
            for group, n, value, low, high in zip(
                self.groups, rows.tolist(), self._known_values[key], *ends, strict=True
            )
        ]

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
        low, high = mean_of_shares([(part.estimate or 0.0, part.low, part.high) for part in parts])
        # One fraction, where adding one to the other makes one each time.
        whole = math.prod(value.denominator for value in values)
        summed = sum(value.numerator * (whole // value.denominator) for value in values)
        return GroupRate(parts[0].group, n, Fraction(summed, whole * len(values)), low, high)

    def _evidence(self, place: int, rate: Rate, share: Fraction, n: int, whole: Fraction) -> tuple[float, float]:
        """Successes and trials that Wilson's interval rests on."""
        if self.squares is None:
            return float(share * n), n
        flat = rate.rows.ravel()
        squares = as_fraction(sum(s for s, counted in zip(self.squares[place], flat, strict=True) if counted))
        effective = effective_rows(whole, squares)
        return float(share) * effective, effective

    def _sum(self, place: int, mask: NDArray[np.bool_]) -> Fraction:
        if self.weights is None:
            return Fraction(int(self.counts[place][mask].sum()))
        flat = mask.ravel()
        return as_fraction(sum(w for w, counted in zip(self.weights[place], flat, strict=True) if counted))


def _key(rate: Rate | MeanOfRates) -> tuple[object, ...]:
    """What tells one rate from another: which pairs it counts."""
    if isinstance(rate, MeanOfRates):
        return tuple(map(_key, rate.parts))
    return rate.numerator.tobytes(), rate.denominator.tobytes()


def _as_floats(sums: tuple[tuple[int, ...], ...] | None) -> NDArray[np.float64] | None:
    if sums is None:
        return None
    return np.array([float(as_fraction(amount)) for group in sums for amount in group])


def _odds(share: float | None) -> float | None:
    return None if share is None or share >= 1 else share / (1 - share)
