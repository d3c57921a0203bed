"""How differently are scores spread over the groups?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from audits.checks import Finding, Measurement, Report, ScoreHistograms, Severity, check
from audits.checks.comparison import settled, too_few
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import notes_on, sorted_groups
from audits.checks.sentences import figure
from audits.checks.statistics import ScoredGroup, ScoredGroups, ScoreSplit
from audits.checks.statistics.intervals import LEVEL, dkw_reach

_NAME = "fairness.score_distance"
_AT_A_TIME = 2**18

Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class _Apart:
    """How far the scores of a group are from those of the groups after it, and its rows at the commonest score."""

    fullest: int
    distances: Mapping[str, Fraction]


class ScoreDistances(ScoredGroups[_Apart]):
    """The pairs of groups that say most about how far apart scores are, among all that have enough rows.

    They are the pair that is farthest apart and those whose intervals reach lowest and highest.
    """

    reads: ClassVar[tuple[str, ...]] = ("attribute", "min_group_size", "leave_out")

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[_Apart]:
        rows = [split.rows for split in splits]
        usable = [
            place
            for place, split in enumerate(splits)
            if rows[place].sum() >= parameters["min_group_size"] and split.group not in parameters["leave_out"]
        ]
        level = 1 - (1 - LEVEL) / max(1, len(usable) * (len(usable) - 1) // 2)
        sizes, fullest = [int(own.sum()) for own in rows], [int(own.max(initial=0)) for own in rows]
        found = []
        for one, other, distance in _distances(splits, usable):
            two = (sizes[one], sizes[other])
            reach = _reach(two, (fullest[one], fullest[other]), level, exact=scores.off_by == 0)
            found.append((distance, reach, splits[one].group, splits[other].group, one))
        distances: list[dict[str, Fraction]] = [{} for _ in splits]
        if found:
            farthest = max(found, key=lambda pair: pair[:4])
            lowest = max(found, key=lambda pair: float(pair[0]) - pair[1])
            highest = max(found, key=lambda pair: float(pair[0]) + pair[1])
            for distance, _, _, second, place in (farthest, lowest, highest):
                distances[place][second] = distance
        return [_Apart(most, apart) for most, apart in zip(fullest, distances, strict=True)]

    @staticmethod
    def written(sums: _Apart) -> Any:
        return [sums.fullest, {group: str(distance) for group, distance in sums.distances.items()}]

    @staticmethod
    def read(written: Any) -> _Apart:
        fullest, distances = written
        return _Apart(fullest, {group: Fraction(distance) for group, distance in distances.items()})


@check(_NAME, version=1, needs=ScoreHistograms, keeps=ScoreDistances, roles=("sensitive",))
def score_distance(
    scores: ScoreDistances,
    *,
    attribute: str | None = None,
    max_distance: Share = 0.1,
    min_group_size: Count = 100,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Largest Kolmogorov-Smirnov distance between the scores of two groups.

    It is the largest difference in selection rate that any cut of the scores could give. Exact up to 1,048,576
    rows, and for more of them up to 4,096 distinct scores; beyond that scores share places, and the interval is wider
    by as much as the distance may be off.

    Parameters
    ----------
    scores : ScoreDistances
        Distances between the scores of the groups that are farthest apart.
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
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []

    def enough(group: ScoredGroup[_Apart]) -> bool:
        return group.rows >= min_group_size

    for name, groups in sorted_groups(scores, enough, leave_out).items():
        if groups.small:
            few = too_few({group.group: group.rows for group in groups.small}, scores.n_rows, min_group_size)
            obstacles.append(f"{name}: too few rows of {few}")
        if len(groups.usable) < 2:
            obstacles.append(f"{name}: fewer than two groups to compare.")
            continue
        found = []
        for one, other in combinations(groups.usable, 2):
            distance = one.sums.distances.get(other.group)
            if distance is not None:
                fullest = (one.sums.fullest, other.sums.fullest)
                reach = _reach((one.rows, other.rows), fullest, groups.level, exact=scores.is_exact)
                found.append((distance, reach, one.group, other.group))
        distance, _, first, second = max(found)
        low = max(0.0, max(float(value) - reach for value, reach, _, _ in found))
        high = min(1.0, max(float(value) + reach for value, reach, _, _ in found))
        rows = sum(group.rows for group in groups.usable)
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
    return settled(measured, findings, list(notes_on(scores, labels=False)), obstacles)


def _distances(splits: Sequence[ScoreSplit], usable: Sequence[int]) -> Iterator[tuple[int, int, Fraction]]:
    """The distance of the step functions of each two groups."""
    if len(usable) < 2:
        return
    kept = [splits[place] for place in usable]
    values = np.concatenate([one.values for one in kept])
    rows = np.concatenate([one.rows for one in kept])
    groups = np.repeat(np.arange(len(kept)), [len(one.values) for one in kept])
    order = np.argsort(values)
    apart = _farthest(values.take(order), rows.take(order), groups.take(order), len(kept))
    sizes = [int(one.rows.sum()) for one in kept]
    for one, other in combinations(range(len(kept)), 2):
        yield usable[one], usable[other], Fraction(int(apart[one, other]), sizes[one] * sizes[other])


def _farthest(values: NDArray[np.float64], rows: Rows, groups: Rows, n_groups: int) -> Rows:
    """How far two groups are apart at most, times both sizes, shape (n_groups, n_groups).

    Entries are in the order of their values: so many rows of a group. All groups are compared with that of an entry at
    its value, where the two can be farthest apart.
    """
    sizes = np.bincount(groups, rows, minlength=n_groups).astype(np.int64)
    ends = np.append(np.flatnonzero(values[1:] != values[:-1]) + 1, len(values))
    most = np.zeros((n_groups, n_groups), np.int64)
    up_to = np.zeros(n_groups, np.int64)
    start = 0
    while start < len(values):
        full = start + max(_AT_A_TIME // n_groups, 1)
        stop = int(ends[min(int(np.searchsorted(ends, full)), len(ends) - 1)])
        here = np.arange(start, stop)
        counts = np.zeros((len(here), n_groups), np.int64)
        counts[here - start, groups[start:stop]] = rows[start:stop]
        np.cumsum(counts, axis=0, out=counts)
        counts += up_to
        up_to = counts[-1].copy()
        by_group = np.argsort(groups[start:stop], kind="stable")
        own = groups[start:stop].take(by_group)
        # Of equal values all entries are counted. Whole numbers, so that nothing is rounded.
        counts = counts.take(ends[np.searchsorted(ends, here.take(by_group), side="right")] - start - 1, axis=0)
        apart = np.abs(counts[np.arange(len(own)), own][:, None] * sizes - counts * sizes.take(own)[:, None])
        firsts = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
        present = own.take(firsts)
        most[present] = np.maximum(most[present], np.maximum.reduceat(apart, firsts, axis=0))
        start = stop
    return np.maximum(most, most.T)


def _reach(sizes: tuple[int, int], fullest: tuple[int, int], level: float, *, exact: bool) -> float:
    """How far the distance of two groups may be off: by chance, and where scores share places."""
    shared = max(rows / size for rows, size in zip(fullest, sizes, strict=True))
    return dkw_reach(*sizes, level) + (0.0 if exact else shared)
