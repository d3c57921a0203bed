"""Are probabilities too extreme, too timid, too high or too low?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Report, ScoreHistograms, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Count, DecideOnEvidence
from audits.checks.scored import notes_on, require_chances
from audits.checks.statistics import ScoredGroups, ScoreSplit
from audits.checks.statistics.calibration import chances_of
from audits.checks.statistics.intervals import two_sided

_NAME = "performance.calibration_slope"
_Z = two_sided()
# The log odds of 0 and 1 are infinite; sklearn.metrics.log_loss cuts off at the same distance.
_SMALLEST = float(np.finfo(np.float64).eps)
_STEPS = 100

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Fit:
    """A logistic regression: its coefficients and their variances, shape (n_coefficients,)."""

    coefficients: Array
    variances: Array


@dataclass(frozen=True)
class _Fits:
    """The regression of the labels on the log odds of the score, and that of a level beside them."""

    line: _Fit | None
    level: _Fit | None


class CalibrationFits(ScoredGroups[_Fits]):
    """Coefficients and variances of two logistic regressions, where their likelihoods are highest."""

    reads: ClassVar[tuple[str, ...]] = ()
    of_everybody: ClassVar[bool] = True

    @staticmethod
    def attributes(scores: ScoreHistograms, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[_Fits]:
        require_chances(scores)
        return [_fits(split) for split in splits]

    @staticmethod
    def written(sums: _Fits) -> Any:
        return [
            None if fit is None else [fit.coefficients.tolist(), fit.variances.tolist()]
            for fit in (sums.line, sums.level)
        ]

    @staticmethod
    def read(written: Any) -> _Fits:
        return _Fits(*(None if fit is None else _Fit(*(np.array(part) for part in fit)) for fit in written))


@check(_NAME, version=1, needs=ScoreHistograms, keeps=CalibrationFits, roles=("label",))
def calibration_slope(
    scores: CalibrationFits,
    *,
    min_slope: Amount | None = 0.8,
    max_slope: Amount | None = 1.25,
    max_intercept: Amount | None = None,
    min_positives: Count = 100,
    min_negatives: Count = 100,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Slope and intercept of the labels on the log odds of the scores, read as chances.

    Both come from a logistic regression. A slope below 1 says that scores are too extreme, above 1 too timid. The
    intercept is that with the slope held at 1: below 0 the scores are too high, above 0 too low, in log odds. Exact
    up to 1,048,576 rows, and for more of them up to 4,096 distinct scores; beyond that close ones share a place. Every
    row counts once, whatever it weighs.

    Parameters
    ----------
    scores : CalibrationFits
        Two logistic regressions on the scores; scores between 0 and 1.
    min_slope : float, at least 0, or None, default=0.8
        Slopes below this become a finding; None sets no limit.
    max_slope : float, at least 0, or None, default=1.25
        Slopes above this become a finding; None sets no limit.
    max_intercept : float, at least 0, or None, default=None
        Intercepts further from 0 than this become a finding; None sets no limit.
    min_positives : int, default=100
        Fewest rows with the favourable label.
    min_negatives : int, default=100
        Fewest rows with the other label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the figure, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    log(P / (1 - P)) = a + b log(s / (1 - s)), b the slope for a score s; a the intercept with b held at 1

    Measures
    --------
    calibration_slope : float, unit 1, ideal 1, with Wald's interval.
    largest_calibration_slope : float, unit 1, ideal 1; the same figure, held against the upper limit.
    calibration_intercept : float, unit log odds, ideal 0, with Wald's interval; calibration in the large.
    absolute_intercept : float, at least 0, unit log odds, ideal 0.

    Cannot measure
    --------------
    Rows without a score, scores that are no chances between 0 and 1, too few rows of either label, scores that are all
    the same, or scores that part the labels completely: the slope is then infinite.

    Source
    ------
    Cox (1958), Two further applications of a model for binary regression, doi:10.1093/biomet/45.3-4.562; Van Calster
    et al. (2019), Calibration: the Achilles heel of predictive analytics, doi:10.1186/s12916-019-1466-7;
    sklearn.linear_model.LogisticRegression without penalty.

    Example
    -------
    | score (score) | truth (label) | rows |
    |---|---|---|
    | 0.2 | 1 | 100 |
    | 0.2 | 0 | 200 |
    | 0.8 | 1 | 200 |
    | 0.8 | 0 | 100 |

    - `calibration_slope`: ln 2 where ln 4 was said = 0.5
    - `calibration_intercept`: as many as said = 0
    """
    positives, negatives = scores.everybody.favourable, scores.everybody.others
    if positives < min_positives or negatives < min_negatives:
        raise CannotMeasure(
            f"{positives} favourable and {negatives} other labels; {min_positives} and {min_negatives} are needed."
        )
    line, level = scores.everybody.sums.line, scores.everybody.sums.level
    if line is None or level is None:
        raise CannotMeasure("The slope is undefined: all scores are the same, or they part the labels completely.")
    n = positives + negatives
    slope, reach = float(line.coefficients[1]), _Z * math.sqrt(float(line.variances[1]))
    intercept, lean = float(level.coefficients[0]), _Z * math.sqrt(float(level.variances[0]))
    near = max(0.0, abs(intercept) - lean)
    figures = [
        Figure("calibration_slope", slope, slope - reach, slope + reach, n, min_slope, at_least=True, ideal=1.0),
        Figure("calibration_intercept", intercept, intercept - lean, intercept + lean, n, ideal=0.0, unit="log odds"),
        Figure(
            "absolute_intercept", abs(intercept), near, abs(intercept) + lean, n, max_intercept, ideal=0.0,
            unit="log odds",
        ),
    ]  # fmt: skip
    if max_slope is not None:
        figures.append(
            Figure("largest_calibration_slope", slope, slope - reach, slope + reach, n, max_slope, ideal=1.0)
        )
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, notes=notes_on(scores))


def _fits(split: ScoreSplit) -> _Fits:
    places = np.flatnonzero(split.positives + split.negatives)
    chances = np.clip(chances_of(split)[places], _SMALLEST, 1 - _SMALLEST)
    odds = np.log(chances) - np.log1p(-chances)
    up, down = (side[places].astype(float) for side in (split.positives, split.negatives))
    ones = np.ones(len(odds))
    line = _fitted(np.stack([ones, odds], axis=1), up, down, np.zeros(len(odds)))
    return _Fits(line, _fitted(ones[:, None], up, down, odds))


def _fitted(columns: Array, positives: Array, negatives: Array, offset: Array) -> _Fit | None:
    """Newton's method on the likelihood; None when it has no maximum."""
    rows = positives + negatives
    coefficients = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(offset + columns @ coefficients, -700, 700)))
        slope = columns.T @ (positives - rows * chance)
        information = (columns * (rows * chance * (1 - chance))[:, None]).T @ columns
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e14:
            return None
        step = np.linalg.solve(information, slope)
        coefficients = coefficients + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-12 * (1 + np.abs(coefficients).max()):
            return _Fit(coefficients, np.diagonal(np.linalg.inv(information)))
    return None
