"""How do true classes and predicted classes meet, for two classes or many?"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np

from audits.checks import CannotMeasure, ClassCounts, Report, Severity, check
from audits.checks.class_figures import class_figures_of, class_shares_of, defined, figures_of
from audits.checks.figures import Figure, held
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.statistics.intervals import percentile
from audits.checks.statistics.weighed_cells import WeighedCells

_NAME = "performance.confusion"
_MOST_SHOWN = 10


@check(_NAME, version=1, needs=ClassCounts, roles=("label", "prediction"))
def confusion(
    classes: ClassCounts,
    *,
    min_balanced_accuracy: Share | None = None,
    min_macro_f1: Share | None = None,
    min_class_recall: Share | None = None,
    min_kappa: Annotated[float, Between(-1, 1)] | None = None,
    min_matthews: Annotated[float, Between(-1, 1)] | None = None,
    min_gain: Annotated[float, Between(-1, 1)] | None = 0.0,
    min_rows: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Agreement of predicted and true classes: over all classes, for each class, and against a naive guess.

    Every figure comes from the counts of true and predicted class. Precision, recall and specificity have
    Wilson's interval; the others are redrawn 2,000 times from the counts (the multinomial over the cells is
    the bootstrap of the rows) and have percentile intervals. Rows count by their weight: Wilson's intervals are then
    those of Kish's effective rows, and what a cell weighs in a draw varies as the weights of its rows do.

    Parameters
    ----------
    classes : ClassCounts
        Rows, and what they weigh, by true and predicted class, of shape (n_classes, n_classes).
    min_balanced_accuracy : float in [0, 1] or None, default=None
        Mean recall of the true classes below this becomes a finding; None sets no limit.
    min_macro_f1 : float in [0, 1] or None, default=None
        Mean F1 of the classes below this becomes a finding; None sets no limit.
    min_class_recall : float in [0, 1] or None, default=None
        Each class found less often than this becomes a finding; None sets no limit.
    min_kappa : float in [-1, 1] or None, default=None
        Agreement beyond chance below this becomes a finding; None sets no limit.
    min_matthews : float in [-1, 1] or None, default=None
        Matthews correlation below this becomes a finding; None sets no limit.
    min_gain : float in [-1, 1] or None, default=0.0
        Accuracy less than this above always giving the most frequent class becomes a finding.
    min_rows : int, default=30
        Fewest rows with a known label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    kappa (p - q) / (1 - q) with p the share of equal classes and q the one expected by chance

    Measures
    --------
    accuracy : float in [0, 1], unit 1, ideal 1.
    balanced_accuracy : float in [0, 1], unit 1, ideal 1; the mean recall of the classes that occur as label.
    macro_precision : float in [0, 1], unit 1, ideal 1; undefined while a class is never predicted.
    macro_recall : float in [0, 1], unit 1, ideal 1; undefined while a predicted class never occurs as label.
    macro_f1 : float in [0, 1], unit 1, ideal 1.
    weighted_f1 : float in [0, 1], unit 1, ideal 1; weighted by the rows of each true class.
    cohens_kappa : float in [-1, 1], unit 1, ideal 1.
    matthews_correlation : float in [-1, 1], unit 1, ideal 1.
    gain_over_majority : float in [-1, 1], unit 1; accuracy less the share of the most frequent class.
    precision : float in [0, 1], unit 1, ideal 1, by class.
    recall : float in [0, 1], unit 1, ideal 1, by class.
    specificity : float in [0, 1], unit 1, ideal 1, by class.
    f1 : float in [0, 1], unit 1, ideal 1, by class.
    confusion : int, unit rows, by true and predicted class, up to ten classes; rows whatever they weigh.

    Cannot measure
    --------------
    Rows without a prediction, too few rows with a known label, none that weighs anything, a missing, infinite or
    negative weight, more than 50 classes, or a figure with a limit that is undefined. An undefined figure is never
    reported as 0.

    Source
    ------
    sklearn.metrics: accuracy_score, balanced_accuracy_score, precision_recall_fscore_support,
    cohen_kappa_score, matthews_corrcoef; Cohen (1960), doi:10.1177/001316446002000104; Gorodkin (2004),
    doi:10.1016/j.compbiolchem.2004.09.006, for the correlation of many classes.

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

    - `accuracy`: 151/200 = 0.755
    - `cohens_kappa`: p = 151/200, q = 1/2; (0.755 - 0.5) / 0.5 = 0.51
    - `gain_over_majority`: 151/200 - 100/200 = 0.255
    """
    if classes.undecided:
        raise CannotMeasure(f'{classes.undecided} of {classes.n_rows} rows have no value in "{classes.prediction}".')
    names, cells = classes.matrix()
    rows = int(cells.rows.sum())
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    draws = np.concatenate(list(cells.drawn(classes.seed)))
    limits = {
        "balanced_accuracy": min_balanced_accuracy,
        "macro_f1": min_macro_f1,
        "cohens_kappa": min_kappa,
        "matthews_correlation": min_matthews,
        "gain_over_majority": min_gain,
    }
    exact, drawn = figures_of(cells.exact), figures_of(draws)
    figures = []
    for name, value in exact.items():
        estimate = defined(value)
        low, high = (None, None) if estimate is None else percentile(drawn[name], float(estimate))
        ideal = None if name == "gain_over_majority" else 1.0
        figures.append(Figure(name, estimate, low, high, rows, limits.get(name), at_least=True, ideal=ideal))
    figures += _by_class(classes.label, names, cells, draws, min_class_recall)
    if len(names) <= _MOST_SHOWN:
        figures += [
            Figure("confusion", int(n), n=rows, unit="rows", group=f"{classes.label}/{true} given {given}")
            for true, line in zip(names, cells.rows, strict=True)
            for given, n in zip(names, line, strict=True)
        ]
    notes = []
    if classes.unlabelled:
        notes.append(f'{classes.unlabelled} of {classes.n_rows} rows have no label in "{classes.label}".')
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on, notes=notes)


def _by_class(
    label: str, names: tuple[str, ...], cells: WeighedCells, draws: np.ndarray, min_recall: float | None
) -> list[Figure]:
    figures = []
    drawn = class_figures_of(draws)["f1"]
    shares = {
        what: [cells.summed(partial(_side_of, what, side)) for side in (0, 1)] for what in class_shares_of(cells.rows)
    }
    for place, name in enumerate(names):
        for what, (part, whole) in shares.items():
            n, value, low, high = part.share_of(whole, (place,))
            if what == "f1" and value is not None:
                low, high = percentile(drawn[:, place], float(value))
            limit = min_recall if what == "recall" and value is not None else None
            figures.append(Figure(what, value, low, high, n, limit, at_least=True, ideal=1.0, group=f"{label}/{name}"))
    return figures


def _side_of(what: str, side: int, cells: np.ndarray) -> np.ndarray:
    return class_shares_of(cells)[what][side]
