"""Are the cases that score highest the ones that matter?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Report, ScoreHistograms, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics import ScoredGroups, ScoreSplit
from audits.checks.statistics.intervals import dkw_reach, two_sided, wilson

_NAME = "performance.ranking"

Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class _Order:
    """What the order of all rows by score says; nothing where a label does not occur."""

    average_precision: float
    separation: Fraction
    found_in_top: Fraction
    fullest_share: float


class RankingSums(ScoredGroups[_Order | None]):
    """Average precision, the largest distance between the labels, and the favourable ones in the top."""

    reads: ClassVar[tuple[str, ...]] = ("top_share",)
    of_everybody: ClassVar[bool] = True

    @staticmethod
    def attributes(scores: ScoreHistograms, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        return ()

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[_Order | None]:
        return [_order(split, parameters["top_share"]) for split in splits]

    @staticmethod
    def written(sums: _Order | None) -> Any:
        if sums is None:
            return None
        return [sums.average_precision, str(sums.separation), str(sums.found_in_top), sums.fullest_share]

    @staticmethod
    def read(written: Any) -> _Order | None:
        if written is None:
            return None
        precision, separation, found, fullest = written
        return _Order(precision, Fraction(separation), Fraction(found), fullest)


@check(_NAME, version=1, needs=ScoreHistograms, keeps=RankingSums, roles=("label",))
def ranking(
    scores: RankingSums,
    *,
    top_share: Share = 0.1,
    min_average_precision: Share | None = None,
    min_lift: Amount | None = 1.0,
    min_separation: Share | None = None,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Average precision, lift among the highest scores, and separation of the two labels by score.

    A score speaks for class 1; the figures are about the favourable class. They are exact up to 1,048,576 rows, and
    for more of them up to 4,096 distinct scores; beyond that scores share bins, and a note says how large a share of
    either label the fullest bin holds. Ties count as if their rows were in random order, but for the average
    precision, which takes tied rows together.

    Parameters
    ----------
    scores : RankingSums
        What the order of all rows by score says, from counts by score and label.
    top_share : float in [0, 1], default=0.1
        Share of rows, highest scores first, for lift and gain; at least one row.
    min_average_precision : float in [0, 1] or None, default=None
        Average precisions below this become a finding; None sets no limit.
    min_lift : float, at least 0, or None, default=1.0
        Lifts below this become a finding; None sets no limit.
    min_separation : float in [0, 1] or None, default=None
        Separations below this become a finding; None sets no limit.
    min_positives : int, default=30
        Fewest rows with the favourable label.
    min_negatives : int, default=30
        Fewest rows with the other label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    separation: max over t of |F(t) - G(t)|, the shares of both labels with a score up to t; lift: share of
    favourable labels in the top over that of all rows

    Measures
    --------
    average_precision : float in [0, 1], unit 1, ideal 1, with the logit interval; the naive value is the prevalence.
    prevalence : float in [0, 1], unit 1, with Wilson's interval.
    lift : float, at least 0, unit 1; share of favourable labels in the top over that of all rows, with
        Wilson's interval for the top and the prevalence as known.
    gain : float in [0, 1], unit 1; share of all favourable labels that are in the top.
    separation : float in [0, 1], unit 1, ideal 1; the largest distance between the score distributions of
        both labels (Kolmogorov-Smirnov), with a distribution-free interval.

    Cannot measure
    --------------
    Rows without a score, or too few rows of either label.

    Source
    ------
    sklearn.metrics.average_precision_score; scipy.stats.ks_2samp; Boyd, Eng, Page (2013),
    doi:10.1007/978-3-642-40994-3_29, for the logit interval; Massart (1990), doi:10.1214/aop/1176990746.

    Example
    -------
    | score (score) | truth (label) | rows |
    |---|---|---|
    | 0.2 | 1 | 100 |
    | 0.2 | 0 | 200 |
    | 0.8 | 1 | 200 |
    | 0.8 | 0 | 100 |

    - `separation`: 2/3 - 1/3 = 0.3333
    - `prevalence`: 300/600 = 0.5
    - `lift`: (200/300) / (300/600) = 1.333
    """
    everybody = scores.everybody
    positives, negatives, order = everybody.favourable, everybody.others, everybody.sums
    if order is None or positives < min_positives or negatives < min_negatives:
        raise CannotMeasure(
            f"{positives} favourable and {negatives} other labels; {min_positives} and {min_negatives} are needed."
        )
    n = positives + negatives
    prevalence = Fraction(positives, n)
    precision, separation, found = order.average_precision, order.separation, order.found_in_top
    top = _top(n, top_share)
    lift, gain = found / top / prevalence, found / positives
    low, high = wilson(float(found), top)
    reach = dkw_reach(positives, negatives)
    figures = [
        Figure(
            "average_precision",
            precision,
            *_logit_interval(precision, positives),
            n,
            min_average_precision,
            at_least=True,
            ideal=1.0,
        ),
        Figure("prevalence", prevalence, *wilson(positives, n), n),
        Figure(
            "lift",
            lift,
            float((low or 0.0) / prevalence),
            float((high or 0.0) / prevalence),
            top,
            min_lift,
            at_least=True,
        ),
        Figure("gain", gain, n=top, ideal=None),
        Figure(
            "separation",
            separation,
            max(0.0, float(separation) - reach),
            min(1.0, float(separation) + reach),
            n,
            min_separation,
            at_least=True,
            ideal=1.0,
        ),
    ]
    notes = []
    if not scores.is_exact:
        notes.append(f"Scores share bins; the fullest holds {figure(order.fullest_share)} of a label.")
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on, notes=notes)


