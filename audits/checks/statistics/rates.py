"""Which pairs of label and prediction does a rate count, and among which?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Label and prediction are each class 0, class 1 or unknown: nine pairs, [label, prediction].
STATES = 3
UNKNOWN = 2


@dataclass(frozen=True)
class Rate:
    """A share of pairs among pairs; both masks have the shape (3, 3) and the first lies in the second."""

    name: str
    words: str
    numerator: NDArray[np.bool_]
    denominator: NDArray[np.bool_]


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


def true_positive_rate(favourable: int) -> Rate:
    """Among those whose label is favourable, the share that got the favourable decision."""
    other = 1 - favourable
    return Rate(
        "true_positive_rate",
        "true positive rate",
        marked((favourable, favourable)),
        marked((favourable, favourable), (favourable, other)),
    )


def false_positive_rate(favourable: int) -> Rate:
    """Among those whose label is unfavourable, the share that got the favourable decision."""
    other = 1 - favourable
    return Rate(
        "false_positive_rate",
        "false positive rate",
        marked((other, favourable)),
        marked((other, favourable), (other, other)),
    )


def accuracy() -> Rate:
    """Share of decisions that agree with a known label."""
    return Rate("accuracy", "accuracy", marked((0, 0), (1, 1)), KNOWN)
