"""How do two sets of numbers compare, once each is in ascending order?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The two distribution functions are compared at every so many numbers, and in between only where it may matter.
_STRIDE = 64
_BLOCK = 65_536

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class SortedNumbers:
    """Finite numbers in ascending order: one for each row, or each distinct one with the rows up to it in `ends`."""

    values: Numbers
    ends: Rows | None = None

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.values) if self.ends is None else int(self.ends[-1])

    def upto(self, places: Places) -> Rows:
        """Rows up to and with the values at these places."""
        return np.asarray(places + 1 if self.ends is None else self.ends[places], np.int64)

    def before(self, places: Places) -> Rows:
        """Rows before the values at these places."""
        if self.ends is None:
            return np.asarray(places, np.int64)
        return np.where(places > 0, self.ends[np.maximum(places, 1) - 1], 0)

    def below(self, points: Numbers) -> Rows:
        """Rows with values less than these points."""
        return self._rows(np.searchsorted(self.values, points, side="left"))

    def not_above(self, points: Numbers) -> Rows:
        """Rows with values up to these points."""
        return self._rows(np.searchsorted(self.values, points, side="right"))

    def around(self, points: Numbers) -> tuple[Rows, Rows]:
        """Rows with values less than these points, and those with values up to them."""
        below = np.searchsorted(self.values, points, side="left")
        not_above = below.copy()
        # Few points are among the values of a column of measurements: only those are looked up a second time.
        held = np.flatnonzero(self.values.take(np.minimum(below, len(self.values) - 1)) == points)
        not_above[held] = np.searchsorted(self.values, points[held], side="right")
        return self._rows(below), self._rows(not_above)

    def ranked(self, ranks: Rows) -> Numbers:
        """The values of the rows with these ranks, counted from 0."""
        return self.values[ranks if self.ends is None else np.searchsorted(self.ends, ranks, side="right")]

    def cut(self, ends: Numbers) -> SortedNumbers:
        """The same rows at these ascending values, each at the first one that is not below it, or at the highest."""
        points = np.unique(np.append(ends, self.values[-1]))
        upto = self.not_above(points)
        held = np.diff(upto, prepend=0) > 0
        return SortedNumbers(points[held], upto[held])

    def quantiles(self, shares: Numbers) -> Numbers:
        """Quantiles with linear interpolation between order statistics, as numpy.quantile gives them."""
        positions = (self.total - 1) * shares
        lower = np.floor(positions)
        parts = positions - lower
        below, above = self.ranked(lower.astype(np.int64)), self.ranked(np.ceil(positions).astype(np.int64))
        steps = above - below
        # Interpolating from the nearer end keeps the result between both, as numpy does.
        return np.asarray(np.where(parts < 0.5, below + steps * parts, above - steps * (1 - parts)))

    def commonest(self) -> int:
        """How many rows hold the most frequent number."""
        if self.ends is not None:
            return int(np.diff(self.ends, prepend=0).max())
        changes = self.values[1:] != self.values[:-1]
        if 2 * np.count_nonzero(changes) < len(changes):
            return int(np.diff(np.concatenate([[0], np.flatnonzero(changes) + 1, [len(self.values)]])).max())
        # Few numbers are equal to the one before: the longest stretch of such places, and the number that it begins at.
        equal = np.flatnonzero(~changes)
        ends = np.flatnonzero(np.append(np.diff(equal) != 1, True)) if len(equal) else equal
        return 1 + int(np.diff(ends, prepend=-1).max(initial=0))

    def deviation(self) -> float | None:
        """The standard deviation with n in the denominator; None when it is infinite."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.ends is None:
                deviation = float(self.values.std())
            else:
                shares = np.diff(self.ends, prepend=0) / self.total
                mean = float((self.values * shares).sum())
                deviation = math.sqrt(float((np.square(self.values - mean) * shares).sum()))
        return deviation if math.isfinite(deviation) else None

    def _rows(self, places: Places) -> Rows:
        if self.ends is None:
            return np.asarray(places, np.int64)
        return np.where(places > 0, self.ends[np.maximum(places, 1) - 1], 0)


