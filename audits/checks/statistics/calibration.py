"""Do scores that are meant as chances come true as often as they say?"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.blocks import blocks
from audits.checks.statistics.intervals import Interval, percentile, redrawn, two_sided
from audits.checks.statistics.score_split import ScoreSplit


@dataclass(frozen=True)
class Reliability:
    """Scores in bins of one width from 0 to 1, each array of shape (n_bins,): rows, favourable ones, mean scores."""

    rows: NDArray[np.int64]
    favourable: NDArray[np.int64]
    means: NDArray[np.float64]

    def to_document(self) -> dict[str, Any]:
        return {"rows": self.rows.tolist(), "favourable": self.favourable.tolist(), "means": self.means.tolist()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        rows, favourable = (np.array(document[name], np.int64) for name in ("rows", "favourable"))
        return cls(rows, favourable, np.array(document["means"], np.float64))

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance of what was said from what came true, by rows.

        Source: Naeini, Cooper, Hauskrecht (2015), AAAI 29, doi:10.1609/aaai.v29i1.9602.
        """
        return float(_errors(self.favourable[None], self.rows[None], self.means)[0])

    def error_interval(self, seed: int) -> Interval:
        """A percentile interval from multinomial draws over bins and labels, mean scores held.

        Chance alone adds to an error, and drawing again adds once more. So the lower end is at least as far below the
        error as the draws reach above it.
        """
        cells = np.concatenate([self.favourable, self.rows - self.favourable])
        drawn = redrawn(cells, seed)
        favourable, others = np.hsplit(drawn, 2)
        low, high = percentile(_errors(favourable, favourable + others, self.means), self.error)
        return (low, high) if low is None or high is None else (max(0.0, min(low, 2 * self.error - high)), high)


def chances_of(split: ScoreSplit) -> NDArray[np.float64]:
    """The scores as chances of the favourable label: turned round when that is class 0."""
    return split.values if split.favourable == 1 else 1.0 + split.values


def reliability(split: ScoreSplit, bins: int) -> Reliability:
    """The labelled scores of a group, which lie between 0 and 1, in this many bins; 1 belongs to the last one."""
    chances = chances_of(split)
    starts = [bisect_left(chances, place, key=lambda chance: int(chance * bins)) for place in range(bins)]
    rows, favourable = np.zeros((2, bins), np.int64)
    sums = np.zeros(bins)
    for place, part in enumerate(map(slice, starts, [*starts[1:], len(chances)])):
        labelled = split.positives[part] + split.negatives[part]
        rows[place], favourable[place] = labelled.sum(), split.positives[part].sum()
        sums[place] = (labelled * chances[part]).sum()
    return Reliability(rows, favourable, np.divide(sums, rows, out=np.zeros(bins), where=rows > 0))


@dataclass(frozen=True)
class Brier:
    """The mean squared distance of chances from labels, and the variance of a single one.

    Source: Brier (1950), Monthly Weather Review 78; sklearn.metrics.brier_score_loss.
    """

    mean: float
    variance: float

    def interval(self, rows: int) -> tuple[float, float]:
        """The normal interval of the mean of so many rows."""
        reach = math.sqrt(self.variance / rows) * two_sided()
        return max(0.0, self.mean - reach), min(1.0, self.mean + reach)


def brier(split: ScoreSplit) -> Brier:
    """The Brier score of the labelled scores of a group."""
    chances = chances_of(split)
    sides = ((split.positives, 1.0), (split.negatives, 0.0))
    rows = sum(int(of_label.sum()) for of_label, _ in sides)

    def mean_of(figure: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> float:
        """The mean over rows of a figure of the squared distance."""
        parts = (
            float((of_label[part] * figure((label - chances[part]) ** 2)).sum())
            for of_label, label in sides
            for part in blocks(len(chances))
        )
        return math.fsum(parts) / rows

    mean = mean_of(lambda squares: squares)
    return Brier(mean, mean_of(lambda squares: (squares - mean) ** 2))


def _errors(favourable: NDArray[np.int64], rows: NDArray[np.int64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.abs(favourable - rows * means).sum(axis=1) / rows.sum(axis=1))
