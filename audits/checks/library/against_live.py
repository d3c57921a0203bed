"""Is a version at least as good as the live one on the same rows?"""

from __future__ import annotations

import math
from fractions import Fraction

import scipy

from audits.checks import CannotMeasure, PairedSums, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Count, DecideOnEvidence
from audits.checks.statistics.intervals import LEVEL, Interval, wilson
from audits.checks.statistics.paired_sums import ONLY_LIVE, ONLY_NEW

_NAME = "performance.against_live"


@check(_NAME, version=1, needs=PairedSums)
def against_live(
    pairs: PairedSums,
    *,
    margin: Amount = 0.01,
    min_rows: Count = 100,
    decide_on: DecideOnEvidence = "upper",
) -> Report:
    """Loss of a version less that of the live one, row by row, against a margin of non-inferiority.

    The loss of a row is 1 for a wrong class, or the absolute error of a number. The version is held to be no
    worse when the chosen end of the interval of the mean difference, by default the upper one, does not
    exceed the margin: a table too small to tell does not pass. Every row counts once, whatever it weighs.

    Parameters
    ----------
    pairs : PairedSums
        Rows by who was right, or exact sums of differences of absolute errors.
    margin : float, at least 0, default=0.01
        How much larger the mean loss may be: a share for classes, units of the label for a regression.
    min_rows : int, default=100
        Fewest rows with a label and both predictions.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="upper"
        Which end of the 95 % interval is held against the margin; with "interval" a margin inside it is
        inconclusive.

    Formula
    -------
    mean of the loss of this version less that of the live one, the loss being 1 for a wrong class or |p - y|

    Measures
    --------
    loss_difference : float, unit 1 or of the label, ideal at most 0; for classes with Newcombe's interval for
        paired shares, for a regression with Student's.
    loss : float, at least 0, unit 1 or of the label, of this version.
    live_loss : float, at least 0, unit 1 or of the label, of the live version.
    only_new_right : int, unit rows, for classes.
    only_live_right : int, unit rows, for classes.
    p_value : float in [0, 1], unit 1; two-sided, of McNemar's exact test for classes, of the paired t-test
        for a regression. It decides nothing.

    Cannot measure
    --------------
    A row without a prediction of either version, or too few rows.

    Source
    ------
    McNemar (1947), doi:10.1007/BF02295996; Newcombe (1998), doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::
    AID-SIM954>3.0.CO;2-C, method 10 for the interval; scipy.stats.binomtest and ttest_rel.

    Example
    -------
    | truth (label) | decision (prediction) | live (incumbent) | rows |
    |---|---|---|---|
    | 1 | 1 | 1 | 5 |
    | 1 | 1 | 0 | 3 |
    | 1 | 0 | 1 | 1 |
    | 0 | 1 | 1 | 1 |

    - `loss`: (1 + 1) / 10 = 0.2
    - `live_loss`: (3 + 1) / 10 = 0.4
    - `loss_difference`: 2/10 - 4/10 = -0.2
    - `only_new_right`: the second line = 3
    - `only_live_right`: the third line = 1
    - `p_value`: of 4 tosses of a coin at most one on either side, 2 (1 + 4) / 16 = 0.625
    """
    sums, n = pairs.sums, pairs.sums.n
    if pairs.incomplete:
        raise CannotMeasure(f"{pairs.incomplete} of {pairs.n_rows} rows lack the label or a prediction of one version.")
    if n < min_rows:
        raise CannotMeasure(f"{n} rows have a label and both predictions, {min_rows} are needed.")
    difference = sums.mean("difference")
    is_regression = pairs.task == "regression"
    unit = "of the label" if is_regression else "1"
    low, high = _student(pairs) if is_regression else newcombe(*sums.rows)
    figures = [
        Figure("loss_difference", difference, low, high, n, margin, ideal=0.0, unit=unit),
        Figure("loss", sums.mean("new"), n=n, ideal=0.0, unit=unit),
        Figure("live_loss", sums.mean("live"), n=n, ideal=0.0, unit=unit),
    ]
    if is_regression:
        error = math.sqrt(sums.variance_of_mean("difference", "difference_2"))
        p_value = float(2 * scipy.stats.t.sf(abs(float(difference)) / error, n - 1)) if error and n > 1 else None
    else:
        won, lost = sums.rows[ONLY_NEW], sums.rows[ONLY_LIVE]
        figures.append(Figure("only_new_right", won, n=n, unit="rows"))
        figures.append(Figure("only_live_right", lost, n=n, unit="rows"))
        p_value = float(scipy.stats.binomtest(won, won + lost).pvalue) if won + lost else 1.0
    figures.append(Figure("p_value", p_value, n=n))
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on)


def newcombe(both_wrong: int, only_new: int, only_live: int, both_right: int) -> tuple[float, float]:
    """The interval of the share of errors of the new version less that of the live one."""
    n = both_wrong + only_new + only_live + both_right
    new, live = Fraction(both_wrong + only_live, n), Fraction(both_wrong + only_new, n)
    (new_low, new_high), (live_low, live_high) = (wilson(float(share * n), n) for share in (new, live))
    product = (both_wrong + only_live) * (both_right + only_new) * (both_wrong + only_new) * (both_right + only_live)
    joint = float(both_wrong * both_right - only_new * only_live)
    if joint > 0:
        # The correction for continuity of method 10 applies to a positive association only.
        joint = max(joint - n / 2, 0.0)
    phi = joint / math.sqrt(product) if product else 0.0
    below, above = float(new) - float(new_low or 0), float(new_high or 0) - float(new)
    live_below, live_above = float(live) - float(live_low or 0), float(live_high or 0) - float(live)
    value = float(new - live)
    low = value - math.sqrt(max(below**2 - 2 * phi * below * live_above + live_above**2, 0.0))
    high = value + math.sqrt(max(live_below**2 - 2 * phi * live_below * above + above**2, 0.0))
    return low, high


def _student(pairs: PairedSums) -> Interval:
    n, value = pairs.sums.n, float(pairs.sums.mean("difference"))
    if n < 2:
        return None, None
    error = math.sqrt(pairs.sums.variance_of_mean("difference", "difference_2"))
    reach = float(scipy.stats.t.ppf(0.5 + LEVEL / 2, n - 1)) * error
    return value - reach, value + reach
