"""How well do the scores tell the labels apart, of everybody and of each group?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from audits.checks.statistics.areas import Compared, compared
from audits.checks.statistics.score_histograms import ScoreHistograms
from audits.checks.statistics.score_split import ScoreSplit
from audits.checks.statistics.scored_groups import ScoredGroups


def area_written(one: Compared) -> list[Any]:
    """An area in texts and numbers."""
    return [one.positives, one.negatives, None if one.value is None else str(one.value), str(one.ties), one.variance]


def area_read(written: Sequence[Any]) -> Compared:
    n, m, value, ties, variance = written
    return Compared(n, m, None if value is None else Fraction(value), Fraction(ties), variance)


class AreasByGroup(ScoredGroups[Compared]):
    """How often a favourable case of each group scores above another one, exactly, and DeLong's variance of that."""

    @classmethod
    def summed(
        cls, scores: ScoreHistograms, splits: Sequence[ScoreSplit], parameters: Mapping[str, Any]
    ) -> list[Compared]:
        return [compared(split.positives, split.negatives) for split in splits]

    @staticmethod
    def written(sums: Compared) -> list[Any]:
        return area_written(sums)

    @staticmethod
    def read(written: Sequence[Any]) -> Compared:
        return area_read(written)


class ScoreAreas(AreasByGroup):
    """The same of everybody, too."""

    of_everybody: ClassVar[bool] = True
