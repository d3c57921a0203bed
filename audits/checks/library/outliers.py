"""How many numbers lie far outside of where most of a feature lies?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import NumberSpreads, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics.intervals import wilson

_NAME = "data_quality.outliers"


@check(_NAME, version=1, needs=NumberSpreads)
def outliers(
    spreads: NumberSpreads,
    *,
    max_share: Share = 0.01,
    min_rows: Count = 30,
    allowed: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Share of the numbers of each feature beyond Tukey's far fences.

    The fences stand three times the distance between the quartiles below the lower and above the upper one; of
    numbers from a bell curve two in a million lie outside.

    Parameters
    ----------
    spreads : NumberSpreads
        Quantiles of the numeric features, and rows beyond the fences.
    max_share : float in [0, 1], default=0.01
        Features with a larger share beyond the fences become a finding each.
    min_rows : int, default=30
        Features with fewer numbers are left out with a note.
    allowed : list of str, default=[]
        Features that may have such numbers, such as amounts with a long tail, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limit; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    rows below Q1 - 3 (Q3 - Q1) or above Q3 + 3 (Q3 - Q1) / filled rows, by column

    Measures
    --------
    outlier_share : float in [0, 1], unit 1, ideal 0, by numeric feature, with Wilson's interval; the note gives the
        fences and the extremes. Exact up to 1,048,576 distinct numbers of a feature.

    Cannot measure
    --------------
    A table without rows. A feature whose quartiles are equal has no fences and is left out with a note.

    Source
    ------
    Tukey (1977), Exploratory Data Analysis, ISBN 0-201-07616-0, section 2D; numpy.quantile for the quartiles.

    Example
    -------
    | income (feature) | rows |
    |---|---|
    | 1 | 4 |
    | 2 | 2 |
    | 3 | 3 |
    | 20 | 1 |

    - `outlier_share` of income: Q1 = 1 and Q3 = 3, the fences are 1 - 3 (3 - 1) = -5 and 3 + 3 (3 - 1) = 9, and
      20 lies outside, 1/10 = 0.1
    """
    figures, notes = [], []
    for name, spread in sorted(spreads.spreads.items()):
        if spread.below is None or spread.above is None or spread.n < min_rows:
            why = "fewer than the needed rows" if spread.n < min_rows else "equal quartiles"
            notes.append(f'Feature "{name}" has {why} and is left out.')
            continue
        far = spread.below + spread.above
        low, high = wilson(far, spread.n)
        limit = None if name in allowed else max_share
        fences, ends = spread.fences, (spread.quantiles[0], spread.quantiles[-1])
        note = (
            f"{spread.below} below {figure(fences[0])} and {spread.above} above {figure(fences[1])}; "
            f"from {figure(ends[0])} to {figure(ends[1])}"
        )
        share = Fraction(far, spread.n)
        figures.append(Figure("outlier_share", share, low, high, spread.n, limit, ideal=0.0, group=name, note=note))
    return held(_NAME, figures, severity=Severity.LOW, decide_on=decide_on, notes=notes)
