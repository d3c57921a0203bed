"""How can sums of floats come out the same in any order and in any split of the rows?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

# Every finite double is a whole number of these units, so sums are sums of integers: no rounding at all.
UNIT_EXPONENT = 1126
_UNIT = 2**UNIT_EXPONENT
_LOW_BITS = 26


def exact_sums(values: NDArray[np.float64], cells: NDArray[np.int64], n_cells: int) -> list[int]:
    """Sum finite `values` by cell, in whole units of 2**-1126.

    Both arrays have the shape (n_rows,); n_rows stays below 2**26, so that the partial sums below are
    whole numbers that a double holds exactly.
    """
    totals = [0] * n_cells
    if len(values) == 0:
        return totals
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64)
    high = whole >> _LOW_BITS
    low = whole - (high << _LOW_BITS)
    smallest = int(exponents.min())
    width = int(exponents.max()) - smallest + 1
    places = cells * width + (exponents - smallest)
    highs = np.bincount(places, weights=high, minlength=n_cells * width)
    lows = np.bincount(places, weights=low, minlength=n_cells * width)
    for place in np.flatnonzero((highs != 0) | (lows != 0)):
        cell, step = divmod(int(place), width)
        amount = (int(highs[place]) << _LOW_BITS) + int(lows[place])
        totals[cell] += amount << (smallest + step - 53 + UNIT_EXPONENT)
    return totals


def as_fraction(total: int) -> Fraction:
    """The exact value of a sum that is held in units."""
    return Fraction(total, _UNIT)


def to_text(total: int) -> str:
    """The sum as a number and a power of two, short enough for a document."""
    if total == 0:
        return "0"
    shift = (total & -total).bit_length() - 1
    return f"{total >> shift}p{shift - UNIT_EXPONENT}"


def from_text(text: str) -> int:
    """Read what `to_text` wrote."""
    number, _, power = text.partition("p")
    return int(number) << (int(power) + UNIT_EXPONENT) if power else int(number)
