"""How often did each group score above the median, compared with the group that did most often?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks import Report, ScoreHistograms, check
from audits.checks.comparison import compared_sets
from audits.checks.impact import ratio_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import notes_on
from audits.checks.statistics import Grouping, ScoredGroups, ScoreSplit
from audits.checks.statistics.rates import STATES, UNKNOWN
from audits.checks.statistics.rates import scoring_rate as above_the_median


class AboveMedian(ScoredGroups[int]):
    """How many rows of each group score above the median of all rows."""

    @classmethod
    def summed(cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]) -> list[int]:
        everybody = scores.everybody()
        median = _median(everybody.values, everybody.rows)
        # Halfway between two doubles lies perhaps none: the first score above is looked for, and doubles are compared.
        first = bisect_right(everybody.values, median, key=lambda value: Fraction(float(value)))
        return [int(split.rows[split.values > everybody.values[first - 1]].sum()) for split in splits]

    @staticmethod
    def written(sums: int) -> int:
        return sums

    @staticmethod
    def read(written: int) -> int:
        return written


@check("fairness.scoring_rate", version=1, needs=ScoreHistograms, keeps=AboveMedian, roles=("sensitive",))
def scoring_rate(
    scores: AboveMedian,
    *,
    attribute: str | None = None,
    min_ratio: Share = 0.8,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Share of each group that scores above the median of all rows, divided by the highest share.

    A score on the median is not above it, and where class 0 is favourable low scores are the high ones. Intervals take
    the median as given. No labels are needed.

    Parameters
    ----------
    scores : AboveMedian
        Rows of each group, and those above the median.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    min_ratio : float in [0, 1], default=0.8
        Ratios below this become a finding for that group.
    min_group_size : int, default=30
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name; their scores still count for the median.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the ratio, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    P(score > median | group) / max over groups of the same

    Measures
    --------
    scoring_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    scoring_impact_ratio : float in [0, 1], unit 1, ideal 1, by group, with a bootstrap interval.
    smallest_scoring_impact_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a score, fewer than two groups, nobody above the median, or a group with too few rows (unless another
    one is already below the limit).

    Source
    ------
    6 RCNY 5-300, scoring rate and impact ratio, and the example of 5-301(c).

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

    - `scoring_rate` of sex/Female: 80 of 160 stand above the median 0.4 = 0.5
    """
    sets = {}
    for name, groups in scores.by_attribute.items():
        counts = np.zeros((len(groups), STATES, STATES), np.int64)
        for place, group in enumerate(groups):
            counts[place, UNKNOWN] = group.rows - group.sums, group.sums, 0
        grouping = Grouping(name, tuple(group.group for group in groups), counts, 1, scores.seed)
        wanted = [(above_the_median(), min_group_size)]
        (sets[name],) = compared_sets(grouping, wanted, leave_out, simultaneous=simultaneous)
    return ratio_report(
        sets,
        check="fairness.scoring_rate",
        ratio="scoring_impact_ratio",
        said="scored above the median",
        limit=min_ratio,
        decide_on=decide_on,
        notes=notes_on(scores, labels=False),
    )


def _median(values: NDArray[np.float64], rows: NDArray[np.integer[Any]]) -> Fraction:
    """The middle score, or halfway between the two middle ones."""
    total, up_to = int(rows.sum()), np.cumsum(rows)
    middle = [values[np.searchsorted(up_to, place, side="right")] for place in ((total - 1) // 2, total // 2)]
    return sum(map(Fraction, map(float, middle)), Fraction(0)) / 2