def _top(rows: int, share: float) -> int:
    return max(1, round(share * rows))


def _order(split: ScoreSplit, top_share: float) -> _Order | None:
    positives, negatives = int(split.positives.sum()), int(split.negatives.sum())
    if not positives or not negatives:
        return None
    return _Order(
        _average_precision(split),
        _separation(split, positives, negatives),
        _found_in(split, _top(positives + negatives, top_share)),
        max(int(split.positives.max()) / positives, int(split.negatives.max()) / negatives),
    )


def _descending(split: ScoreSplit) -> tuple[Rows, Rows]:
    """Favourable labels, and labels of either kind, up to each score, highest score first."""
    found = np.cumsum(split.positives[::-1])
    return found, found + np.cumsum(split.negatives[::-1])


def _average_precision(split: ScoreSplit) -> float:
    found, seen = _descending(split)
    here = split.positives[::-1]
    held = here > 0
    return float((here[held] * (found[held] / seen[held])).sum()) / int(found[-1])


def _separation(split: ScoreSplit, positives: int, negatives: int) -> Fraction:
    found, seen = _descending(split)
    # Whole numbers below the product of the two sizes, so that nothing is rounded.
    apart = np.abs(found * negatives - (seen - found) * positives)
    return Fraction(int(apart.max()), positives * negatives)


def _found_in(split: ScoreSplit, top: int) -> Fraction:
    """Favourable labels among the highest `top` rows; a tie that is cut counts in proportion."""
    found, seen = _descending(split)
    last = int(np.searchsorted(seen, top))
    before, rows_before = (int(found[last - 1]), int(seen[last - 1])) if last else (0, 0)
    here, rows = int(found[last]) - before, int(seen[last]) - rows_before
    return before + Fraction(here * (top - rows_before), rows)


def _logit_interval(value: float, positives: int) -> tuple[float, float]:
    if value in (0.0, 1.0):
        return value, value
    centre = math.log(value / (1 - value))
    reach = two_sided() / math.sqrt(positives * value * (1 - value))
    return 1 / (1 + math.exp(reach - centre)), 1 / (1 + math.exp(-reach - centre))
