"""How well do counts at ascending scores put one kind of people above another?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.intervals import LEVEL, wilson


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve with its interval, undefined without both kinds of people.

    `slack` is how far off the value may be at most when the scores of a place differ; the interval includes it.
    """

    value: Fraction | None
    slack: Fraction
    low: float | None = None
    high: float | None = None


def area_under(positives: NDArray[np.int64], negatives: NDArray[np.int64]) -> tuple[Fraction | None, Fraction]:
    """The chance that a positive stands above a negative, ties counted half, and half the share of ties.

    Both counts have the shape (n_values,), scores ascending.

    Source: Hanley, McNeil (1982), doi:10.1148/radiology.143.1.7063747.
    """
    pairs = int(positives.sum()) * int(negatives.sum())
    if pairs == 0:
        return None, Fraction(0)
    up, down = positives.astype(object), negatives.astype(object)
    below = np.cumsum(down) - down
    wins, ties = int((up * below).sum()), int((up * down).sum())
    return Fraction(2 * wins + ties, 2 * pairs), Fraction(ties, 2 * pairs)


@dataclass(frozen=True)
class Compared:
    """How favourable and other cases stand to each other: the area, the half of the ties, DeLong's variance."""

    positives: int
    negatives: int
    value: Fraction | None
    ties: Fraction
    variance: float | None

    def area(self, *, exact: bool, level: float = LEVEL) -> Area:
        """The area with Wilson's interval at the number of trials that has the variance of DeLong's estimate.

        An area of 0 or 1 has no variance in the sample; the smaller of the two counts is then the number of trials, so
        that three people who are told apart are no proof. With scores that share places both ends move out by the
        slack.
        """
        if self.value is None:
            return Area(None, Fraction(0))
        slack = Fraction(0) if exact else self.ties
        spread = float(self.value * (1 - self.value))
        trials = spread / self.variance if self.variance and spread else float(min(self.positives, self.negatives))
        low, high = wilson(float(self.value) * trials, trials, level)
        if low is None or high is None:
            return Area(self.value, slack)
        return Area(self.value, slack, max(0.0, low - float(slack)), min(1.0, high + float(slack)))


def compared(positives: NDArray[np.int64], negatives: NDArray[np.int64]) -> Compared:
    """Compare counts of shape (n_values,), scores ascending."""
    value, ties = area_under(positives, negatives)
    variance = None if value is None else delong_variance(positives, negatives)
    return Compared(int(positives.sum()), int(negatives.sum()), value, ties, variance)


def area_with_interval(
    positives: NDArray[np.int64], negatives: NDArray[np.int64], *, exact: bool, level: float = LEVEL
) -> Area:
    """The area of counts of shape (n_values,), scores ascending, with the interval of `Compared.area`."""
    return compared(positives, negatives).area(exact=exact, level=level)


def delong_variance(positives: NDArray[np.int64], negatives: NDArray[np.int64]) -> float | None:
    """The variance of the area by the placements of each kind among the other; None with fewer than two of either.

    Source: DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44, doi:10.2307/2531595.
    """
    n, m = int(positives.sum()), int(negatives.sum())
    if n < 2 or m < 2:
        return None
    placed = (np.cumsum(negatives) - negatives / 2) / m
    beaten = (n - np.cumsum(positives) + positives / 2) / n
    area = float((positives * placed).sum() / n)
    of_positives = float((positives * (placed - area) ** 2).sum() / (n - 1))
    of_negatives = float((negatives * (beaten - area) ** 2).sum() / (m - 1))
    return of_positives / n + of_negatives / m
