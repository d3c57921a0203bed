"""Which share of the attribution does each feature carry?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from audits.checks.base import CannotMeasure
from audits.checks.sentences import some
from audits.checks.statistics.attributions import Attributions


def shares_of(attributions: Attributions, min_rows: int) -> dict[str, Fraction]:
    """The share of every feature in the sum of the mean absolute attributions, adding up to exactly 1."""
    weights = np.asarray(attributions.mean_abs, np.float64)
    names = attributions.features
    if weights.shape != (len(names),) or len(set(names)) < len(names):
        raise CannotMeasure(f"{len(names)} features do not match attributions of shape {weights.shape}.")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise CannotMeasure("A mean absolute attribution is negative, infinite or not a number.")
    unknown = sorted(set(attributions.sensitive) - set(names))
    if unknown:
        raise CannotMeasure(f"No attribution is given for the sensitive features {some(unknown)}.")
    if attributions.n_rows < min_rows:
        raise CannotMeasure(f"Attributions are averaged over {attributions.n_rows} rows, {min_rows} are needed.")
    exact = [Fraction(float(weight)) for weight in weights]
    total = sum(exact)
    if total == 0:
        raise CannotMeasure("No feature moves the model's output, so there are no shares.")
    return {name: weight / total for name, weight in zip(names, exact, strict=True)}
