"""Which pairs of label and prediction does a rate count, and among which?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Label and prediction are each class 0, class 1 or unknown: nine pairs, [label, prediction].
STATES = 3
UNKNOWN = 2


PAIRS = STATES * STATES


@dataclass(frozen=True)
class Named:
    """What a figure of a group is called, by machines and in a sentence."""

    name: str
    words: str


@dataclass(frozen=True)
class Rate(Named):
    """Pairs counted over pairs counted; both masks have the shape (3, 3).

    The first lies in the second for a share, or outside of it for a ratio of two disjoint counts.
    """

    numerator: NDArray[np.bool_]
    denominator: NDArray[np.bool_]

    @property
    def is_share(self) -> bool:
        return not (self.numerator & ~self.denominator).any()

    @property
    def rows(self) -> NDArray[np.bool_]:
        """The pairs that the rate rests on."""
        return self.numerator | self.denominator

    @property
    def reads_labels(self) -> bool:
        """Whether it makes a difference which label a row has, or that it has none."""
        return any((mask != mask[0]).any() for mask in (self.numerator, self.denominator))

    @property
    def reads_predictions(self) -> bool:
        """Whether it makes a difference what was predicted, or that nothing was."""
        return any((mask != mask[:, :1]).any() for mask in (self.numerator, self.denominator))


@dataclass(frozen=True)
class MeanOfRates(Named):
    """The mean of several shares, undefined where one of them is."""

    parts: tuple[Rate, ...]

    @property
    def reads_labels(self) -> bool:
        return any(part.reads_labels for part in self.parts)

    @property
    def reads_predictions(self) -> bool:
        return any(part.reads_predictions for part in self.parts)


def marked(*pairs: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask with these (label, prediction) pairs set."""
    mask = np.zeros((STATES, STATES), bool)
    for label, prediction in pairs:
        mask[label, prediction] = True
    return mask


KNOWN = marked((0, 0), (0, 1), (1, 0), (1, 1))
NO_PREDICTION = marked((0, UNKNOWN), (1, UNKNOWN), (UNKNOWN, UNKNOWN))
NO_LABEL = marked((UNKNOWN, 0), (UNKNOWN, 1), (UNKNOWN, UNKNOWN))


def selection_rate(favourable: int) -> Rate:
    """Share that got the favourable decision, with or without a known label."""
    return Rate(
        "selection_rate",
        "selection rate",
        marked((0, favourable), (1, favourable), (UNKNOWN, favourable)),
        ~NO_PREDICTION,
    )


def base_rate(favourable: int) -> Rate:
    """Share whose label is the favourable one, whatever was decided about them."""
    return Rate(
        "base_rate",
        "base rate",
        marked((favourable, 0), (favourable, 1), (favourable, UNKNOWN)),
        ~NO_LABEL,
    )


def scoring_rate() -> Rate:
    """Share that scored above the median, which stands for the decision; no label plays a part."""
    return Rate("scoring_rate", "scoring rate", marked((UNKNOWN, 1)), marked((UNKNOWN, 0), (UNKNOWN, 1)))


def true_positive_rate(favourable: int) -> Rate:
    """Among those whose label is favourable, the share that got the favourable decision."""
    return _share("true positive rate", (favourable, favourable), (favourable, 1 - favourable))


def false_negative_rate(favourable: int) -> Rate:
    """Among those whose label is favourable, the share that did not get the favourable decision."""
    return _share("false negative rate", (favourable, 1 - favourable), (favourable, favourable))


def false_positive_rate(favourable: int) -> Rate:
    """Among those whose label is unfavourable, the share that got the favourable decision."""
    other = 1 - favourable
    return _share("false positive rate", (other, favourable), (other, other))


def true_negative_rate(favourable: int) -> Rate:
    """Among those whose label is unfavourable, the share that did not get the favourable decision."""
    other = 1 - favourable
    return _share("true negative rate", (other, other), (other, favourable))


def precision(favourable: int) -> Rate:
    """Among those who got the favourable decision, the share whose label is favourable."""
    return _share("precision", (favourable, favourable), (1 - favourable, favourable))


def false_discovery_rate(favourable: int) -> Rate:
    """Among those who got the favourable decision, the share whose label is unfavourable."""
    return _share("false discovery rate", (1 - favourable, favourable), (favourable, favourable))


def false_omission_rate(favourable: int) -> Rate:
    """Among those who did not get the favourable decision, the share whose label is favourable."""
    other = 1 - favourable
    return _share("false omission rate", (favourable, other), (other, other))


def accuracy() -> Rate:
    """Share of decisions that agree with a known label."""
    return Rate("accuracy", "accuracy", marked((0, 0), (1, 1)), KNOWN)


def error_rate() -> Rate:
    """Share of decisions that disagree with a known label."""
    return Rate("error_rate", "error rate", marked((0, 1), (1, 0)), KNOWN)


def balanced_accuracy(favourable: int) -> MeanOfRates:
    """Mean of the true positive and the true negative rate."""
    parts = (true_positive_rate(favourable), true_negative_rate(favourable))
    return MeanOfRates("balanced_accuracy", "balanced accuracy", parts)


def error_ratio(favourable: int) -> Rate:
    """Favourable cases that were missed for each unfavourable case that was taken."""
    other = 1 - favourable
    words = "ratio of false negatives to false positives"
    return Rate("false_negatives_per_false_positive", words, marked((favourable, other)), marked((other, favourable)))


def _share(words: str, counted: tuple[int, int], against: tuple[int, int]) -> Rate:
    """One pair of label and decision among itself and another."""
    return Rate(words.replace(" ", "_"), words, marked(counted), marked(counted, against))
