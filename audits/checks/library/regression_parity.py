"""Are predicted numbers as near to the true ones in every group, and spread alike?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from audits.checks import CannotMeasure, ErrorsApart, Finding, GroupErrors, Measurement, Report, Severity, check
from audits.checks.comparison import ComparedRates, settled
from audits.checks.gaps import gap_report
from audits.checks.limits import exactly
from audits.checks.parameters import Amount, Count, DecideOnEvidence
from audits.checks.scored import shared_places
from audits.checks.sentences import figure
from audits.checks.statistics import FarthestPair, GroupRate
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.intervals import LEVEL, two_sided
from audits.checks.statistics.rates import Named
from audits.checks.statistics.regression_sums import r_squared, spread_of_labels

_NAME = "fairness.regression_parity"


@check(_NAME, version=1, needs=GroupErrors, keeps=ErrorsApart, roles=("label", "sensitive"))
def regression_parity(
    errors: ErrorsApart,
    *,
    attribute: str | None = None,
    max_mae_difference: Amount | None = 0.1,
    max_rmse_difference: Amount | None = None,
    max_bias_difference: Amount | None = None,
    max_r2_difference: Amount | None = None,
    max_prediction_distance: Amount | None = None,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Differences between groups in the size and lean of errors, and the distance between their predictions.

    Sums are exact. Intervals hold for all pairs of groups (Bonferroni): of means normal, of R2 by the delta method, of
    their differences by the square-and-add method. Rows count by their weight, and the intervals are those of Kish's
    effective rows. The distance between predictions counts every row once and has no interval; its estimate decides.

    Parameters
    ----------
    errors : ErrorsApart
        Exact sums of errors by group, and the groups whose predictions are farthest apart.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_mae_difference : float, at least 0, or None, default=0.1
        Differences in mean absolute error above this many standard deviations of all labels become a finding; None
        sets no limit.
    max_rmse_difference : float, at least 0, or None, default=None
        The same for the root mean squared error.
    max_bias_difference : float, at least 0, or None, default=None
        The same for the mean error, prediction less label.
    max_r2_difference : float, at least 0, or None, default=None
        Differences in R2 above this become a finding; None sets no limit.
    max_prediction_distance : float, at least 0, or None, default=None
        Wasserstein distances between the predictions of two groups above this many standard deviations of all labels
        become a finding; None sets no limit.
    min_group_size : int, default=30
        Fewest rows with a label that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    mean of |p - y|, root of the mean of (p - y)^2, mean of p - y, 1 - sum (p - y)^2 / sum (y - mean y)^2, each
    by group

    Measures
    --------
    mean_absolute_error : float, at least 0, unit of the label, by group.
    root_mean_squared_error : float, at least 0, unit of the label, by group.
    bias : float, unit of the label, by group.
    r2 : float, at most 1, unit 1, by group.
    mean_absolute_error_difference : float, at least 0, unit of the label, ideal 0, by attribute.
    root_mean_squared_error_difference : float, at least 0, unit of the label, ideal 0, by attribute.
    bias_difference : float, at least 0, unit of the label, ideal 0, by attribute.
    r2_difference : float, at least 0, unit 1, ideal 0, by attribute.
    mean_absolute_error_ratio : float in [0, 1], unit 1, ideal 1, by attribute; undefined without any error.
    prediction_distance : float, at least 0, unit of the label, ideal 0, by attribute: the largest of two groups.

    Cannot measure
    --------------
    Rows without a prediction, labels that are all the same, a missing, infinite or negative weight, fewer than two
    groups, or a group with too few labelled rows or none that weighs anything (unless the others already exceed a
    limit). R2 is undefined in a group whose labels are all the same.

    Source
    ------
    sklearn.metrics mean_absolute_error, root_mean_squared_error and r2_score by fairlearn.metrics.MetricFrame;
    scipy.stats.wasserstein_distance; Agarwal, Dudik, Wu (2019), Fair Regression, proceedings.mlr.press/v97/agarwal19d.

    Example
    -------
    | sex (sensitive) | y (label) | p (prediction) | rows |
    |---|---|---|---|
    | Female | 0 | 2 | 40 |
    | Female | 10 | 10 | 40 |
    | Male | 0 | 1 | 40 |
    | Male | 10 | 9 | 40 |

    - `mean_absolute_error` of sex/Female: (40 * 2 + 40 * 0) / 80 = 1
    - `bias_difference` of sex: 80/80 - 0/80 = 1
    - `r2` of sex/Female: 1 - 2/25 = 0.92
    - `prediction_distance` of sex: half of the mass is 1 apart at the bottom, half at the top = 1
    """
    if errors.undecided:
        raise CannotMeasure(f'{errors.undecided} of {errors.n_rows} rows have no value in "{errors.prediction}".')
    deviation = _deviation(errors.everybody)
    figures: tuple[tuple[str, str, _FigureOf, float | None, float], ...] = (
        ("mean_absolute_error", "mean absolute error", _absolute, max_mae_difference, deviation),
        ("root_mean_squared_error", "root mean squared error", _root, max_rmse_difference, deviation),
        ("bias", "mean error", _bias, max_bias_difference, deviation),
        ("r2", "R2", r_squared, max_r2_difference, 1.0),
    )
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name, words, figure_of, limit, unit in figures:
        compared = {
            where: [_compared(where, Named(name, words), of, figure_of, min_group_size, leave_out)]
            for where, of in errors.by_attribute.items()
        }
        report = _held(
            compared,
            name,
            None if limit is None else limit * unit,
            ratio=name == "mean_absolute_error",
            decide_on=decide_on,
            obstacles=obstacles,
        )
        measured += report.measurements
        findings += report.findings
    for name, pair in errors.farthest.items():
        if pair is not None:
            _judge_distance(name, pair, max_prediction_distance, deviation, measured, findings)
    notes = []
    if errors.everybody.is_weighted:
        notes.append("The distance between predictions counts every row once, whatever it weighs.")
    if errors.unlabelled:
        notes.append(f'{errors.unlabelled} of {errors.n_rows} rows have no label in "{errors.label}".')
    if errors.off_by:
        notes.append(shared_places("predictions", errors.off_by))
    return settled(measured, findings, notes, list(dict.fromkeys(obstacles)))


