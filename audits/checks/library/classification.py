"""How good are the decisions for one class: found, right, and better than chance?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Finding, GroupCounts, Report, Severity, check
from audits.checks.class_figures import over
from audits.checks.comparison import require_complete, settled
from audits.checks.figures import Figure
from audits.checks.limits import deciding
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.sentences import figure, listed
from audits.checks.statistics import rates
from audits.checks.statistics.intervals import Interval, percentile
from audits.checks.statistics.rates import marked

_NAME = "performance.classification"

Draws = NDArray[np.float64]


@check(_NAME, version=1, needs=GroupCounts, roles=("prediction", "label"))
def classification(
    counts: GroupCounts,
    *,
    positive_class: Annotated[int, Between(0, 1)] = 1,
    min_precision: Share | None = 0.5,
    min_recall: Share | None = 0.5,
    min_f1: Share | None = None,
    min_balanced_accuracy: Share | None = None,
    min_mcc: Annotated[float, Between(-1, 1)] | None = None,
    min_rows: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Precision, recall, F1, balanced accuracy and Matthews correlation of one class.

    Rows weigh by their weight. Precision, recall and balanced accuracy have intervals after Wilson, at Kish's effective
    number of rows where they weigh differently; F1 and the correlation are redrawn 2,000 times from the counts.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts, integers of shape (n_groups, 3, 3).
    positive_class : int in [0, 1], default=1
        Class that precision, recall and F1 are about.
    min_precision : float in [0, 1] or None, default=0.5
        Precision below this becomes a finding; None sets no limit.
    min_recall : float in [0, 1] or None, default=0.5
        Recall below this becomes a finding; None sets no limit.
    min_f1 : float in [0, 1] or None, default=None
        F1 below this becomes a finding; None sets no limit.
    min_balanced_accuracy : float in [0, 1] or None, default=None
        Balanced accuracy below this becomes a finding; None sets no limit.
    min_mcc : float in [-1, 1] or None, default=None
        Matthews correlation below this becomes a finding; None sets no limit.
    min_rows : int, default=30
        Fewest rows with a known label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the figure, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    precision TP / (TP + FP), recall TP / (TP + FN), F1 2 TP / (2 TP + FP + FN)

    Measures
    --------
    precision : float in [0, 1], unit 1, ideal 1.
    recall : float in [0, 1], unit 1, ideal 1.
    f1 : float in [0, 1], unit 1, ideal 1.
    balanced_accuracy : float in [0, 1], unit 1, ideal 1.
    matthews_correlation : float in [-1, 1], unit 1, ideal 1.

    Cannot measure
    --------------
    Rows without a prediction, too few rows with a known label, or a figure with a limit whose denominator
    is zero. A figure without a limit is then reported as undefined, never as 0.

    Source
    ------
    sklearn.metrics precision_score, recall_score, f1_score, balanced_accuracy_score, matthews_corrcoef;
    Matthews (1975), doi:10.1016/0005-2795(75)90109-9, for the last.

    Example
    -------
    | sex (sensitive) | truth (label) | decision (prediction) | rows |
    |---|---|---|---|
    | Female | 1 | 1 | 30 |
    | Female | 0 | 1 | 10 |
    | Female | 1 | 0 | 20 |
    | Female | 0 | 0 | 40 |
    | Male | 1 | 1 | 35 |
    | Male | 0 | 1 | 4 |
    | Male | 1 | 0 | 15 |
    | Male | 0 | 0 | 46 |

    - `precision`: 65/79 = 0.8228
    - `recall`: 65/100 = 0.65
    - `f1`: 130/179 = 0.7263
    - `balanced_accuracy`: (65/100 + 86/100) / 2 = 0.755
    - `matthews_correlation`: (65 * 86 - 14 * 35) / sqrt(79 * 100 * 100 * 121) = 0.5216
    """
    notes = require_complete(counts, labels=True)
    everybody = counts.everybody()
    yes, no = positive_class, 1 - positive_class
    pairs = {"tp": (yes, yes), "fp": (no, yes), "fn": (yes, no), "tn": (no, no)}
    rows = sum(everybody.rows(marked(pair)) for pair in pairs.values())
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    tp, fp, fn, tn = (everybody.total(marked(pair)) for pair in pairs.values())
    drawn = [everybody.drawn_sums(marked(pair))[:, 0] for pair in pairs.values()]
    limits = {"precision": min_precision, "recall": min_recall, "balanced_accuracy": min_balanced_accuracy}
    figures = []
    for rate in (rates.precision(yes), rates.true_positive_rate(yes), rates.balanced_accuracy(yes)):
        name = "recall" if rate.name == "true_positive_rate" else rate.name
        (found,) = everybody.rates(rate)
        figures.append(_figure(name, found.value, (found.low, found.high), rows, limits[name]))
    for name, value, redrawn, limit in (
        ("f1", _share(2 * tp, 2 * tp + fp + fn), _drawn_f1(*drawn), min_f1),
        ("matthews_correlation", _matthews(tp, fp, fn, tn), _drawn_matthews(*drawn), min_mcc),
    ):
        interval = (None, None) if value is None else percentile(redrawn, float(value))
        figures.append(_figure(name, value, interval, rows, limit))
    findings, obstacles = [], []
    for one in figures:
        ruling = one.ruling(decide_on)
        if ruling is not None and ruling.doubt:
            obstacles.append(ruling.doubt)
        if ruling is not None and ruling.beyond:
            findings.append(
                Finding(
                    key=f"{_NAME}/{one.name}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"The {one.name} of class {yes}: {deciding(decide_on, 'value')} {figure(ruling.value)}, below "
                        f"the limit {figure(one.limit)}."
                    ),
                    measurement=one.name,
                )
            )
    undefined = [one.name for one in figures if one.value is None and one.limit is not None]
    if undefined:
        obstacles.append(f"The {listed(undefined)} of class {yes} cannot be worked out: nothing to divide by.")
    return settled([one.measurement() for one in figures], findings, list(notes), obstacles)


def _figure(name: str, value: Fraction | float | None, interval: Interval, rows: int, limit: float | None) -> Figure:
    return Figure(name, value, *interval, rows, limit, at_least=True, ideal=1.0)


def _drawn_f1(tp: Draws, fp: Draws, fn: Draws, tn: Draws) -> Draws:
    return over(2 * tp, 2 * tp + fp + fn)


def _drawn_matthews(tp: Draws, fp: Draws, fn: Draws, tn: Draws) -> Draws:
    return over(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


def _share(part: Fraction, whole: Fraction) -> Fraction | None:
    return part / whole if whole else None


def _matthews(tp: Fraction, fp: Fraction, fn: Fraction, tn: Fraction) -> float | None:
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    if not product:
        return None
    # Squared first: the product of four tiny weights may have no root as a double.
    surplus = tp * tn - fp * fn
    return math.copysign(math.sqrt(surplus**2 / product), surplus)
