"""Are the people of a group scored too high or too low beside everybody else?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks import Finding, Measurement, Report, ScoreHistograms, Severity, check
from audits.checks.comparison import settled, too_few
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import notes_on, sorted_groups
from audits.checks.sentences import figure
from audits.checks.statistics import ScoredGroup, ScoredGroups, ScoreSplit
from audits.checks.statistics.areas import Compared, compared
from audits.checks.statistics.score_areas import area_read, area_written

_NAME = "fairness.subgroup_auc"

Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class _Beside:
    """Others' favourable cases beside the group's other ones, and the group's favourable beside others' other ones."""

    below_others: Compared
    above_others: Compared


class AreasBeside(ScoredGroups[_Beside]):
    """How often cases of each group score above and below those of everybody else."""

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[_Beside]:
        everybody = scores.everybody()
        up_to = {label: np.append(0, np.cumsum(everybody.by_label[label])) for label in (0, 1)}
        favourable, found = everybody.favourable, []
        for split in splits:
            at = np.searchsorted(everybody.values, split.values)
            (others_up, up), (others_down, down) = (
                _beside(up_to[label], at, split.by_label[label]) for label in (favourable, 1 - favourable)
            )
            found.append(_Beside(compared(others_up, down), compared(up, others_down)))
        return found

    @staticmethod
    def written(sums: _Beside) -> list[list[Any]]:
        return [area_written(sums.below_others), area_written(sums.above_others)]

    @staticmethod
    def read(written: Sequence[Sequence[Any]]) -> _Beside:
        return _Beside(*map(area_read, written))


def _beside(up_to: Rows, at: Rows, own: Rows) -> tuple[Rows, Rows]:
    """The rows of everybody else and of the group, at each score of the group and between each two of them.

    How often others' rows between two scores of the group are above or below its rows does not depend on where they
    are, so that a small group is compared in a few steps. `up_to` counts everybody's rows below each score, and those
    of the group stand `at` its places.
    """
    others, mine = np.zeros((2, 2 * len(own) + 1), np.int64)
    others[::2] = np.append(up_to[at], up_to[-1]) - np.append(0, up_to[at + 1])
    others[1::2] = up_to[at + 1] - up_to[at] - own
    mine[1::2] = own
    return others, mine


@check(_NAME, version=1, needs=ScoreHistograms, keeps=AreasBeside, roles=("label", "sensitive"))
def subgroup_auc(
    scores: AreasBeside,
    *,
    attribute: str | None = None,
    min_auc: Share = 0.7,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Areas under the ROC curve of a group's cases of one label against everybody else's cases of the other.

    A low BPSN area says that unfavourable cases of the group score above favourable ones of the others: scores of the
    group are too high. A low BNSP area says that its favourable cases score below unfavourable ones of the others:
    scores of the group are too low.

    Parameters
    ----------
    scores : AreasBeside
        Areas under the curve of cases of each group against those of everybody else, from counts by score and label.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    min_auc : float in [0, 1], default=0.7
        Areas below this become a finding for that group.
    min_positives : int, default=30
        Fewest rows with the favourable label that a group, and the others together, must have.
    min_negatives : int, default=30
        Fewest rows with the other label that a group, and the others together, must have.
    leave_out : list of str, default=[]
        Groups that are not judged, by name; their people still count among the others.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the area, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    BPSN: area of the others' favourable cases against the group's other cases; BNSP: area of the group's
    favourable cases against the others' other cases

    Measures
    --------
    bpsn_auc : float in [0, 1], unit 1, ideal 1, by group: favourable cases of the others, unfavourable of the group.
    bnsp_auc : float in [0, 1], unit 1, ideal 1, by group: unfavourable cases of the others, favourable of the group.

    Cannot measure
    --------------
    Rows without a score, or a group with too few rows of either label, in itself or in the others (unless another
    group is already found).

    Source
    ------
    Borkan et al. (2019), Nuanced Metrics for Measuring Unintended Bias with Real Data for Text Classification,
    doi:10.1145/3308560.3317593; sklearn.metrics.roc_auc_score over the rows of each pair.

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

    - `bpsn_auc` of sex/Female: favourable men at 0.4 stand above 0.2 and below 0.6 = 0.5
    - `bnsp_auc` of sex/Female: 0.4 and 0.8 stand above 0.2 = 1
    """
    everybody = scores.everybody
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []

    minima = {"favourable": min_positives, "other": min_negatives}

    def cases(group: ScoredGroup[_Beside]) -> dict[str, int]:
        """The fewest cases of each label that are in the group or beside it."""
        return {
            "favourable": min(group.favourable, everybody.favourable - group.favourable),
            "other": min(group.others, everybody.others - group.others),
        }

    def enough(group: ScoredGroup[_Beside]) -> bool:
        return all(n >= minima[label] for label, n in cases(group).items())

    for name, groups in sorted_groups(scores, enough, leave_out).items():
        for label, minimum in minima.items():
            if few := {group.group: n for group in groups.small if (n := cases(group)[label]) < minimum}:
                told = too_few(few, everybody.favourable + everybody.others, minimum)
                obstacles.append(f"{name}: too few {label} cases in a group or beside it, {told}")
        for group in groups.usable:
            areas = group.sums
            pairs = {"bpsn_auc": (areas.below_others, "too high"), "bnsp_auc": (areas.above_others, "too low")}
            for kind, (pair, wrong) in pairs.items():
                area = pair.area(exact=scores.is_exact)
                n = pair.positives + pair.negatives
                where = f"{name}/{group.group}"
                measured.append(
                    Measurement(
                        kind,
                        None if area.value is None else float(area.value),
                        group=where,
                        low=area.low,
                        high=area.high,
                        n=n,
                        ideal=1.0,
                        limit=min_auc,
                    )
                )
                what = f"{kind[:4].upper()} area of {group.group}"
                ruling = ruled(
                    area.value, area.low, area.high, min_auc, decide_on=decide_on, rows=n, what=what, floor=True
                )
                if ruling.doubt:
                    obstacles.append(ruling.doubt)
                if ruling.beyond:
                    findings.append(
                        Finding(
                            key=f"{_NAME}/{where}/{kind}",
                            severity=Severity.HIGH,
                            sentence=(
                                f"{group.group} is scored {wrong} beside everybody else: {deciding(decide_on, 'area')} "
                                f"{figure(ruling.value)}, below the limit {figure(min_auc)}."
                            ),
                            measurement=kind,
                        )
                    )
    return settled(measured, findings, list(notes_on(scores)), obstacles)
