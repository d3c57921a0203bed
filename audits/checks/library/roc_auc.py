"""How well do the scores put the favourable cases before the others?"""

from __future__ import annotations

import math

from audits.checks import CannotMeasure, Finding, Measurement, Report, ScoreAreas, ScoreHistograms, Severity, check
from audits.checks.comparison import settled
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics import ScoredGroup
from audits.checks.statistics.areas import Compared
from audits.checks.statistics.intervals import two_sided


@check("performance.roc_auc", version=1, needs=ScoreHistograms, keeps=ScoreAreas, roles=("label",))
def roc_auc(
    scores: ScoreAreas,
    *,
    min_auc: Share = 0.7,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Chance that a favourable case scores above an unfavourable one, ties counted half.

    A score speaks for class 1. The figure is exact up to 1,048,576 rows, and for more of them up to 4,096
    distinct scores. Beyond that scores share bins, the note says by how much the figure may be off at most,
    and the worse end is held against the limit.

    Parameters
    ----------
    scores : ScoreAreas
        Areas under the curve, of everybody and of each group, from counts by score and label.
    min_auc : float in [0, 1], default=0.7
        Areas below this become a finding.
    min_positives : int, default=30
        Fewest rows with the favourable label.
    min_negatives : int, default=30
        Fewest rows with the other label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the area, an end of its 95 % interval, or the whole interval; a limit inside
        the interval is then not enough evidence.

    Formula
    -------
    P(score of a favourable case > score of another) + P(both the same) / 2

    Measures
    --------
    roc_auc : float in [0, 1], unit 1, ideal 1, over everybody and by group.

    Cannot measure
    --------------
    Rows without a score, or too few rows of either label. A group with one label only has no area; it is
    reported as undefined.

    Source
    ------
    Hanley, McNeil (1982), doi:10.1148/radiology.143.1.7063747, for area, ties and interval;
    sklearn.metrics.roc_auc_score.

    Example
    -------
    | score (score) | truth (label) | rows |
    |---|---|---|
    | 0.2 | 1 | 100 |
    | 0.2 | 0 | 200 |
    | 0.8 | 1 | 200 |
    | 0.8 | 0 | 100 |

    - `roc_auc`: (200 * 200 + (100 * 200 + 200 * 100) / 2) / (300 * 300) = 0.6667
    """
    everybody = scores.everybody
    positives, negatives = everybody.favourable, everybody.others
    if positives < min_positives or negatives < min_negatives:
        raise CannotMeasure(
            f"{positives} favourable and {negatives} other labels; {min_positives} and {min_negatives} are needed."
        )
    area, slack = everybody.sums.value, everybody.sums.ties
    assert area is not None  # noqa: S101 -- both labels occur
    measured = [_measured(everybody, None, min_auc, scores.is_exact)]
    for name, groups in scores.by_attribute.items():
        measured += [_measured(group, f"{name}/{group.group}", None, scores.is_exact) for group in groups]
    notes = []
    if everybody.unlabelled:
        notes.append(
            f'{everybody.unlabelled} of {scores.n_rows} rows have no label in "{scores.label}" and are left out.'
        )
    certain = area if scores.is_exact else area - slack
    findings = []
    what = "area under the ROC curve"
    low, high = measured[0].low, measured[0].high
    ruling = ruled(certain, low, high, min_auc, decide_on=decide_on, rows=positives + negatives, what=what, floor=True)
    if ruling.beyond:
        findings.append(
            Finding(
                key="performance.roc_auc",
                severity=Severity.HIGH,
                sentence=(
                    f"The {what}: {deciding(decide_on, 'value')} {figure(ruling.value)}, below the limit "
                    f"{figure(min_auc)}."
                ),
                measurement="roc_auc",
            )
        )
    return settled(measured, findings, notes, [ruling.doubt] if ruling.doubt else [])


def _measured(scored: ScoredGroup[Compared], group: str | None, limit: float | None, is_exact: bool) -> Measurement:
    area, slack, labelled = scored.sums.value, scored.sums.ties, scored.labelled
    if area is None:
        return Measurement("roc_auc", None, group=group, n=labelled, ideal=1.0, note="needs both labels")
    low, high = _interval(float(area), scored.favourable, scored.others)
    note = "" if is_exact else f"scores share bins; off by at most {figure(slack)}"
    return Measurement(
        "roc_auc", float(area), group=group, low=low, high=high, n=labelled, ideal=1.0, limit=limit, note=note
    )


def _interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    first, second = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (first - area**2) + (negatives - 1) * (second - area**2)
    reach = two_sided() * math.sqrt(max(spread, 0.0) / (positives * negatives))
    return max(0.0, area - reach), min(1.0, area + reach)