def farthest_apart(first: SortedNumbers, second: SortedNumbers) -> float:
    """A value up to which the shares of rows differ the most: where Kolmogorov's and Smirnov's distance is reached.

    Shares are compared as whole numbers, so that rounding chooses nothing. Between two places at which both functions
    are known neither can move by more than it has moved at the second one; only where that leaves room for a larger
    difference are the numbers in between looked at.
    """
    few, many = sorted((first, second), key=lambda numbers: len(numbers.values))
    n, m = few.total, many.total

    def apart(places: Places) -> tuple[Rows, Rows, Rows, Rows]:
        """How far the first function is above the second one at these places, and below just before them."""
        points = few.values[places]
        upto, before = few.upto(places), few.before(places)
        below, not_above = many.around(points)
        return upto * m - not_above * n, below * n - before * m, not_above, below

    marks = np.append(np.arange(0, len(few.values) - 1, _STRIDE), len(few.values) - 1)
    over, under, not_above, below = apart(marks)
    most = max(int(over.max()), int(under.max()))
    upto, before = few.upto(marks), few.before(marks)
    room = np.maximum(before[1:] * m - not_above[:-1] * n, below[1:] * n - upto[:-1] * m)
    starts = np.flatnonzero(room > most)
    inside = (marks[starts][:, None] + np.arange(1, _STRIDE)).ravel()
    inside = inside[inside < np.repeat(marks[starts + 1], _STRIDE - 1)]
    places = np.concatenate([marks, inside])
    if len(inside):
        more_over, more_under, _, _ = apart(inside)
        over, under = np.concatenate([over, more_over]), np.concatenate([under, more_under])
    if over.max() >= under.max():
        return float(few.values[places[over.argmax()]])
    point = few.values[places[under.argmax()]]
    # Just before the point: at the next smaller value of either.
    smaller = [
        numbers.values[place - 1]
        for numbers in (few, many)
        if (place := int(np.searchsorted(numbers.values, point, side="left"))) > 0
    ]
    return float(max(smaller))


def area_between(first: SortedNumbers, second: SortedNumbers) -> float | None:
    """The area between the two distribution functions, the distance of Wasserstein; None when it is infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        each = first.ends is None and second.ends is None
        area = _between_rows(first.values, second.values) if each else _between_steps(first, second)
    return area if math.isfinite(area) else None


def _between_rows(first: Numbers, second: Numbers) -> float:
    """The mean distance of equal quantiles.

    A quantile step of the longer table meets one or two of the shorter one; its width is divided among them in whole
    numbers.
    """
    many, few = (first, second) if len(first) >= len(second) else (second, first)
    n, m = len(many), len(few)
    total = 0.0
    for start in range(0, n, _BLOCK):
        values = many[start : start + _BLOCK]
        if n == m:
            total += float(np.abs(values - few[start : start + _BLOCK]).sum()) * m
            continue
        # Whole numbers below 2**53 throughout, which doubles hold exactly and divide faster.
        begins = np.arange(start, start + len(values), dtype=np.float64) * m
        steps = np.floor(begins / n)
        places = steps.astype(np.intp)
        steps += 1
        here = np.minimum(steps * n - begins, m)
        following = few.take(np.minimum(places + 1, m - 1))
        total += float((np.abs(values - few.take(places)) * here).sum())
        total += float((np.abs(values - following) * (m - here)).sum())
    return total / n / m


def _between_steps(first: SortedNumbers, second: SortedNumbers) -> float:
    points = np.union1d(first.values, second.values)
    apart = np.abs(first.not_above(points) * second.total - second.not_above(points) * first.total)
    return float((np.diff(points) * (apart[:-1] / (float(first.total) * float(second.total)))).sum())
