"""How are the figures of many units spread, in so few numbers that they can be stored?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.exact_sums import as_fraction, exact_sums, from_text, to_text
from audits.checks.statistics.intervals import Interval, percentile, redrawn

MOST_VALUES = 64


@dataclass(frozen=True)
class Spread:
    """Units by the figure that each of them has, a number in [-1, 1]: how many, and the exact sum of their figures.

    Up to 64 different figures stand each for itself. More of them share steps of 1/32; sum and mean stay exact, and a
    bootstrap of the units then takes each as the mean of its step, which narrows an interval by less than three parts
    in a thousand where the standard deviation of the figures is a fifth or more.
    """

    units: tuple[int, ...]
    totals: tuple[int, ...]

    @classmethod
    def of(cls, figures: NDArray[np.float64]) -> Self:
        """The spread of figures of shape (n_units,)."""
        distinct, cells = np.unique(figures, return_inverse=True)
        if len(distinct) > MOST_VALUES:
            _, cells = np.unique(np.floor(figures * (MOST_VALUES // 2)), return_inverse=True)
        n_cells = int(cells.max(initial=-1)) + 1
        totals = exact_sums(figures, cells, n_cells)
        return cls(tuple(np.bincount(cells, minlength=n_cells).tolist()), tuple(totals))

    @property
    def n(self) -> int:
        return sum(self.units)

    @cached_property
    def mean(self) -> Fraction | None:
        """The mean over the units; None without any."""
        return as_fraction(sum(self.totals)) / self.n if self.n else None

    def interval(self, seed: int) -> Interval:
        """The percentile interval of the mean when the units are drawn again."""
        if self.mean is None:
            return None, None
        means = [float(as_fraction(total) / n) for n, total in zip(self.units, self.totals, strict=True)]
        drawn = redrawn(np.array(self.units, np.int64), seed) @ np.array(means) / self.n
        return percentile(drawn, float(self.mean))

    def to_document(self) -> list[list[Any]]:
        return [[n, to_text(total)] for n, total in zip(self.units, self.totals, strict=True)]

    @classmethod
    def from_document(cls, document: Sequence[Sequence[Any]]) -> Self:
        return cls(tuple(n for n, _ in document), tuple(from_text(total) for _, total in document))
