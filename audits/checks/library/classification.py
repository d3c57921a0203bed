"""How good are the decisions for one class: found, right, and better than chance?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated

from audits.checks import CannotMeasure, Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import exactly, require_complete
from audits.checks.parameters import Between, Count, Share
from audits.checks.sentences import figure, listed
from audits.checks.statistics.rates import marked

_NAME = "performance.classification"


@check(_NAME, version=1, needs=GroupCounts, roles=("label",))
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
) -> Report:
    """Precision, recall, F1, balanced accuracy and Matthews correlation of one class.

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
    """
    notes = require_complete(counts, labels=True)
    everybody = counts.everybody()
    yes, no = positive_class, 1 - positive_class
    pairs = {"tp": (yes, yes), "fp": (no, yes), "fn": (yes, no), "tn": (no, no)}
    rows = sum(everybody.rows(marked(pair)) for pair in pairs.values())
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    tp, fp, fn, tn = (everybody.total(marked(pair)) for pair in pairs.values())
    recall, specificity = _share(tp, tp + fn), _share(tn, tn + fp)
    balanced = None if recall is None or specificity is None else (recall + specificity) / 2
    figures: tuple[tuple[str, Fraction | float | None, float | None], ...] = (
        ("precision", _share(tp, tp + fp), min_precision),
        ("recall", recall, min_recall),
        ("f1", _share(2 * tp, 2 * tp + fp + fn), min_f1),
        ("balanced_accuracy", balanced, min_balanced_accuracy),
        ("matthews_correlation", _matthews(tp, fp, fn, tn), min_mcc),
    )
    measured = tuple(
        Measurement(
            name,
            None if value is None else float(value),
            n=rows,
            ideal=1.0,
            limit=limit,
            note="undefined: nothing to divide by" if value is None else "",
        )
        for name, value, limit in figures
    )
    findings = tuple(
        Finding(
            key=f"{_NAME}/{name}",
            severity=Severity.HIGH,
            sentence=f"The {name} of class {yes} is {figure(value)}, below the limit {figure(limit)}.",
            measurement=name,
        )
        for name, value, limit in figures
        if value is not None and limit is not None and value < exactly(limit)
    )
    undefined = [name for name, value, limit in figures if value is None and limit is not None]
    if undefined and not findings:
        sentence = f"The {listed(undefined)} of class {yes} cannot be worked out: nothing to divide by."
        raise CannotMeasure(sentence, Report(measured, (), notes))
    return Report(measured, findings, notes)


def _share(part: Fraction, whole: Fraction) -> Fraction | None:
    return part / whole if whole else None


def _matthews(tp: Fraction, fp: Fraction, fn: Fraction, tn: Fraction) -> float | None:
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return float(tp * tn - fp * fn) / math.sqrt(product) if product else None
