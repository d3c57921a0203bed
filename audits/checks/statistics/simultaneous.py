"""How wide must intervals be to hold for all groups together, and what then bounds the largest gap?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.grouping import GroupRate
from audits.checks.statistics.intervals import LEVEL, Interval, two_sided

_PAIRS_AT_ONCE = 2**20


def joint_level(
    drawn: Sequence[NDArray[np.float64]], estimates: Sequence[NDArray[np.float64]], level: float = LEVEL
) -> float | None:
    """The level of each single interval at which those of all groups, and of all their differences, hold together.

    Each pair of arrays is one rate: `drawn` of shape (n_draws, n_groups) from the same bootstrap draws, `estimates` of
    shape (n_groups,). In every draw the largest deviation of a group, or of a difference between two, is taken in units
    of its own spread; the `level` quantile of these maxima replaces the quantile of the normal distribution. It is
    kept between that of a single interval and Bonferroni's. None when too many draws are undefined.

    Source: Montiel Olea, Plagborg-Møller (2019), Simultaneous confidence bands, Journal of Applied Econometrics 34,
    doi:10.1002/jae.2656, algorithm 1; Westfall, Young (1993), Resampling-Based Multiple Testing.
    """
    sets = [_standardised(one, at) for one, at in zip(drawn, estimates, strict=True)]
    undefined = np.any([one.undefined for one in sets], axis=0)
    lowest, highest = (np.max(bounds, axis=0) for bounds in zip(*map(_bounds, sets), strict=True))
    # Only the largest maxima make the quantile, so that pairs are compared in those draws alone that may be among them.
    defined = np.flatnonzero(~undefined)
    if len(defined):
        place = math.floor((len(defined) - 1) * level)
        least = np.partition(lowest[defined], place)[place]
        asked = defined[highest[defined] >= least]
        lowest[asked] = np.max([_largest(one, asked) for one in sets], axis=0)
    maxima = np.where(undefined, np.nan, lowest)
    return _level(maxima, sum(len(at) * (len(at) + 1) // 2 for at in estimates), level)


def joint_level_of(drawn: NDArray[np.float64], estimates: NDArray[np.float64], level: float = LEVEL) -> float | None:
    """As `joint_level`, for figures of shape (n_draws, n_figures) that are not compared with each other."""
    one = _standardised(drawn, estimates)
    maxima = np.abs(one.scores).max(axis=0)
    return _level(np.where(one.undefined, np.nan, maxima), len(estimates), level)


def difference_of(first: GroupRate, second: GroupRate) -> tuple[float, float]:
    """Bounds of one rate minus another of other people, by the square-and-add method of `largest_difference`."""
    value, low, high = _columns((first, second))
    below, above = (value - low) ** 2, (high - value) ** 2
    apart = float(value[0] - value[1])
    return apart - math.sqrt(below[0] + above[1]), apart + math.sqrt(above[0] + below[1])


def _level(maxima: NDArray[np.float64], figures: int, level: float) -> float | None:
    defined = maxima[~np.isnan(maxima)]
    if len(defined) < 0.95 * len(maxima):
        return None
    normal = NormalDist()
    single = two_sided(level)
    bonferroni = normal.inv_cdf(1 - (1 - level) / (2 * figures))
    critical = min(max(float(np.quantile(defined, level)), single), bonferroni)
    return 2 * normal.cdf(critical) - 1


def largest_difference(groups: Sequence[GroupRate]) -> Interval:
    """Bounds of the largest difference between two groups, from intervals of the groups that hold together.

    Whichever two groups are truly furthest apart, their difference is at least every pair's lower bound and at most
    the largest upper one. The bounds of a pair come from those of its groups by the square-and-add method.

    Source: Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in
    Medicine 17, method 10; Zou, Donner (2008), doi:10.1002/sim.3095.
    """
    value, low, high = _columns(groups)
    below, above = (value - low) ** 2, (high - value) ** 2
    least, most = 0.0, -math.inf
    for some in _rows_at_a_time(len(value)):
        apart = value[some, None] - value[None, :]
        least = max(least, float((apart - np.sqrt(below[some, None] + above[None, :])).max()))
        most = max(most, float((apart + np.sqrt(above[some, None] + below[None, :])).max()))
    return least, _finite(most)


def ratios_to_highest(groups: Sequence[GroupRate]) -> list[Interval]:
    """Bounds of each group's rate over the highest one, from intervals of the groups that hold together.

    Whichever group truly has the highest rate, the ratio to it is the smallest of the ratios to all groups.

    Source: Donner, Zou (2012), Closed-form confidence intervals for functions of the normal mean and standard
    deviation, Statistical Methods in Medical Research 21, doi:10.1177/0962280210383082.
    """
    value, low, high = _columns(groups)
    if not np.isfinite(high).all():
        return [(None, None)] * len(value)
    found: list[Interval] = []
    for some in _rows_at_a_time(len(value)):
        product = value[some, None] * value[None, :]
        above, below = (low * (2 * value - low))[some, None], (high * (2 * value - high))[None, :]
        root = np.sqrt(np.maximum(product**2 - above * below, 0.0))
        lows = np.divide(above, product + root, out=np.zeros(product.shape), where=product + root > 0)
        above, below = (high * (2 * value - high))[some, None], (low * (2 * value - low))[None, :] + 0 * product
        root = np.sqrt(np.maximum(product**2 - above * below, 0.0))
        # A divisor whose interval reaches 0 leaves the ratio without an upper bound.
        highs = np.divide(product + root, below, out=np.full(product.shape, math.inf), where=below > 0)
        # No ratio to the highest rate is above one, that of the highest group itself is one.
        own = np.arange(len(product)), np.arange(len(value))[some]
        lows[own] = highs[own] = 1.0
        found += [(max(0.0, float(one.min())), float(other.min())) for one, other in zip(lows, highs, strict=True)]
    return found


def _rows_at_a_time(n_groups: int) -> Iterator[slice]:
    """Groups to compare with all groups at a time, so that a comparison fits in memory."""
    step = max(1, _PAIRS_AT_ONCE // n_groups)
    yield from (slice(start, start + step) for start in range(0, n_groups, step))


# Differences that are worked out in one go, few enough to stay in the processor's cache.
_MOST_AT_ONCE = 2**17


@dataclass(frozen=True)
class _Standardised:
    """Deviations of shape (n_figures, n_draws) in units of their `spreads`, and the draws where one is undefined."""

    scores: NDArray[np.float32]
    spreads: NDArray[np.float32]
    undefined: NDArray[np.bool_]


def _standardised(drawn: NDArray[np.float64], estimates: NDArray[np.float64]) -> _Standardised:
    deviations = np.ascontiguousarray((drawn.T - estimates[:, None]).astype(np.float32))
    undefined = np.asarray(np.isnan(deviations).any(axis=0))
    if undefined.any():
        deviations[:, undefined] = 0.0
    variances = np.einsum("ij,ij->i", deviations, deviations) / deviations.shape[1]
    spreads = _root(variances)
    deviations /= spreads[:, None]
    return _Standardised(deviations, np.where(np.isfinite(spreads), spreads, np.float32(0.0)), undefined)


def _bounds(one: _Standardised) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each draw a value that the largest deviation reaches, and one that it cannot exceed.

    Two deviations of one sign differ by less than the larger; of opposite signs, by Cauchy and Schwarz, by no more
    than the root of the sum of their squares.
    """
    top, bottom = one.scores.argmax(axis=0), one.scores.argmin(axis=0)
    draws = np.arange(one.scores.shape[1])
    above, below = one.scores[top, draws], one.scores[bottom, draws]
    first, second = one.spreads[top], one.spreads[bottom]
    together = _over(above * first - below * second, np.sqrt(first * first + second * second))
    single = np.maximum(np.abs(above), np.abs(below))
    most = np.hypot(np.maximum(above, 0), np.minimum(below, 0))
    # A hair more for the rounding of single precision.
    return np.maximum(single, together), np.maximum(single, most) * np.float32(1.0001)


