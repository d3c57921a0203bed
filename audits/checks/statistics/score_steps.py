"""What do the scores of groups say about the thresholds that would bring them nearer to each other?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.score_histograms import ScoreHistograms
from audits.checks.statistics.score_split import ScoreSplit


@dataclass
class ScoreSteps:
    """The rows of each group by label in at most 256 steps of the score, each under its lowest one.

    Made of ScoreHistograms for one outcome. What is stored are the attributes along which groups were asked for:
    the steps, and of each group by label the rows in each of them, none of them as an empty list.
    """

    made_of: ClassVar[type[Any]] = ScoreHistograms

    unscored: int
    favourable: int
    histograms: ScoreHistograms | None = None
    asked: dict[str, list[ScoreSplit]] = field(default_factory=dict)

    @classmethod
    def of(cls, histograms: ScoreHistograms) -> Self:
        return cls(histograms.unscored, int(histograms.roles.favourable or 0), histograms)

    def split(self, attribute: str) -> list[ScoreSplit]:
        """The scores of each group along one column or crossing, groups in their fixed order."""
        if attribute not in self.asked and self.histograms is not None:
            steps = self.histograms.for_advice()
            values = steps.everybody().values
            self.asked[attribute] = [split.at(values) for split in steps.split(attribute)]
        return self.asked[attribute]

    def to_document(self) -> dict[str, Any]:
        values: list[float] = next((split.values.tolist() for splits in self.asked.values() for split in splits), [])
        return {
            "unscored": self.unscored,
            "favourable": self.favourable,
            "values": values,
            "groups": {
                name: [
                    [split.group, *(rows.tolist() if rows.any() else [] for rows in split.by_label)] for split in splits
                ]
                for name, splits in self.asked.items()
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        values, favourable = np.array(document["values"], np.float64), document["favourable"]

        def counts(stored: list[list[int]]) -> tuple[NDArray[np.int64], ...]:
            return tuple(np.array(rows or [0] * len(values), np.int64) for rows in stored)

        asked = {
            name: [ScoreSplit(group, values, counts(stored), favourable) for group, *stored in groups]
            for name, groups in document["groups"].items()
        }
        return cls(document["unscored"], favourable, None, asked)
