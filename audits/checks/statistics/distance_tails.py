"""How likely are two samples of one distribution to lie this far apart, by the distance of Kolmogorov and Smirnov?

The chances of scipy.stats.ks_2samp and kstwo, without what they load: importing that takes longer than comparing twenty
columns of a million rows.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

# The ways through the grid of two samples are counted up to so many rows each.
_MOST_COUNTED = 10_000
# Doubles reach from 2**-1022 to 2**1023: how far apart the numbers in a row of the grid may be, and all in one unit.
_MOST_BITS, _ALL_BITS, _HIGHEST_BIT = 1_900, 2_000, 1_000
# Up to so many rows one sample is counted too: where it is close to its distribution, or it is as small as this.
_MOST_MULTIPLIED, _SMALL = 100_000, 140
# Of a sum over places of a smooth term so many are added up within one deviation of its peak.
_PER_DEVIATION = 50
_STIRLING_FROM = 16


def two_sample_tail(distance: Fraction, n: int, m: int) -> float:
    """The chance that samples of n and m rows are this far apart or farther, as scipy.stats.ks_2samp.

    Exact up to 10,000 rows each, unless it is below 1e-20, which doubles cannot count. Otherwise it is the chance of
    one sample with as much evidence.
    """
    few, many = sorted((n, m))
    found = _share_of_ways(int(distance * n * m), few, many) if many <= _MOST_COUNTED else None
    return one_sample_tail(float(distance), round(n * m / (n + m))) if found is None else found


def one_sample_tail(distance: float, n: int) -> float:
    """The chance that a sample of n rows is this far from its distribution or farther; as scipy.stats.kstwo.sf.

    Exact up to 140 rows and, up to 100,000, where the distance is small; otherwise off by less than two parts in a
    million, as that is.

    Source: Simard, L'Ecuyer (2011), doi:10.18637/jss.v039.i11.
    """
    square = n * distance**2
    if (n <= _SMALL and square <= 4) or (n <= _MOST_MULTIPLIED and n * distance**1.5 <= 1.4):
        chance = 1 - _within(distance, n)
    elif n > _SMALL and square < 2.2:
        chance = _expanded(distance * math.sqrt(n), n)
    else:
        # To be above as well as below is this unlikely: twice the chance of being above is as good.
        chance = 2 * _above(distance, n)
    return min(1.0, max(0.0, chance))


def _within(distance: float, n: int) -> float:
    """The chance that a sample of n rows is less far from its distribution everywhere.

    Source: Marsaglia, Tsang, Wang (2003), Evaluating Kolmogorov's Distribution, doi:10.18637/jss.v008.i18.
    """
    k = math.floor(n * distance) + 1
    rest, size = k - n * distance, 2 * k - 1
    i, j = np.indices((size, size))
    steps = (i - j + 1 >= 0).astype(float)
    ends = rest ** np.arange(1.0, size + 1)
    steps[:, 0] -= ends
    steps[-1] -= ends[::-1]
    steps[-1, 0] += max(0.0, 2 * rest - 1) ** size
    factorials = np.cumprod(np.append(1.0, np.arange(1.0, size + 1)))
    # n! / n**n is e**-n but for what the logarithm of n! has more; so no power of the matrix grows.
    steps /= math.e * factorials[np.maximum(i - j + 1, 0)]
    return float(np.linalg.matrix_power(steps, n)[k - 1, k - 1] * np.exp(_rest(np.array(n))))


def _expanded(scaled: float, n: int) -> float:
    """An expansion in powers of 1 / sqrt(n), of which the first term is Kolmogorov's limit.

    Source: Pelz, Good (1976), Approximating the Lower Tail-Areas of the Kolmogorov-Smirnov One-Sample Statistic,
    Journal of the Royal Statistical Society B 38.
    """
    if scaled < 0.05:
        return 1.0
    k = np.arange(1.0, 6.2 / scaled + 2)
    odd = k % 2
    first, second = k**2 - odd, 5 * k**2 + 22 - 15 * odd
    square = (k * scaled) ** 2
    terms = 1 - 2 * k**2 * scaled / (3 * math.sqrt(n))
    terms -= (first - 4 * (first + 3) * square + 8 * square**2) / (18 * n)
    terms += k**2 * scaled * (second / 5 - 4 * (second + 45) * square / 15 + 8 * square**2) / (27 * n**1.5)
    return float(2 * ((2 * odd - 1) * np.exp(-2 * square) * terms).sum())


def _above(distance: float, n: int) -> float:
    """The chance that a sample of n rows is so far above its distribution, by the row up to which it is.

    Source: Birnbaum, Tingey (1951), doi:10.1214/aoms/1177729550; scipy.special.smirnov.
    """
    if distance >= 1:
        return 0.0
    # The terms lie like a bell curve around the middle of the rows: a few of them tell the sum of all.
    stride = max(1, int(n / (4 * distance * math.sqrt(n)) / _PER_DEVIATION))
    # The last one is nothing where it would be a whole number, give or take the rounding.
    places = np.arange(1, math.ceil(n * (1 - distance) - 1e-9), stride)
    j = places.astype(float)
    # Written so that small numbers are added, not large ones that cancel out.
    logs = j * np.log1p(distance * n / j) + (n - j) * np.log1p(-distance * n / (n - j)) - np.log(distance + j / n)
    logs += _rest(np.array(n)) - _rest(places) - _rest(n - places)
    return float((1 - distance) ** n + distance * stride * np.exp(logs).sum())


def _share_of_ways(reach: int, n: int, m: int) -> float | None:
    """The share of the shortest ways from (0, 0) to (n, m) with a point (i, j) where |i m - j n| is at least `reach`.

    A way steps once from the first half of the rows to the second, which is the first one turned round. None where the
    numbers of one row are too far apart for doubles.
    """
    i = np.arange(n + 1)
    lows, highs = np.maximum((i * m - reach) // n + 1, 0), np.minimum((i * m + reach - 1) // n, m)
    if (lows > highs).any():
        return 1.0
    before = (n - 1) // 2
    found = _outside(lows[: n - before], highs[: n - before], m, kept=before)
    if found is None:
        return None
    columns = np.arange(m + 1)
    bits = _bits_of_ways(before, columns) + _bits_of_ways(n - 1 - before, columns[::-1]) - _bits_of_ways(n, m)
    first, second = found[0], found[1][::-1]
    return min(1.0, float((np.exp2(bits) * (first + second - first * second)).sum()))


def _outside(lows: Counts, highs: Counts, m: int, kept: int) -> tuple[Numbers, Numbers] | None:
    """Of the ways to the points of a row, the shares that have been outside the band: of the row `kept` and the last.

    Row by row the ways to the points of the band that have been outside are added up, in units that grow with them.

    Source: Hodges (1958), The Significance Probability of the Smirnov Two-Sample Test, Arkiv foer Matematik 3.
    """
    i, j = np.arange(len(lows)), np.arange(m + 1)
    bits = _bits_of_ways(i, highs)
    spread = float((bits - _bits_of_ways(i, lows)).max())
    if spread > _MOST_BITS:
        return None
    scale = min(_HIGHEST_BIT, _ALL_BITS - spread)
    units = (np.floor(bits / scale) + 1) * scale - _HIGHEST_BIT
    # A way comes in from below the band, from (i, j - 1), or from above it, from (i - 1, j).
    below = np.where(lows > 0, np.exp2(_bits_of_ways(i, np.maximum(lows - 1, 0)) - units), 0.0)
    rows = np.searchsorted(highs, j[: highs[-1] + 1])
    ways = np.where(rows > 0, np.exp2(_bits_of_ways(np.maximum(rows - 1, 0), j[: len(rows)]) - units[rows]), 0.0)
    shrunk = np.append(1.0, np.exp2(units[:-1] - units[1:]))
    shares, before = [], 0
    for row, (low, end) in enumerate(zip(lows.tolist(), (highs + 1).tolist(), strict=True)):
        if row:
            if shrunk[row] < 1:
                ways[low:before] *= shrunk[row]
            band = ways[low:end]
            band[0] += below[row]
            np.add.accumulate(band, out=band)
        before = end
        if row in (kept, len(lows) - 1):
            share = np.ones(m + 1)
            share[low:end] = ways[low:end] * np.exp2(units[row] - _bits_of_ways(row, j[low:end]))
            shares.append(share)
    return shares[0], shares[-1]


def _bits_of_ways(i: Counts | int, j: Counts | int) -> Numbers:
    """The logarithm to base 2 of how many shortest ways lead from (0, 0) to (i, j)."""
    rows, columns = np.asarray(i), np.asarray(j)
    both = rows + columns
    rests = _rest(np.arange(int(both.max()) + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(rows > 0, rows * np.log1p(columns / rows), 0.0)
        logs += np.where(columns > 0, columns * np.log1p(rows / columns), 0.0)
    return np.asarray((logs + rests[both] - rests[rows] - rests[columns]) / math.log(2))


def _rest(k: Counts) -> Numbers:
    """By how much log k! is above k log k - k."""
    few = np.array([math.lgamma(n + 1) - (n * math.log(n) - n if n else 0.0) for n in range(_STIRLING_FROM)])
    n = np.maximum(k, _STIRLING_FROM).astype(float)
    rests = np.log(2 * math.pi * n) / 2 + (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / n**2) / n**2) / n**2) / n
    return np.where(k < _STIRLING_FROM, few[np.minimum(k, _STIRLING_FROM - 1)], rests)
