"""In a ranking by score, does every group stand where it is seen?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Report, ScoreHistograms, check
from audits.checks.gaps import gap_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import notes_on, sorted_groups
from audits.checks.statistics import GroupRate, ScoredGroup, ScoredGroups, ScoreSplit
from audits.checks.statistics.intervals import two_sided, wilson
from audits.checks.statistics.rates import Named

_NAME = "fairness.ranking_exposure"
_AT_A_TIME = 1_000_000


@dataclass(frozen=True)
class _Seen:
    """Rows of a group in the top, and the sums of exposure and of its square over the group."""

    in_top: Fraction
    exposure: float
    squares: float


class Exposures(ScoredGroups[_Seen]):
    """Where the rows of each group stand in the ranking of all rows by score."""

    reads: ClassVar[tuple[str, ...]] = ("attribute", "top_share")

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[_Seen]:
        everybody = scores.everybody()
        rows = everybody.rows
        place, share = _last_in_top(rows, _top(int(rows.sum()), parameters["top_share"]))
        mean, square = _exposures(rows)
        found = []
        for split in splits:
            mine, at = split.rows, np.searchsorted(everybody.values, split.values)
            in_top = int(mine[at > place].sum()) + int(mine[at == place].sum()) * share
            found.append(_Seen(in_top, *(float((mine * by_score[at]).sum()) for by_score in (mean, square))))
        return found

    @staticmethod
    def written(sums: _Seen) -> list[Any]:
        return [str(sums.in_top), sums.exposure, sums.squares]

    @staticmethod
    def read(written: Sequence[Any]) -> _Seen:
        in_top, exposure, squares = written
        return _Seen(Fraction(in_top), exposure, squares)


@check(_NAME, version=1, needs=ScoreHistograms, keeps=Exposures, roles=("sensitive",))
def ranking_exposure(
    scores: Exposures,
    *,
    attribute: str | None = None,
    top_share: Share = 0.1,
    min_top_ratio: Share | None = 0.8,
    min_exposure_ratio: Share | None = 0.8,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Share of each group that stands in the top of the ranking, and its mean exposure, against the highest.

    All rows are one ranking, the best score for the favourable class first; no labels are needed. A person on rank r
    has the exposure 1 / log2(1 + r). Ties count as if their rows were in random order. Exact up to 1,048,576
    rows, and for more of them up to 4,096 distinct scores; beyond that close ones tie. Intervals hold for all pairs of
    groups (Bonferroni) and take the ranking of the others as given: Wilson's for the top, normal for the mean.

    Parameters
    ----------
    scores : Exposures
        Places of the rows of each group in the ranking of all rows.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    top_share : float in [0, 1], default=0.1
        Share of rows that is the top; at least one row.
    min_top_ratio : float in [0, 1] or None, default=0.8
        A smallest share in the top over the highest one below this becomes a finding; None sets no limit.
    min_exposure_ratio : float in [0, 1] or None, default=0.8
        A smallest mean exposure over the highest one below this becomes a finding; None sets no limit.
    min_group_size : int, default=30
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name; they keep their ranks.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the ratio, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    mean of 1 / log2(1 + rank) of each group; the lowest over the highest

    Measures
    --------
    top_rate : float in [0, 1], unit 1, by group: the share of the group that stands in the top.
    exposure : float in [0, 1], unit 1, by group: the mean over the group.
    top_rate_ratio : float in [0, 1], unit 1, ideal 1, by attribute.
    exposure_ratio : float in [0, 1], unit 1, ideal 1, by attribute.

    Cannot measure
    --------------
    Rows without a score, fewer than two groups, a group with too few rows (unless the others are already below a
    limit), or a top that holds nobody of the groups that are compared.

    Source
    ------
    Singh, Joachims (2018), Fairness of Exposure in Rankings, doi:10.1145/3219819.3220088, section 3; Yang,
    Stoyanovich (2017), Measuring Fairness in Ranked Outputs, doi:10.1145/3085504.3085526, for the share in the top.

    Example
    -------
    | sex (sensitive) | score (score) | rows |
    |---|---|---|
    | Male | 4 | 1 |
    | Female | 3 | 1 |
    | Male | 2 | 1 |
    | Female | 1 | 1 |

    - `exposure` of sex/Male: (1 + 1/2) / 2 = 0.75
    - `exposure` of sex/Female: (0.6309 + 0.4307) / 2 = 0.5308
    - `exposure_ratio` of sex: 0.5308 / 0.75 = 0.7077
    """
    notes = notes_on(scores, labels=False)
    top = _top(scores.n_rows, top_share)

    def enough(group: ScoredGroup[_Seen]) -> bool:
        return group.rows >= min_group_size

    def top_rate(group: ScoredGroup[_Seen], level: float) -> GroupRate:
        n, found = group.rows, group.sums.in_top
        if not n:
            return GroupRate(group.group, 0, None, None, None)
        return GroupRate(group.group, n, found / n, *wilson(float(found), n, level))

    def exposure(group: ScoredGroup[_Seen], level: float) -> GroupRate:
        n = group.rows
        if not n:
            return GroupRate(group.group, 0, None, None, None)
        value, squares = group.sums.exposure / n, group.sums.squares / n
        spread = math.sqrt(max(0.0, squares - value**2) / max(1, n - 1))
        reach = two_sided(level) * spread
        return GroupRate(group.group, n, Fraction(value), max(0.0, value - reach), min(1.0, value + reach))

    sets = {}
    for name, groups in sorted_groups(scores, enough, leave_out).items():
        sets[name] = {
            "top_rate": groups.figures(Named("top_rate", f"share in the top {top}"), top_rate),
            "exposure": groups.figures(Named("exposure", "mean exposure"), exposure),
        }
    reports, hindered = [], []
    for figure, limit in (("top_rate", min_top_ratio), ("exposure", min_exposure_ratio)):
        try:
            reports.append(
                gap_report(
                    {name: [of[figure]] for name, of in sets.items()},
                    check=f"{_NAME}/{figure}",
                    ratio=(f"{figure}_ratio", limit),
                    decide_on=decide_on,
                )
            )
        except CannotMeasure as refusal:
            reports.append(refusal.report or Report(()))
            hindered.append(refusal.sentence)
    measured = tuple(one for report in reports for one in report.measurements)
    findings = tuple(one for report in reports for one in report.findings)
    if hindered and not findings:
        raise CannotMeasure(" ".join(dict.fromkeys(hindered)), Report(measured, (), notes))
    said = dict.fromkeys((*notes, *(note for report in reports for note in report.notes), *hindered))
    return Report(measured, findings, tuple(said))


