"""How differently are scores spread over the groups?"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np

from audits.checks import Finding, Measurement, Report, ScoreHistograms, Severity, check
from audits.checks.comparison import settled
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import require_scores, sorted_splits
from audits.checks.sentences import figure, some
from audits.checks.statistics import ScoreSplit
from audits.checks.statistics.intervals import dkw_reach

_NAME = "fairness.score_distance"


@check(_NAME, version=1, needs=ScoreHistograms, roles=("sensitive",))
def score_distance(
    scores: ScoreHistograms,
    *,
    attribute: str | None = None,
    max_distance: Share = 0.1,
    min_group_size: Count = 100,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Largest Kolmogorov-Smirnov distance between the scores of two groups.

    It is the largest difference in selection rate that any cut of the scores could give. Exact up to 4,096 distinct
    scores; beyond that scores share places, and the interval is wider by as much as the distance may be off.

    Parameters
    ----------
    scores : ScoreHistograms
        Counts by score and label, integers of shape (n_values, 3) for each group.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_distance : float in [0, 1], default=0.1
        Distances above this become a finding.
    min_group_size : int, default=100
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the distance, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    max over t of |F(t) - G(t)|, F and G the shares of two groups with a score up to t

    Measures
    --------
    score_distance : float in [0, 1], unit 1, ideal 0, by attribute, with a distribution-free interval.

    Cannot measure
    --------------
    Rows without a score, fewer than two groups, or a group with too few rows (unless the others already exceed the
    limit).

    Source
    ------
    scipy.stats.ks_2samp for the distance; Massart (1990), doi:10.1214/aop/1176990746, with Bonferroni's correction for
    the pairs of groups, for the interval.

    Example
    -------
    | sex (sensitive) | score (score) | truth (label) | rows |
    |---|---|---|---|
    | Female | 0.2 | 0 | 40 |
    | Female | 0.4 | 1 | 40 |
    | Female | 0.6 | 0 | 40 |
    | Female | 0.8 | 1 | 40 |
    | Male | 0.2 | 0 | 80 |
    | Male | 0.4 | 1 | 80 |

    - `score_distance` of sex: up to 0.4 stand 80/160 of the women and all men; 1 - 0.5 = 0.5
    """
    notes = list(require_scores(scores, labels=False))
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []

    def enough(split: ScoreSplit) -> bool:
        return int(split.counts.sum()) >= min_group_size

    for name, splits in sorted_splits(scores, attribute, enough, leave_out).items():
        if splits.small:
            named = some([f"{split.group} ({int(split.counts.sum())})" for split in splits.small])
            obstacles.append(f"{name}: too few rows of {named}.")
        if len(splits.usable) < 2:
            obstacles.append(f"{name}: fewer than two groups to compare.")
            continue
        found = []
        for one, other in combinations(splits.usable, 2):
            distance, slack = _distance(one, other, exact=scores.is_exact)
            reach = dkw_reach(int(one.counts.sum()), int(other.counts.sum()), splits.level) + slack
            found.append((distance, reach, one.group, other.group))
        distance, _, first, second = max(found)
        low = max(0.0, max(float(value) - reach for value, reach, _, _ in found))
        high = min(1.0, max(float(value) + reach for value, reach, _, _ in found))
        rows = sum(int(split.counts.sum()) for split in splits.usable)
        measured.append(
            Measurement(
                "score_distance",
                float(distance),
                group=name,
                low=low,
                high=high,
                n=rows,
                ideal=0.0,
                limit=max_distance,
                note=f"{first} against {second}",
            )
        )
        what = f"distance between scores by {name}"
        ruling = ruled(distance, low, high, max_distance, decide_on=decide_on, rows=rows, what=what)
        if ruling.doubt:
            obstacles.append(ruling.doubt)
        if ruling.beyond:
            findings.append(
                Finding(
                    key=f"{_NAME}/{name}",
                    severity=Severity.MEDIUM,
                    sentence=(
                        f"Scores are spread differently over {first} and {second}: {deciding(decide_on, 'distance')} "
                        f"{figure(ruling.value)}, above the limit {figure(max_distance)}."
                    ),
                    measurement="score_distance",
                )
            )
    return settled(measured, findings, notes, obstacles)


def _distance(one: ScoreSplit, other: ScoreSplit, *, exact: bool) -> tuple[Fraction, float]:
    """The distance of the two step functions, and how far it may be off where scores share places."""
    rows = [split.counts.sum(axis=1).astype(object) for split in (one, other)]
    n, m = (int(sum(counts)) for counts in rows)
    apart = np.abs(np.cumsum(rows[0]) * m - np.cumsum(rows[1]) * n)
    slack = 0.0 if exact else max(float(max(rows[0])) / n, float(max(rows[1])) / m)
    return Fraction(int(max(apart)), n * m), slack
