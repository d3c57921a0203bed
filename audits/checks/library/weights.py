"""Do the weights of the rows make sense, and how many rows are they worth?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, Report, Severity, WeightSums, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share

_NAME = "data_quality.weights"


@check(_NAME, version=1, needs=WeightSums)
def weights(
    sums: WeightSums,
    *,
    min_effective_share: Share = 0.5,
    max_largest_share: Share = 0.05,
    max_zero_share: Share = 0.05,
) -> Report:
    """Kish's effective share of the rows, the largest weight, and weights that are no weights.

    Rows of unequal weight carry less evidence than as many equal ones: their effective number is the square of the
    sum of the weights over the sum of their squares.

    Parameters
    ----------
    sums : WeightSums
        Exact sums of weights and of their squares.
    min_effective_share : float in [0, 1], default=0.5
        A smaller effective share of the rows with a weight above zero becomes a finding.
    max_largest_share : float in [0, 1], default=0.05
        A single row with a larger share of the whole weight becomes a finding.
    max_zero_share : float in [0, 1], default=0.05
        A larger share of rows that weigh nothing becomes a finding.

    Formula
    -------
    (sum of w)^2 / sum of w^2 / rows; largest w / sum of w, over rows with a weight above zero

    Measures
    --------
    effective_share : float in [0, 1], unit 1, ideal 1, among rows with a weight above zero.
    largest_share : float in [0, 1], unit 1, of the whole weight on one row.
    zero_share : float in [0, 1], unit 1, ideal 0, of rows with the weight zero.
    impossible_weights : int, unit rows, ideal 0; negative, infinite or missing, by kind; one is a finding.

    Cannot measure
    --------------
    No row with a weight above zero (unless a weight is impossible).

    Source
    ------
    Kish (1965), Survey Sampling, ISBN 0-471-10949-5, section 8.2.

    Example
    -------
    | w (weight) | rows |
    |---|---|
    | 1 | 2 |
    | 2 | 1 |

    - `effective_share`: (1 + 1 + 2)^2 / (1 + 1 + 4) / 3 = 0.8889
    - `largest_share`: 2/4 = 0.5
    """
    used, n = sums.sums.n, sums.n_rows
    figures = [
        Figure("impossible_weights", sums.others.get(kind, 0), n=n, unit="rows", ideal=0.0, limit=0.0, group=kind)
        for kind in ("missing", "negative", "infinite")
    ]
    impossible = any(one.value for one in figures)
    if not used and not impossible:
        raise CannotMeasure(f'No row has a weight above zero in column "{sums.name}".')
    total, squares = sums.sums.total("weight"), sums.sums.total("square")
    effective = total**2 / squares / used if used else None
    largest = Fraction(sums.largest) / total if used else None
    figures += [
        Figure("effective_share", effective, n=used, limit=min_effective_share, at_least=True, ideal=1.0),
        Figure("largest_share", largest, n=used, limit=max_largest_share),
        Figure("zero_share", Fraction(sums.others.get("zero", 0), n), n=n, limit=max_zero_share, ideal=0.0),
    ]
    return held(_NAME, figures, severity=Severity.MEDIUM)
