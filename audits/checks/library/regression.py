"""How large are the errors of predicted numbers, which way do they lean, and are they better than the mean?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated

from audits.checks import CannotMeasure, RegressionSums, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.limits import exactly
from audits.checks.parameters import Amount, Between, Count, DecideOnEvidence, Share
from audits.checks.statistics.intervals import two_sided, wilson
from audits.checks.statistics.regression_sums import r_squared

_NAME = "performance.regression"
_Z = two_sided()


@check(_NAME, version=1, needs=RegressionSums)
def regression(
    sums: RegressionSums,
    *,
    min_r2: Annotated[float, Between(None, 1)] | None = 0.0,
    max_mae: Amount | None = None,
    max_rmse: Amount | None = None,
    max_mape: Amount | None = None,
    max_bias: Amount | None = None,
    quantile: Share = 0.5,
    max_quantile_loss: Amount | None = None,
    min_coverage: Share | None = None,
    min_rows: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Size and lean of the errors of predicted numbers, against always giving the mean of the labels.

    All figures come from exact sums; the root of a mean is rounded once. Means have normal intervals from
    sums of squares, the root mean squared error the roots of the ends of its square's interval, R2 the delta
    method's, the coverage Wilson's. Rows count by their weight, and the intervals are those of Kish's effective rows.

    Parameters
    ----------
    sums : RegressionSums
        Exact sums of errors and their powers.
    min_r2 : float, at most 1, or None, default=0.0
        R2 below this becomes a finding; at 0 the mean of the labels does as well. None sets no limit.
    max_mae : float, at least 0, or None, default=None
        Mean absolute errors above this, in units of the label, become a finding; None sets no limit.
    max_rmse : float, at least 0, or None, default=None
        Root mean squared errors above this, in units of the label, become a finding; None sets no limit.
    max_mape : float, at least 0, or None, default=None
        Mean absolute percentage errors above this, as a share, become a finding; None sets no limit.
    max_bias : float, at least 0, or None, default=None
        Mean errors farther from 0 than this, in units of the label, become a finding; None sets no limit.
    quantile : float in [0, 1], default=0.5
        Quantile of the label that the prediction stands for; it shapes the quantile loss.
    max_quantile_loss : float, at least 0, or None, default=None
        Quantile losses above this, in units of the label, become a finding; None sets no limit.
    min_coverage : float in [0, 1] or None, default=None
        A smaller share of labels within the declared bounds becomes a finding; None sets no limit.
    min_rows : int, default=30
        Fewest rows with a label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    MAE mean of |p - y|, RMSE root of the mean of (p - y)^2, R2 1 - sum (p - y)^2 / sum (y - mean y)^2

    Measures
    --------
    r2 : float, at most 1, unit 1, ideal 1.
    mean_absolute_error : float, at least 0, unit of the label, ideal 0.
    root_mean_squared_error : float, at least 0, unit of the label, ideal 0.
    mean_absolute_percentage_error : float, at least 0, unit 1, ideal 0, over labels other than 0.
    bias : float, unit of the label, ideal 0; mean of prediction less label.
    absolute_bias : float, at least 0, unit of the label, ideal 0.
    quantile_loss : float, at least 0, unit of the label, ideal 0.
    coverage : float in [0, 1], unit 1; labels within the columns with the roles lower and upper.
    mean_width : float, unit of the label; upper less lower bound.

    Cannot measure
    --------------
    Rows without a prediction, too few rows with a label, none that weighs anything, a missing, infinite or negative
    weight, or a figure with a limit that is undefined: R2 of labels that are all the same, percentages of labels that
    are all 0, coverage without bounds.

    Source
    ------
    sklearn.metrics: r2_score, mean_absolute_error, root_mean_squared_error, mean_absolute_percentage_error,
    mean_pinball_loss; van der Vaart (1998), Asymptotic Statistics, chapter 3, for the delta method.

    Example
    -------
    | sex (sensitive) | y (label) | p (prediction) | rows |
    |---|---|---|---|
    | Female | 0 | 2 | 40 |
    | Female | 10 | 10 | 40 |
    | Male | 0 | 1 | 40 |
    | Male | 10 | 9 | 40 |

    - `mean_absolute_error`: (40 * 2 + 80 * 1) / 160 = 1
    - `root_mean_squared_error`: sqrt((40 * 4 + 80 * 1) / 160) = 1.225
    - `r2`: 1 - 1.5/25 = 0.94
    - `bias`: (80 + 40 - 40) / 160 = 0.5
    """
    if sums.undecided:
        raise CannotMeasure(f'{sums.undecided} of {sums.n_rows} rows have no value in "{sums.prediction}".')
    errors, n = sums.errors, sums.errors.n
    if n < min_rows:
        raise CannotMeasure(f"{n} rows have a label, {min_rows} are needed.")
    if not errors.weight:
        raise CannotMeasure(f'No row with a label has a weight above zero in "{sums.weight}".')
    square = _mean("mean_squared_error", errors.mean("error_2"), errors.variance_of_mean("error_2", "error_4"), n, None)
    bias = errors.mean("error")
    lean = _Z * math.sqrt(errors.variance_of_mean("error", "error_2"))
    near = 0.0 if abs(bias) <= lean else float(abs(bias)) - lean
    part = exactly(quantile)
    loss = part * errors.mean("under") + (1 - part) * errors.mean("over")
    loss_2 = part**2 * errors.mean("under_2") + (1 - part) ** 2 * errors.mean("over_2")
    figures = [
        Figure("r2", *r_squared(errors), n, min_r2, at_least=True, ideal=1.0, words="R2"),
        _mean(
            "mean_absolute_error",
            errors.mean("absolute"),
            errors.variance_of_mean("absolute", "error_2"),
            n,
            max_mae,
        ),
        Figure(
            "root_mean_squared_error",
            math.sqrt(square.value or 0),
            math.sqrt(square.low or 0),
            math.sqrt(square.high or 0),
            n,
            max_rmse,
            ideal=0.0,
            unit="of the label",
        ),
        _percentage(sums, max_mape),
        Figure("bias", bias, float(bias) - lean, float(bias) + lean, n, ideal=0.0, unit="of the label"),
        Figure("absolute_bias", abs(bias), near, float(abs(bias)) + lean, n, max_bias, ideal=0.0, unit="of the label"),
        _mean("quantile_loss", loss, errors.shared_out(loss_2 - loss**2), n, max_quantile_loss),
    ]
    if sums.lower is not None or min_coverage is not None:
        figures += _coverage(sums, min_coverage)
    notes = []
    if sums.unlabelled:
        notes.append(f'{sums.unlabelled} of {sums.n_rows} rows have no label in "{sums.label}" and are left out.')
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on, notes=notes)


def _mean(
    name: str, value: Fraction, variance: float, n: int, limit: float | None, unit: str = "of the label"
) -> Figure:
    reach = _Z * math.sqrt(variance)
    return Figure(name, value, max(0.0, float(value) - reach), float(value) + reach, n, limit, ideal=0.0, unit=unit)


def _percentage(sums: RegressionSums, limit: float | None) -> Figure:
    shares, name = sums.relative, "mean_absolute_percentage_error"
    if not shares.weight:
        return Figure(name, None, n=shares.n, limit=limit, ideal=0.0)
    return _mean(name, shares.mean("share"), shares.variance_of_mean("share", "share_2"), shares.n, limit, "1")


def _coverage(sums: RegressionSums, limit: float | None) -> list[Figure]:
    bounds = sums.bounds
    if not bounds.weight:
        return [Figure("coverage", None, n=bounds.n, limit=limit, at_least=True)]
    within = bounds.mean("within")
    low, high = wilson(float(within * Fraction(bounds.evidence)), bounds.evidence)
    return [
        Figure("coverage", within, low, high, bounds.n, limit, at_least=True),
        Figure("mean_width", bounds.mean("width"), n=bounds.n, unit="of the label"),
    ]