_FigureOf = Callable[[Sums, float], tuple[Fraction | None, float | None, float | None]]


def _compared(
    attribute: str,
    named: Named,
    groups: Mapping[str, Sums],
    figure_of: _FigureOf,
    minimum: int,
    leave_out: tuple[str, ...],
) -> ComparedRates:
    kept = {group: sums for group, sums in groups.items() if group not in leave_out}
    pairs = max(1, sum(1 for sums in kept.values() if sums.n >= minimum))
    level = 1 - (1 - LEVEL) / max(1, pairs * (pairs - 1) // 2)

    def rate(group: str, sums: Sums) -> GroupRate:
        value, low, high = figure_of(sums, level) if sums.weight else (None, None, None)
        return GroupRate(group, sums.n, value, low, high)

    rates = [rate(*one) for one in kept.items()]
    return ComparedRates(
        attribute,
        named,
        tuple(one for one in rates if one.n >= minimum and one.value is not None),
        tuple(one for one in rates if one.n < minimum or one.value is None),
        tuple(rate(*one) for one in groups.items() if one[0] in leave_out),
        None,
        joint=True,
        minimum=minimum,
    )


def _held(
    compared: dict[str, list[ComparedRates]],
    name: str,
    limit: float | None,
    *,
    ratio: bool,
    decide_on: str,
    obstacles: list[str],
) -> Report:
    """The gap in one figure; what hinders it is an obstacle only where it has a limit."""
    try:
        return gap_report(
            compared,
            check=f"{_NAME}/{name}",
            difference=(f"{name}_difference", limit),
            ratio=(f"{name}_ratio", None) if ratio else None,
            decide_on=decide_on,
        )
    except CannotMeasure as refusal:
        # Whether there are groups to compare shows in the first figure; another may be undefined.
        if limit is not None or name == "mean_absolute_error":
            obstacles.append(refusal.sentence)
        return refusal.report or Report(())


def _deviation(sums: Sums) -> float:
    if sums.n == 0:
        raise CannotMeasure("No row has a label.")
    if not sums.weight:
        raise CannotMeasure("No row with a label has a weight above zero.")
    spread = spread_of_labels(sums)
    if spread == 0:
        raise CannotMeasure("All labels are the same, so that nothing tells a large error from a small one.")
    return math.sqrt(spread)


def _mean(sums: Sums, name: str, squares: str, level: float) -> tuple[Fraction, float, float]:
    value = sums.mean(name)
    reach = two_sided(level) * math.sqrt(sums.variance_of_mean(name, squares))
    return value, float(value) - reach, float(value) + reach


def _absolute(sums: Sums, level: float) -> tuple[Fraction, float, float]:
    value, low, high = _mean(sums, "absolute", "error_2", level)
    return value, max(0.0, low), high


def _root(sums: Sums, level: float) -> tuple[Fraction, float, float]:
    value, low, high = _mean(sums, "error_2", "error_4", level)
    return Fraction(math.sqrt(value)), math.sqrt(max(0.0, low)), math.sqrt(high)


def _bias(sums: Sums, level: float) -> tuple[Fraction, float, float]:
    return _mean(sums, "error", "error_2", level)


def _judge_distance(
    attribute: str,
    pair: FarthestPair,
    limit: float | None,
    deviation: float,
    measured: list[Measurement],
    findings: list[Finding],
) -> None:
    allowed = None if limit is None else limit * deviation
    note = f"{pair.first} against {pair.second}; without an interval"
    measured.append(
        Measurement(
            "prediction_distance",
            pair.distance,
            "of the label",
            attribute,
            n=pair.rows,
            ideal=0.0,
            limit=allowed,
            note=note,
        )
    )
    if allowed is not None and Fraction(pair.distance) > exactly(allowed):
        findings.append(
            Finding(
                key=f"{_NAME}/prediction_distance/{attribute}",
                severity=Severity.MEDIUM,
                sentence=(
                    f"Predictions are spread differently over {pair.first} and {pair.second}: a distance of "
                    f"{figure(pair.distance)}, above the limit {figure(allowed)}."
                ),
                measurement="prediction_distance",
            )
        )