def _largest(one: _Standardised, draws: NDArray[np.intp]) -> NDArray[np.float32]:
    """The largest deviation of a figure or of a difference between two, in these draws."""
    scores = one.scores[:, draws]
    deviations = scores * one.spreads[:, None]
    variances = one.spreads * one.spreads
    spreads = _root(variances[:, None] + variances)
    maxima = np.abs(scores).max(axis=0)
    size = max(1, _MOST_AT_ONCE // max(scores.size, 1))
    for start in range(0, len(scores), size):
        # Each figure of the block against all after its first one: every pair is met, some of them twice.
        block = slice(start, start + size)
        apart = deviations[block, None] - deviations[start:]
        np.abs(apart, out=apart)
        apart /= spreads[block, start:, None]
        np.maximum(maxima, apart.max(axis=(0, 1)), out=maxima)
    return np.asarray(maxima)


def _over(values: NDArray[np.float32], divisors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.divide(values, divisors, out=np.zeros_like(values), where=divisors > 0)


def _root(variances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviations; a figure that never varies in the draws deviates by nothing."""
    return np.sqrt(np.where(variances > 0, variances, np.float32(np.inf)))


def _columns(groups: Sequence[GroupRate]) -> tuple[NDArray[np.float64], ...]:
    return (
        np.array([float(group.value or 0) for group in groups]),
        np.array([0.0 if group.low is None else group.low for group in groups]),
        np.array([math.inf if group.high is None else group.high for group in groups]),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
