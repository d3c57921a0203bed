"""Does a score mean the same chance in every group?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from audits.checks import Finding, Measurement, Report, ScoreHistograms, Severity, check
from audits.checks.comparison import settled, too_few
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.scored import notes_on, require_chances, sorted_groups
from audits.checks.sentences import figure
from audits.checks.statistics import ScoredGroup, ScoredGroups, ScoreSplit
from audits.checks.statistics.calibration import Brier, Reliability, brier, reliability
from audits.checks.statistics.intervals import wilson
from audits.checks.statistics.rates import UNKNOWN

_NAME = "fairness.calibration_within_groups"


@dataclass(frozen=True)
class _Chances:
    """How a group's chances came true; a group without labels has neither."""

    table: Reliability
    brier: Brier


class BinnedChances(ScoredGroups[_Chances | None]):
    """Rows, favourable ones and mean score by bin of each group, and its Brier score with the variance of it."""

    reads: ClassVar[tuple[str, ...]] = ("attribute", "bins")

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[_Chances | None]:
        require_chances(scores)
        return [
            _Chances(reliability(split, parameters["bins"]), brier(split))
            if any(rows.any() for rows in split.by_label[:UNKNOWN])
            else None
            for split in splits
        ]

    @staticmethod
    def written(sums: _Chances | None) -> Any:
        return None if sums is None else [sums.table.to_document(), sums.brier.mean, sums.brier.variance]

    @staticmethod
    def read(written: Any) -> _Chances | None:
        if written is None:
            return None
        table, mean, variance = written
        return _Chances(Reliability.from_document(table), Brier(mean, variance))


@check(_NAME, version=1, needs=ScoreHistograms, keeps=BinnedChances, roles=("label", "sensitive"))
def calibration_within_groups(
    scores: BinnedChances,
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
    scores : BinnedChances
        Rows, favourable ones and mean score by bin, for each group; scores between 0 and 1.
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

    Example
    -------
    | sex (sensitive) | score (score) | truth (label) | rows |
    |---|---|---|---|
    | Female | 0.15 | 0 | 4 |
    | Female | 0.15 | 1 | 1 |
    | Female | 0.85 | 0 | 1 |
    | Female | 0.85 | 1 | 4 |
    | Male | 0.85 | 0 | 2 |
    | Male | 0.85 | 1 | 2 |

    - `calibration_error` of sex/Female: (|5 * 0.15 - 1| + |5 * 0.85 - 4|) / 10 = 0.05
    - `calibration_error` of sex/Male: |4 * 0.85 - 2| / 4 = 0.35
    - `brier_score` of sex/Female: (8 * 0.15^2 + 2 * 0.85^2) / 10 = 0.1625
    - `brier_score` of sex/Male: (2 * 0.15^2 + 2 * 0.85^2) / 4 = 0.3725
    - `observed_share_in_bin_2` of sex/Female: from 0.1 to 0.2, 1/5 = 0.2
    - `observed_share_in_bin_9` of sex/Male: from 0.8 to 0.9, 2/4 = 0.5
    """
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []

    def enough(group: ScoredGroup[_Chances | None]) -> bool:
        return group.labelled >= min_group_size

    for name, groups in sorted_groups(scores, enough, leave_out).items():
        if groups.small:
            small = {group.group: group.labelled for group in groups.small}
            few = too_few(small, scores.everybody.labelled, min_group_size)
            obstacles.append(f"{name}: too few labelled rows of {few}")
        for group in (*groups.usable, *groups.left_out):
            if group.sums is None:
                continue
            where = f"{name}/{group.group}"
            table = group.sums.table
            judged = group in groups.usable
            low_error, high_error = table.error_interval(scores.seed)
            measured.append(
                Measurement(
                    "calibration_error",
                    table.error,
                    group=where,
                    low=low_error,
                    high=high_error,
                    n=group.labelled,
                    ideal=0.0,
                    limit=max_error if judged else None,
                    note="" if judged else "left out of the comparison by the policy",
                )
            )
            low_score, high_score = group.sums.brier.interval(group.labelled)
            measured.append(
                Measurement(
                    "brier_score",
                    group.sums.brier.mean,
                    group=where,
                    low=low_score,
                    high=high_score,
                    n=group.labelled,
                    ideal=0.0,
                )
            )
            measured += _table(table, where, bins)
            if not judged:
                continue
            what = f"calibration error of {group.group}"
            ruling = ruled(
                table.error, low_error, high_error, max_error, decide_on=decide_on, rows=group.labelled, what=what
            )
            if ruling.doubt:
                obstacles.append(ruling.doubt)
            if ruling.beyond:
                findings.append(
                    Finding(
                        key=f"{_NAME}/{where}",
                        severity=Severity.HIGH,
                        sentence=(
                            f"The scores of {group.group} are no chances: {deciding(decide_on, 'calibration error')} "
                            f"{figure(ruling.value)}, above the limit {figure(max_error)}."
                        ),
                        measurement="calibration_error",
                    )
                )
    return settled(measured, findings, list(notes_on(scores)), obstacles)


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