def _top(rows: int, share: float) -> int:
    return max(1, round(share * rows))


def _last_in_top(rows: NDArray[np.integer[Any]], top: int) -> tuple[int, Fraction]:
    """The lowest score that stands among the first `top` rows, by its place, and the share of its rows that do.

    `rows` at each score are of shape (n_values,), scores ascending.
    """
    down_to = np.cumsum(rows[::-1])
    last = int(np.searchsorted(down_to, min(top, int(down_to[-1]))))
    of_last = int(rows[::-1][last])
    return len(rows) - 1 - last, Fraction(top - (int(down_to[last]) - of_last), of_last)


def _exposures(rows: NDArray[np.integer[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean exposure, and mean of its square, of the ranks that the rows at each score share, scores ascending."""
    ends = np.cumsum(rows[::-1])
    sums = np.zeros((2, len(rows) + 1))
    before, total = 0.0, 0.0
    for start in range(0, int(ends[-1]), _AT_A_TIME):
        ranks = np.arange(start + 1, min(start + _AT_A_TIME, int(ends[-1])) + 1, dtype=np.float64)
        seen = 1 / np.log2(1 + ranks)
        up_to = np.stack([np.cumsum(seen) + before, np.cumsum(seen**2) + total])
        held = np.flatnonzero((ends > start) & (ends <= start + len(ranks)))
        sums[:, held + 1] = up_to[:, ends[held] - start - 1]
        before, total = float(up_to[0, -1]), float(up_to[1, -1])
    # A score that nobody has ends where the one above it ends.
    sums = np.maximum.accumulate(sums, axis=1)
    n = rows[::-1]
    means = np.divide(np.diff(sums, axis=1), n, out=np.zeros((2, len(n))), where=n > 0)
    return means[0, ::-1], means[1, ::-1]
