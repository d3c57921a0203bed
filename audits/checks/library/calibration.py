"""Do probabilities keep what they promise?"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from audits.checks import CannotMeasure, ProbabilitySums, Report, Severity, check
from audits.checks.class_figures import over
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Count, DecideOnEvidence, Share
from audits.checks.statistics.exact_sums import Sums, Tally
from audits.checks.statistics.intervals import percentile, redrawn, two_sided
from audits.checks.statistics.weighed_cells import WeighedCells

_NAME = "performance.calibration"
_LEAST = Fraction(1, 10**300)


@check(_NAME, version=1, needs=ProbabilitySums)
def calibration(
    probabilities: ProbabilitySums,
    *,
    max_calibration_error: Share | None = 0.1,
    max_brier: Share | None = None,
    max_log_loss: Amount | None = None,
    min_skill: Share | None = None,
    min_rows: Count = 100,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Brier score, log loss and expected calibration error of the scores as probabilities of class 1.

    The sums behind every figure are exact, whatever the number of rows. Brier score and log loss have normal
    intervals from sums of squares; the calibration error is redrawn 2,000 times from the counts by bin and
    label, with the mean score of each. Rows count by their weight: normal and Wilson's intervals are then those of
    Kish's effective rows, and what a cell weighs in a draw varies as the weights of its rows do.

    Parameters
    ----------
    probabilities : ProbabilitySums
        Sums by tenth of the score and by label.
    max_calibration_error : float in [0, 1] or None, default=0.1
        Expected calibration errors above this become a finding; None sets no limit.
    max_brier : float in [0, 1] or None, default=None
        Brier scores above this become a finding; None sets no limit.
    max_log_loss : float, at least 0, or None, default=None
        Log losses above this become a finding; None sets no limit.
    min_skill : float in [0, 1] or None, default=None
        Brier skill below this becomes a finding; None sets no limit.
    min_rows : int, default=100
        Fewest rows with a score and a label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    ECE: sum over bins of |sum of scores - favourable ones| / n; Brier: mean of (s - y)^2; log loss: mean of -ln
    of the score given to what came true

    Measures
    --------
    expected_calibration_error : float in [0, 1], unit 1, ideal 0, over ten bins of equal width.
    brier_score : float in [0, 1], unit 1, ideal 0.
    log_loss : float, at least 0, unit nats, ideal 0.
    brier_skill : float, at most 1, unit 1, ideal 1; 0 is always giving the share of class 1.
    mean_excess : float in [-1, 1], unit 1, ideal 0; mean score less the share of class 1.
    share_of_class_1 : float in [0, 1], unit 1, by bin, with Wilson's interval.
    mean_score : float in [0, 1], unit 1, by bin.

    Cannot measure
    --------------
    A score that is absent or outside 0 to 1, a missing, infinite or negative weight, or too few rows with a label or
    none that weighs anything. With one class only, or one beside which the other weighs less than 1e-300 of all, there
    is no skill; it is undefined.

    Source
    ------
    Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; sklearn.metrics brier_score_loss and
    log_loss; Naeini, Cooper, Hauskrecht (2015), doi:10.1609/aaai.v29i1.9602, for the calibration error.

    Example
    -------
    | score (score) | truth (label) | rows |
    |---|---|---|
    | 0.2 | 1 | 100 |
    | 0.2 | 0 | 200 |
    | 0.8 | 1 | 200 |
    | 0.8 | 0 | 100 |

    - `expected_calibration_error`: (|60 - 100| + |240 - 200|) / 600 = 0.1333
    - `brier_score`: (200 * 0.64 + 400 * 0.04) / 600 = 0.24
    - `log_loss`: -(200 ln 0.2 + 400 ln 0.8) / 600 = 0.6852
    - `brier_skill`: 1 - 0.24 / 0.25 = 0.04
    """
    sums = probabilities.sums
    if probabilities.unscored or probabilities.outside:
        raise CannotMeasure(
            f"{probabilities.unscored} rows have no score and {probabilities.outside} one outside 0 to 1, "
            "which is no probability."
        )
    if sums.n < min_rows:
        raise CannotMeasure(f"{sums.n} rows have a score and a label, {min_rows} are needed.")
    if not sums.weight:
        raise CannotMeasure(f'No row with a score and a label has a weight above zero in "{probabilities.weight}".')
    cells = _cells(sums)
    share = Fraction(cells.exact[:, 1].sum(), cells.exact.sum())
    brier, log = sums.mean("brier"), sums.mean("log")
    reach = {name: _reach(sums, name) for name in ("brier", "log")}
    naive = share * (1 - share)
    if naive < _LEAST:
        # Beside a class that weighs next to nothing a skill would be beyond all doubles.
        naive = Fraction(0)
    skill = 1 - brier / naive if naive else None
    error, low, high = _calibration_error(sums, cells, probabilities.seed)
    figures = [
        Figure("expected_calibration_error", error, low, high, sums.n, max_calibration_error, ideal=0.0),
        _mean("brier_score", brier, reach["brier"], sums.n, max_brier, most=1.0),
        _mean("log_loss", log, reach["log"], sums.n, max_log_loss, unit="nats"),
        Figure(
            "brier_skill",
            skill,
            float(1 - (float(brier) + reach["brier"]) / naive) if naive else None,
            float(1 - (float(brier) - reach["brier"]) / naive) if naive else None,
            sums.n,
            min_skill,
            at_least=True,
            ideal=1.0,
            note="the interval takes the share of class 1 as known" if naive else "",
        ),
        Figure("mean_excess", sums.mean("score") - share, n=sums.n, ideal=0.0),
        *_by_bin(probabilities, cells),
    ]
    notes = []
    if probabilities.unlabelled:
        notes.append(f"{probabilities.unlabelled} of {probabilities.n_rows} rows have no label and are left out.")
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, notes=notes)


