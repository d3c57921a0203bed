"""How likely is a figure this far out when nothing is behind it?

The functions of scipy.stats with the same values, without what it loads: importing it takes longer than counting a
million rows, and a process of checks is started for every run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The chance that a chi-square variable is larger; as scipy.stats.chi2.sf."""
    return float(scipy.special.chdtrc(degrees, statistic))


def normal_tail(z: float) -> float:
    """The chance that a standard normal variable is larger; as scipy.stats.norm.sf."""
    return float(scipy.special.ndtr(-z))


def normal_quantile(tail: float) -> float:
    """The value with so large a tail above it; as scipy.stats.norm.isf."""
    return float(-scipy.special.ndtri(tail))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """P-values raised so that those up to a limit hold at most that share of false discoveries, in the given order.

    Source: Benjamini, Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; scipy.stats.false_discovery_control.
    """
    given = np.array(p_values, np.float64)
    order = np.argsort(given)
    raised = given[order] * (len(given) / np.arange(1, len(given) + 1))
    given[order] = np.minimum.accumulate(raised[::-1])[::-1]
    return [float(value) for value in np.clip(given, 0.0, 1.0)]
