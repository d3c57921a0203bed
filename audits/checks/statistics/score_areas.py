"""How well do the scores tell the labels apart, of everybody and of each group, and beside everybody else?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audits.checks.statistics.areas import Compared, compared
from audits.checks.statistics.score_histograms import ScoreHistograms, ScoreSplit
from audits.checks.statistics.scored_groups import ScoredGroups


@dataclass(frozen=True)
class GroupAreas:
    """The areas of one group: its own, of others' favourable cases over its others, and of its own over theirs."""

    own: Compared
    below_others: Compared
    above_others: Compared


class ScoreAreas(ScoredGroups[GroupAreas]):
    """How often a favourable case scores above another one, exactly, and DeLong's variance of that."""

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[GroupAreas]:
        everybody = scores.everybody()
        return [
            GroupAreas(
                compared(split.positives, split.negatives),
                compared(everybody.positives - split.positives, split.negatives),
                compared(split.positives, everybody.negatives - split.negatives),
            )
            for split in splits
        ]

    @staticmethod
    def written(sums: GroupAreas) -> list[list[Any]]:
        return [
            [one.positives, one.negatives, None if one.value is None else str(one.value), str(one.ties), one.variance]
            for one in (sums.own, sums.below_others, sums.above_others)
        ]

    @staticmethod
    def read(written: Sequence[Sequence[Any]]) -> GroupAreas:
        return GroupAreas(
            *(
                Compared(n, m, None if value is None else Fraction(value), Fraction(ties), variance)
                for n, m, value, ties, variance in written
            )
        )
