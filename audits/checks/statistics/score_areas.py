"""How well do the scores tell the labels apart, of everybody and of each group?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from audits.checks.statistics.areas import Compared, compared
from audits.checks.statistics.score_histograms import ScoreHistograms
from audits.checks.statistics.score_split import ScoreSplit
from audits.checks.statistics.scored_groups import ScoredGroups


def areas_written(*areas: Compared) -> list[list[Any]]:
    """Areas in texts and numbers."""
    return [
        [one.positives, one.negatives, None if one.value is None else str(one.value), str(one.ties), one.variance]
        for one in areas
    ]


def areas_read(written: Sequence[Sequence[Any]]) -> list[Compared]:
    return [
        Compared(n, m, None if value is None else Fraction(value), Fraction(ties), variance)
        for n, m, value, ties, variance in written
    ]


class AreasByGroup(ScoredGroups[Compared]):
    """How often a favourable case of each group scores above another one, exactly, and DeLong's variance of that."""

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[Compared]:
        return [compared(split.positives, split.negatives) for split in splits]

    @staticmethod
    def written(sums: Compared) -> list[Any]:
        return areas_written(sums)[0]

    @staticmethod
    def read(written: Sequence[Any]) -> Compared:
        return areas_read([written])[0]


class ScoreAreas(AreasByGroup):
    """The same of everybody, too."""

    of_everybody: ClassVar[bool] = True
