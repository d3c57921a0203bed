"""Do the scores of a version order people at least as well as those of the live one, on the same rows?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from audits.checks import CannotMeasure, PairedRows, Report, Severity, check
from audits.checks.class_figures import over
from audits.checks.figures import Figure, held
from audits.checks.library.against_live import newcombe
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.intervals import LEVEL, percentile, redrawn, two_sided
from audits.checks.statistics.paired_rows import Joined

_NAME = "performance.scores_against_live"
_Z = two_sided()


@check(_NAME, version=1, needs=PairedRows, tables=("evaluation", "live"))
def scores_against_live(
    evaluation: PairedRows,
    live: PairedRows,
    *,
    auc_margin: Share = 0.01,
    brier_margin: Share | None = None,
    error_margin: Share | None = None,
    balanced_accuracy_margin: Share | None = None,
    max_unmatched_share: Share = 0.0,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    decide_on: DecideOnEvidence = "upper",
) -> Report:
    """Area under the ROC curve of the live version less that of this one, against a margin of non-inferiority.

    The table with the purpose "live" holds what the live version says; rows are joined by the columns with the role
    id. Differences count what is lost: the version is held to be no worse when the chosen end of the interval, by
    default the upper one, does not exceed the margin. Decisions are compared where both tables have them, squared
    distances (Brier) where all scores are chances. Every row counts once, whatever it weighs.

    Parameters
    ----------
    evaluation : PairedRows
        Scores, labels and decisions of this version, joined with those of the live one.
    live : PairedRows
        The rows of the live version.
    auc_margin : float in [0, 1], default=0.01
        How much of the area may be lost.
    brier_margin : float in [0, 1] or None, default=None
        How much the Brier score may grow; None sets no limit.
    error_margin : float in [0, 1] or None, default=None
        How much the share of wrong decisions may grow; None sets no limit.
    balanced_accuracy_margin : float in [0, 1] or None, default=None
        How much of the balanced accuracy may be lost; None sets no limit.
    max_unmatched_share : float in [0, 1], default=0.0
        Largest share of the rows of either table that may have no partner in the other.
    min_positives : int, default=30
        Fewest joined rows with label 1.
    min_negatives : int, default=30
        Fewest joined rows with label 0.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="upper"
        Which end of the 95 % interval is held against the margins; with "interval" a margin inside it is inconclusive.

    Formula
    -------
    area of the live version less that of this one; its variance is V(new) + V(live) - 2 C(new, live) of the
    placements of each label among the other

    Measures
    --------
    auc_loss : float in [-1, 1], unit 1, ideal at most 0, with DeLong's interval for two areas on the same rows.
    roc_auc : float in [0, 1], unit 1, ideal 1, of this version.
    live_roc_auc : float in [0, 1], unit 1, ideal 1, of the live version.
    delong_p_value : float in [0, 1], unit 1; two-sided, of DeLong's test that both areas are the same.
    brier_increase : float in [-1, 1], unit 1, ideal at most 0, with Student's interval for paired rows.
    error_increase : float in [-1, 1], unit 1, ideal at most 0, with Newcombe's interval for paired shares.
    balanced_accuracy_loss : float in [-1, 1], unit 1, ideal at most 0, with the paired bootstrap's interval.
    f1_loss : float in [-1, 1], unit 1, ideal at most 0, with the paired bootstrap's interval.
    matthews_loss : float in [-2, 2], unit 1, ideal at most 0, with the paired bootstrap's interval.
    mcnemar_p_value : float in [0, 1], unit 1; two-sided, of McNemar's exact test.

    Cannot measure
    --------------
    No table of the live version, rows without id or score, too many rows without a partner, labels that contradict
    each other, too few rows of either label, or a figure with a margin that is undefined.

    Source
    ------
    DeLong, DeLong, Clarke-Pearson (1988), doi:10.2307/2531595, for the areas; McNemar (1947), doi:10.1007/BF02295996;
    Newcombe (1998), method 10; Efron, Tibshirani (1993), ISBN 0-412-04231-2, chapter 13, for the bootstrap of rows.

    Example
    -------
    | person (id) | score (score) | truth (label) | decision (prediction) | in (table) | rows |
    |---|---|---|---|---|---|
    | a | 0.9 | 1 | 1 | evaluation | 1 |
    | b | 0.4 | 1 | 0 | evaluation | 1 |
    | c | 0.6 | 0 | 1 | evaluation | 1 |
    | d | 0.1 | 0 | 0 | evaluation | 1 |
    | a | 0.9 | 1 | 1 | live | 1 |
    | b | 0.6 | 1 | 1 | live | 1 |
    | c | 0.4 | 0 | 0 | live | 1 |
    | d | 0.1 | 0 | 0 | live | 1 |

    - `roc_auc`: only b stands below c, 3 of 4 pairs, 3/4 = 0.75
    - `live_roc_auc`: 4/4 = 1
    - `auc_loss`: 1 - 0.75 = 0.25
    - `brier_increase`: (0.6^2 - 0.4^2 + 0.6^2 - 0.4^2) / 4 = 0.1
    - `error_increase`: 2/4 - 0/4 = 0.5
    - `balanced_accuracy_loss`: 1 - (1/2 + 1/2) / 2 = 0.5
    - `f1_loss`: 1 - 2 * 1 / (2 * 1 + 1 + 1) = 0.5
    - `matthews_loss`: 1 - (1 * 1 - 1 * 1) / 4 = 1
    - `mcnemar_p_value`: both tosses of a coin on one side, 2 * 1/4 = 0.5
    """
    joined = evaluation.joined
    if joined is None:
        raise CannotMeasure("The two tables could not be joined.")
    for name, table, alone in (("evaluation", evaluation, joined.only_new), ("live", live, joined.only_live)):
        if table.unscored or table.unnamed:
            raise CannotMeasure(
                f"{table.unscored} rows of the {name} table have no score and {table.unnamed} no id; give every row "
                "both."
            )
        if Fraction(alone, table.n_rows) > Fraction(repr(max_unmatched_share)):
            raise CannotMeasure(f"{alone} of {table.n_rows} rows of the {name} table have no partner with the same id.")
    if joined.contradicted:
        raise CannotMeasure(f"{joined.contradicted} rows have another label in the live table.")
    negatives = joined.rows - joined.positives
    if joined.positives < min_positives or negatives < min_negatives:
        raise CannotMeasure(
            f"{joined.positives} joined rows have label 1 and {negatives} label 0; {min_positives} and "
            f"{min_negatives} are needed."
        )
    figures = _of_areas(joined, auc_margin)
    if joined.brier is not None or brier_margin is not None:
        figures.append(_of_chances(joined.brier, joined.rows, brier_margin))
    if joined.cells is not None or error_margin is not None or balanced_accuracy_margin is not None:
        figures += _of_decisions(joined, evaluation.seed, error_margin, balanced_accuracy_margin)
    notes = []
    if joined.only_new or joined.only_live or joined.unlabelled:
        notes.append(
            f"{joined.only_new} rows of the evaluation table and {joined.only_live} of the live one have no partner; "
            f"{joined.unlabelled} joined rows have no label."
        )
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on, notes=notes)


def _of_areas(joined: Joined, margin: float) -> list[Figure]:
    new, live = joined.area(0), joined.area(1)
    if new is None or live is None:
        raise CannotMeasure("An area needs rows of both labels.")
    loss = live - new
    low, high, p_value = None, None, None
    if joined.covariance is not None:
        first, second, together = joined.covariance
        error = math.sqrt(max(0.0, first + second - 2 * together))
        low, high = float(loss) - _Z * error, float(loss) + _Z * error
        p_value = math.erfc(abs(float(loss)) / error / math.sqrt(2)) if error else 1.0 if loss == 0 else None
    return [
        Figure("auc_loss", loss, low, high, joined.rows, margin, ideal=0.0, words="loss of area under the ROC curve"),
        Figure("roc_auc", new, n=joined.rows, ideal=1.0),
        Figure("live_roc_auc", live, n=joined.rows, ideal=1.0),
        Figure("delong_p_value", p_value, n=joined.rows),
    ]


def _of_chances(sums: Sums | None, rows: int, margin: float | None) -> Figure:
    if sums is None:
        return Figure("brier_increase", None, n=rows, limit=margin, ideal=0.0)
    value = sums.mean("difference")
    error = math.sqrt(sums.variance_of_mean("difference", "difference_2"))
    reach = float(scipy.stats.t.ppf(0.5 + LEVEL / 2, sums.n - 1)) * error
    return Figure("brier_increase", value, float(value) - reach, float(value) + reach, rows, margin, ideal=0.0)


def _of_decisions(joined: Joined, seed: int, error_margin: float | None, margin: float | None) -> list[Figure]:
    names = ("balanced_accuracy_loss", "f1_loss", "matthews_loss")
    if joined.cells is None:
        limits = (("error_increase", error_margin), ("balanced_accuracy_loss", margin))
        return [Figure(name, None, n=joined.rows, limit=limit, ideal=0.0) for name, limit in limits]
    cells = np.array(joined.cells, np.int64)
    table = cells.reshape(2, 2, 2)
    # Of label, new and live decision: who was right where.
    only_new, only_live = int(table[1, 1, 0] + table[0, 0, 1]), int(table[1, 0, 1] + table[0, 1, 0])
    both_right, both_wrong = int(table[1, 1, 1] + table[0, 0, 0]), int(table[1, 0, 0] + table[0, 1, 1])
    increase = Fraction(only_live - only_new, joined.rows)
    low, high = newcombe(both_wrong, only_new, only_live, both_right)
    figures = [Figure("error_increase", increase, low, high, joined.rows, error_margin, ideal=0.0)]
    held_cells = np.flatnonzero(cells)
    draws = np.zeros((len(drawn := redrawn(cells[held_cells], seed)), len(cells)), np.int64)
    draws[:, held_cells] = drawn
    losses, redrawn_losses = _losses(table[None]), _losses(draws.reshape(-1, 2, 2, 2))
    for name in names:
        value = float(losses[name][0])
        interval = (None, None) if math.isnan(value) else percentile(redrawn_losses[name], value)
        limit = margin if name == "balanced_accuracy_loss" else None
        figures.append(Figure(name, None if math.isnan(value) else value, *interval, joined.rows, limit, ideal=0.0))
    apart = only_new + only_live
    p_value = float(scipy.stats.binomtest(only_new, apart).pvalue) if apart else 1.0
    figures.append(Figure("mcnemar_p_value", p_value, n=joined.rows))
    return figures


def _losses(cells: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """What the new version loses in each table of label, new and live decision, shape (n_tables, 2, 2, 2)."""
    new, live = (_figures(cells.sum(axis=axis)) for axis in (3, 2))
    return {name: live[name] - new[name] for name in new}


def _figures(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Figures of counts by label and decision, shape (n_tables, 2, 2)."""
    tn, fp, fn, tp = (counts[:, label, given].astype(float) for label in (0, 1) for given in (0, 1))
    root = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return {
        "balanced_accuracy_loss": (over(tp, tp + fn) + over(tn, tn + fp)) / 2,
        "f1_loss": over(2 * tp, 2 * tp + fp + fn),
        "matthews_loss": over(tp * tn - fp * fn, root),
    }
