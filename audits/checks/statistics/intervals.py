"""How far may a figure be from what a larger sample would show?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
DRAWS = 2_000
# The bins of twenty columns of two tables take half of this.
_MOST_KEPT = 32 * 1024 * 1024

Interval = tuple[float | None, float | None]

_kept: dict[tuple[bytes, int], NDArray[np.int64]] = {}


def wilson(successes: float, trials: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval for a proportion; undefined when there are no trials.

    Source: Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference, JASA 22.
    """
    if trials <= 0:
        return None, None
    low, high = wilsons(np.array([successes], np.float64), np.array([trials], np.float64), level)
    return float(low[0]), float(high[0])


def wilsons(
    successes: NDArray[np.float64], trials: NDArray[np.float64], level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's intervals of many proportions, each with at least one trial: bounds of shape (n_proportions,)."""
    z = two_sided(level)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = z / (1 + z * z / trials) * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    # At the ends of the range rounding would leave 1e-17 where the formula gives exactly 0 or 1.
    low = np.where(successes <= 0, 0.0, np.maximum(0.0, centre - reach))
    return low, np.where(successes >= trials, 1.0, np.minimum(1.0, centre + reach))


@lru_cache
def two_sided(level: float = LEVEL) -> float:
    """How many standard deviations a normal interval of this level reaches to either side."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def effective_rows(weights: Fraction, squares: Fraction) -> float:
    """As how many rows of one weight these tell as much, from sums of weights above zero and of their squares.

    Unequal weights carry less evidence than as many equal ones. Weights so small that their squares are 0 as doubles
    count as the least evidence there is.

    Source: Kish (1965), Survey Sampling, section 11.7.
    """
    return float(weights**2 / squares) if squares else 1.0


def mean_of_shares(shares: Sequence[tuple[float, float | None, float | None]]) -> Interval:
    """The interval of the mean of independent shares, each given with its own interval: (value, low, high).

    Source: Zou, Donner (2008), Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27, doi:10.1002/sim.3095.
    """
    below, above = 0.0, 0.0
    for value, low, high in shares:
        if low is None or high is None:
            return None, None
        below += (value - low) ** 2
        above += (high - value) ** 2
    mean = sum(value for value, _, _ in shares) / len(shares)
    return max(0.0, mean - math.sqrt(below) / len(shares)), min(1.0, mean + math.sqrt(above) / len(shares))


def percentile(draws: NDArray[np.float64], estimate: float, level: float = LEVEL) -> Interval:
    """The percentile interval of a bootstrap figure of shape (n_draws,), widened to hold the estimate.

    A figure that cannot fall below its ideal, such as a gap between the extreme groups or an index of stability, is
    drawn away from it by chance alone. Near the ideal the plain percentiles then leave the estimate outside, and an
    interval without its own estimate says nothing that anybody could use.

    NaN is an undefined draw. When more than one draw in twenty is undefined the interval would describe other tables
    than this one, so there is none.
    """
    defined = draws[~np.isnan(draws)]
    if len(defined) < 0.95 * len(draws) or len(defined) == 0:
        return None, None
    low, high = np.quantile(defined, [0.5 - level / 2, 0.5 + level / 2])
    return min(float(low), estimate), max(float(high), estimate)


def redrawn(
    counts: NDArray[np.int64],
    seed: int | Sequence[int],
    draws: int = DRAWS,
    totals: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Counts of `draws` bootstrap samples, shape (draws, n_cells); `totals` are the rows of each where they differ.

    Drawing n rows with replacement and counting them by cell *is* a multinomial draw over the cells,
    so this costs the same for a thousand rows and for ten million.
    """
    total = int(counts.sum())
    generator = np.random.default_rng(seed)
    return generator.multinomial(total if totals is None else totals, counts / total, size=draws)


def redrawn_once(counts: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """As `redrawn`, for counts that one check after another draws again: what is drawn is kept, and read alone.

    Drawing takes longer than all else that is done with the bins of a column.
    """
    asked = counts.tobytes(), seed
    if asked not in _kept:
        drawn = redrawn(counts, seed)
        drawn.flags.writeable = False
        # Every check begins with the same columns, so that the latest draws make room, not the first.
        while _kept and sum(one.nbytes for one in _kept.values()) + drawn.nbytes > _MOST_KEPT:
            _kept.popitem()
        _kept[asked] = drawn
    return _kept[asked]


def dkw_reach(first: int, second: int, level: float = LEVEL) -> float:
    """How far a two-sample Kolmogorov-Smirnov distance can be from the true one at this level.

    Source: Massart (1990), The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz Inequality, Annals of
    Probability 18(3); half the error is allowed to each sample.
    """
    share = (1 - level) / 2
    return sum(math.sqrt(math.log(2 / share) / (2 * size)) for size in (first, second))
