"""Does a score mean the same chance in every group?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from audits.checks import CannotMeasure, Finding, Measurement, Report, ScoreHistograms, Severity, check
from audits.checks.comparison import settled
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.scored import require_scores, sorted_splits
from audits.checks.sentences import figure, some
from audits.checks.statistics import ScoreSplit
from audits.checks.statistics.calibration import Reliability, brier, reliability
from audits.checks.statistics.intervals import wilson

_NAME = "fairness.calibration_within_groups"


@check(_NAME, version=1, needs=ScoreHistograms, roles=("label", "sensitive"))
def calibration_within_groups(
    scores: ScoreHistograms,
    *,
    attribute: str | None = None,
    max_error: Share = 0.1,
    bins: Annotated[int, Between(2, 100)] = 10,
    min_group_size: Count = 100,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Distance of scores, read as chances of class 1, from what came true, in each group.

    Parameters
    ----------
    scores : ScoreHistograms
        Counts by score and label, integers of shape (n_values, 3) for each group; scores between 0 and 1.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_error : float in [0, 1], default=0.1
        Expected calibration errors above this become a finding for that group.
    bins : int in [2, 100], default=10
        Number of bins of one width between 0 and 1.
    min_group_size : int, default=100
        Fewest labelled rows that a group must have: with few of them chance alone gives an error.
    leave_out : list of str, default=[]
        Groups that are measured but not judged, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the error, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    ECE of each group: sum over bins of |sum of scores - favourable ones| / n; Brier: mean of (score - label)^2

    Measures
    --------
    calibration_error : float in [0, 1], unit 1, ideal 0, by group, with a bootstrap interval.
    brier_score : float in [0, 1], unit 1, ideal 0, by group, with a normal interval.
    observed_share_in_bin_1 : float in [0, 1], unit 1, by group, with Wilson's interval; the note holds the bin and its
        mean score. So for every bin that holds rows: the reliability table.

    Cannot measure
    --------------
    Rows without a score, scores that are no chances between 0 and 1, or a group with too few labelled rows (unless
    another group is already found).

    Source
    ------
    Kleinberg, Mullainathan, Raghavan (2017), doi:10.4230/LIPIcs.ITCS.2017.43, calibration within groups; Naeini,
    Cooper, Hauskrecht (2015), doi:10.1609/aaai.v29i1.9602, for the error; sklearn.metrics.brier_score_loss and
    sklearn.calibration.calibration_curve with strategy="uniform".
    """
    notes = list(require_scores(scores))
    low, high = scores.range
    if low < 0 or high > 1:
        raise CannotMeasure(
            f'Column "{scores.roles.score}" holds scores from {figure(low)} to {figure(high)}; a chance lies '
            "between 0 and 1."
        )
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []

    def labelled(split: ScoreSplit) -> int:
        return int(split.counts[:, :2].sum())

    for name, splits in sorted_splits(scores, attribute, lambda s: labelled(s) >= min_group_size, leave_out).items():
        if splits.small:
            named = some([f"{split.group} ({labelled(split)})" for split in splits.small])
            obstacles.append(f"{name}: too few labelled rows of {named}.")
        for split in (*splits.usable, *filter(labelled, splits.left_out)):
            where = f"{name}/{split.group}"
            table = reliability(split, bins)
            judged = split in splits.usable
            low_error, high_error = table.error_interval(scores.seed)
            measured.append(
                Measurement(
                    "calibration_error",
                    table.error,
                    group=where,
                    low=low_error,
                    high=high_error,
                    n=labelled(split),
                    ideal=0.0,
                    limit=max_error if judged else None,
                    note="" if judged else "left out of the comparison by the policy",
                )
            )
            score, (lowest, highest) = brier(split)
            measured.append(
                Measurement("brier_score", score, group=where, low=lowest, high=highest, n=labelled(split), ideal=0.0)
            )
            measured += _table(table, where, bins)
            if not judged:
                continue
            what = f"calibration error of {split.group}"
            ruling = ruled(
                table.error, low_error, high_error, max_error, decide_on=decide_on, rows=labelled(split), what=what
            )
            if ruling.doubt:
                obstacles.append(ruling.doubt)
            if ruling.beyond:
                findings.append(
                    Finding(
                        key=f"{_NAME}/{where}",
                        severity=Severity.HIGH,
                        sentence=(
                            f"The scores of {split.group} are no chances: {deciding(decide_on, 'calibration error')} "
                            f"{figure(ruling.value)}, above the limit {figure(max_error)}."
                        ),
                        measurement="calibration_error",
                    )
                )
    return settled(measured, findings, notes, obstacles)


def _table(table: Reliability, where: str, bins: int) -> list[Measurement]:
    found = []
    for place in np.flatnonzero(table.rows):
        n, favourable = int(table.rows[place]), int(table.favourable[place])
        low, high = wilson(favourable, n)
        found.append(
            Measurement(
                f"observed_share_in_bin_{place + 1}",
                favourable / n,
                group=where,
                low=low,
                high=high,
                n=n,
                note=f"scores {place / bins:g} to {(place + 1) / bins:g}, mean {figure(float(table.means[place]))}",
            )
        )
    return found
