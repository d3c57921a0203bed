"""How well do counts at ascending scores put one kind of people above another?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.blocks import blocks
from audits.checks.statistics.intervals import LEVEL, wilson

Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve with its interval, undefined without both kinds of people.

    `slack` is how far off the value may be at most when the scores of a place differ; the interval includes it.
    """

    value: Fraction | None
    slack: Fraction
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Compared:
    """How favourable and other cases stand to each other.

    `value` is the chance that a favourable case stands above another one, ties counted half, undefined without both;
    `ties` half the share of ties; `variance` DeLong's, None with fewer than two of either.
    """

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


def compared(positives: Rows, negatives: Rows) -> Compared:
    """Compare counts of shape (n_values,), scores ascending.

    Source: Hanley, McNeil (1982), doi:10.1148/radiology.143.1.7063747, for the area; DeLong, DeLong, Clarke-Pearson
    (1988), Biometrics 44, doi:10.2307/2531595, for the variance, by the placements of each kind among the other.
    """
    n, m = int(positives.sum()), int(negatives.sum())
    pairs = n * m
    if pairs == 0:
        return Compared(n, m, None, Fraction(0), None)
    if 2 * pairs >= 2**63:
        # No sum is larger; beyond 64 bits Python's own integers count on.
        positives, negatives = positives.astype(object), negatives.astype(object)
    placed = _placed(negatives)
    value = Fraction(_products(positives, placed), 2 * pairs)
    ties = Fraction(_products(positives, negatives), 2 * pairs)
    if n < 2 or m < 2:
        return Compared(n, m, value, ties, None)
    of_positives = _spread(positives, placed, 2 * m, float(value)) / (n - 1)
    of_negatives = _spread(negatives, _placed(positives), 2 * n, float(1 - value)) / (m - 1)
    return Compared(n, m, value, ties, of_positives / n + of_negatives / m)


def _placed(others: Rows) -> Rows:
    """Twice the number of others that are below a score, or as often half of those that are at it."""
    # Rows that are told apart one by one are no more than 2**20, whose places need 32 bits.
    placed = others.astype(np.int32 if others.dtype == np.int8 else others.dtype)
    np.cumsum(placed, out=placed)
    placed *= 2
    placed -= others
    return placed


def _products(one: Rows, other: Rows) -> int:
    return sum(int((one[part] * other[part]).sum()) for part in blocks(len(one)))


def _spread(kind: Rows, placed: Rows, whole: int, mean: float) -> float:
    """The sum of squares of how far the shares at which cases of a kind are placed are from their mean."""
    return math.fsum(float((kind[part] * (placed[part] / whole - mean) ** 2).sum()) for part in blocks(len(kind)))


def area_with_interval(positives: Rows, negatives: Rows, *, exact: bool, level: float = LEVEL) -> Area:
    """The area of counts of shape (n_values,), scores ascending, with the interval of `Compared.area`."""
    return compared(positives, negatives).area(exact=exact, level=level)
