"""How unequally are the benefits of decisions spread over people?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.rates import marked

# What a decision gave beside what was deserved: a miss 0, a right decision 1, an undeserved favour 2.
BENEFITS = (0.0, 1.0, 2.0)


def benefit_masks(favourable: int) -> list[NDArray[np.bool_]]:
    """The pairs of label and decision with the benefit 0, 1 and 2."""
    other = 1 - favourable
    return [marked((favourable, other)), marked((favourable, favourable), (other, other)), marked((other, favourable))]


def generalized_entropy(
    sizes: NDArray[np.float64], benefits: NDArray[np.float64] | Sequence[float], alpha: float
) -> NDArray[np.float64]:
    """Inequality of benefits: `sizes` of shape (..., n_kinds) people have each of the `benefits`, shape (..., n_kinds).

    Alpha 1 is Theil's index, alpha 0 the mean logarithmic deviation, infinite when somebody has no benefit. 0 when all
    have the same, NaN when nobody has any.

    Source: Speicher et al. (2018), A Unified Approach to Quantifying Algorithmic Unfairness,
    doi:10.1145/3219819.3220046, equation 2; aif360.sklearn.metrics.generalized_entropy_error.
    """
    people = sizes.sum(axis=-1, keepdims=True)
    shares = np.divide(sizes, people, out=np.full(sizes.shape, math.nan), where=people > 0)
    mean = (shares * benefits).sum(axis=-1, keepdims=True)
    # Where nearly nobody, by weight, has a benefit the index is too large for a double, and infinite.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        relative = np.divide(benefits, mean, out=np.full(shares.shape, math.nan), where=mean > 0)
        if alpha == 1:
            terms = np.where(relative > 0, relative * np.log(relative), relative)
        elif alpha == 0:
            terms = -np.log(relative)
        else:
            terms = (relative**alpha - 1) / (alpha * (alpha - 1))
        weighted = np.where(shares > 0, shares * terms, shares)
    return np.asarray(weighted.sum(axis=-1))
