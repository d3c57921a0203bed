"""How far apart are two sets of counts in the same bins, and is that more than chance?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.drift import Binned
from audits.checks.statistics.intervals import Interval, percentile, redrawn_once
from audits.checks.statistics.tails import chi_square_tail

Counts = NDArray[Any]


def jensen_shannon(first: Counts, second: Counts) -> Counts:
    """The root of the Jensen-Shannon divergence to base 2 of counts of shape (..., n_bins), from 0 to 1."""
    p, q = _shares(first), _shares(second)
    middle = (p + q) / 2
    divergence = (_entropy_terms(p, middle) + _entropy_terms(q, middle)).sum(axis=-1) / 2
    return np.asarray(np.sqrt(np.clip(divergence, 0.0, 1.0)))


def hellinger(first: Counts, second: Counts) -> Counts:
    """The Hellinger distance of counts of shape (..., n_bins), from 0 to 1."""
    # The sum of squared differences keeps its digits where one less the overlap would lose them.
    roots = np.sqrt(_shares(first)) - np.sqrt(_shares(second))
    return np.asarray(np.sqrt(np.square(roots).sum(axis=-1) / 2))


def cramers_v(first: Counts, second: Counts) -> Counts:
    """Association of table and bin, from 0 to 1, for counts of shape (..., n_bins)."""
    return np.asarray(np.sqrt(_chi_square(first, second) / (first.sum(axis=-1) + second.sum(axis=-1))))


def chi_square_p_value(bins: Binned) -> float:
    """The p-value of Pearson's test that both tables come from one distribution; 1 for a single bin."""
    used = int(((bins.current + bins.reference) > 0).sum())
    if used < 2:
        return 1.0
    return chi_square_tail(float(_chi_square(bins.current, bins.reference)), used - 1)


def redrawn_interval(bins: Binned, distance: Any) -> Interval:
    """A percentile interval from 2,000 multinomial draws of both tables; a function of the counts alone."""
    draws = distance(redrawn_once(bins.current, 0), redrawn_once(bins.reference, 1))
    return percentile(draws, float(distance(bins.current, bins.reference)))


def _shares(counts: Counts) -> Counts:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


def _entropy_terms(p: Counts, middle: Counts) -> Counts:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray(p * np.log2(ratio))


def _chi_square(first: Counts, second: Counts) -> Counts:
    pooled = first + second
    n, m = (counts.sum(axis=-1, keepdims=True) for counts in (first, second))
    total = n + m
    terms = np.zeros(pooled.shape)
    for counts, size in ((first, n), (second, m)):
        expected = pooled * (size / total)
        terms += np.divide((counts - expected) ** 2, expected, out=np.zeros(pooled.shape), where=expected > 0)
    return np.asarray(terms.sum(axis=-1))