def _reach(sums: Sums, name: str) -> float:
    return two_sided() * math.sqrt(sums.variance_of_mean(name, f"{name}_squared"))


def _mean(
    name: str, value: Fraction, reach: float, n: int, limit: float | None, *, most: float = math.inf, unit: str = "1"
) -> Figure:
    low, high = max(0.0, float(value) - reach), min(most, float(value) + reach)
    return Figure(name, value, low, high, n, limit, ideal=0.0, unit=unit)


def _cells(sums: Sums) -> WeighedCells:
    """Rows, and what they weigh, by bin and label: of shape (n_bins, 2)."""
    tallies: dict[tuple[int, ...], Tally] = {divmod(cell, 2): tally for cell, tally in enumerate(sums.held())}
    return WeighedCells.of(tallies, (sums.n_cells // 2, 2), weighted=sums.is_weighted)


def _scores(sums: Sums, cells: WeighedCells) -> np.ndarray:
    """The sums of scores, exact and in the unit of the cells."""
    unit = sums.weight / cells.exact.sum()
    return np.array([total / unit for total in sums.by_cell("score")], object).reshape(cells.exact.shape)


def _calibration_error(sums: Sums, cells: WeighedCells, seed: int) -> tuple[Fraction, float | None, float | None]:
    scores, held_by = _scores(sums, cells), cells.exact
    error = np.abs(scores.sum(axis=1) - held_by[:, 1]).sum() / Fraction(held_by.sum())
    means = [float(score / n) if n else 0.0 for score, n in zip(scores.flat, held_by.flat, strict=True)]
    if sums.is_weighted:
        drawn = np.concatenate(list(cells.drawn(seed))).reshape(-1, sums.n_cells)
    else:
        drawn = redrawn(np.array(sums.rows, np.int64), seed)
    gaps = drawn * np.array(means)
    gaps[:, 1::2] -= drawn[:, 1::2]
    # A draw of rows that weigh nothing has no error.
    errors = over(np.abs(gaps[:, ::2] + gaps[:, 1::2]).sum(axis=1), drawn.sum(axis=1))
    return error, *percentile(errors, float(error))


def _by_bin(probabilities: ProbabilitySums, cells: WeighedCells) -> list[Figure]:
    figures = []
    scores = _scores(probabilities.sums, cells).sum(axis=1)
    ones, whole = cells.summed(lambda of: of[:, 1]), cells.summed(lambda of: of.sum(axis=1))
    for place, score in enumerate(scores):
        n, value, low, high = ones.share_of(whole, (place,))
        if value is not None:
            group = f"{probabilities.score}/{place / 10:g} to {(place + 1) / 10:g}"
            figures.append(Figure("share_of_class_1", value, low, high, n, group=group))
            figures.append(Figure("mean_score", score / whole.exact[place], n=n, group=group))
    return figures
