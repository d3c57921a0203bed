"""How surprising is a table of counts if groups were treated alike?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy

# (chosen, not chosen) of a group, and of the one that it is compared with.
Half = tuple[int, int]
FourFold = tuple[Half, Half]

_SMALL_EXPECTED = 5


@dataclass(frozen=True)
class Stratified:
    """Two groups compared inside strata: the pooled odds ratio, the test statistic and its p-value."""

    odds_ratio: Fraction | None
    statistic: float | None
    p_value: float | None


def unlikely(table: FourFold) -> tuple[str, float | None]:
    """The name of the test that suits a fourfold table, and its two-sided p-value; None where a margin is empty.

    Fisher's exact test when an expected count is below 5, else Pearson's chi-square without correction.

    Source: scipy.stats.fisher_exact and chi2_contingency; Cochran (1954), Biometrics 10, for the limit of 5.
    """
    counts = np.array(table)
    if 0 in counts.sum(axis=0) or 0 in counts.sum(axis=1):
        return "none", None
    expected = counts.sum(axis=1)[:, None] * counts.sum(axis=0)[None, :] / counts.sum()
    if expected.min() < _SMALL_EXPECTED:
        return "Fisher's exact test", float(scipy.stats.fisher_exact(counts).pvalue)
    return "chi-square test", float(scipy.stats.chi2_contingency(counts, correction=False).pvalue)


def cochran_mantel_haenszel(strata: Sequence[FourFold]) -> Stratified:
    """Whether two groups are chosen alike inside the strata, with the odds ratio that is pooled over them.

    The statistic has one degree of freedom and no continuity correction. Strata in which a margin is empty say nothing
    and count for nothing.

    Source: Cochran (1954), Biometrics 10; Mantel, Haenszel (1959), JNCI 22.
    """
    for_first, for_second = Fraction(0), Fraction(0)
    surplus, variance = Fraction(0), Fraction(0)
    for (a, b), (c, d) in strata:
        total = a + b + c + d
        if total < 2:
            continue
        for_first += Fraction(a * d, total)
        for_second += Fraction(b * c, total)
        surplus += a - Fraction((a + b) * (a + c), total)
        variance += Fraction((a + b) * (c + d) * (a + c) * (b + d), total * total * (total - 1))
    odds = for_first / for_second if for_second else None
    if variance == 0:
        return Stratified(odds, None, None)
    statistic = float(surplus**2 / variance)
    return Stratified(odds, statistic, math.erfc(math.sqrt(statistic / 2)))
