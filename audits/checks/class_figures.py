"""How well do predicted classes agree with true ones, all classes together and each by itself?"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def figures_of(counts: Array) -> dict[str, Array]:
    """Figures over all classes from counts of shape (..., n_classes, n_classes), [true, predicted].

    Whole numbers and fractions of dtype object give exact fractions (but for a square root); doubles give doubles,
    for many draws at once. An undefined figure is NaN.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    true, given = counts.sum(axis=-1), counts.sum(axis=-2)
    rows, hits = true.sum(axis=-1), right.sum(axis=-1)
    by_class = class_figures_of(counts)
    present = true > 0
    recalls = np.where(present, by_class["recall"], 0)
    expected = (true * given).sum(axis=-1)
    overlap = hits * rows - expected
    every = np.expand_dims(rows, -1)
    # Written as sums of products that are 0 one by one, nothing is left by rounding where one class alone occurs.
    spread = (true * (every - true)).sum(axis=-1) * (given * (given.sum(axis=-1, keepdims=True) - given)).sum(axis=-1)
    majority = true.max(axis=-1)
    return {
        "accuracy": over(hits, rows),
        "balanced_accuracy": over(recalls.sum(axis=-1), present.sum(axis=-1)),
        "macro_precision": by_class["precision"].sum(axis=-1) / counts.shape[-1],
        "macro_recall": by_class["recall"].sum(axis=-1) / counts.shape[-1],
        "macro_f1": by_class["f1"].sum(axis=-1) / counts.shape[-1],
        "weighted_f1": over(np.where(present, true * by_class["f1"], 0).sum(axis=-1), rows),
        "cohens_kappa": over(overlap, (true * (every - given)).sum(axis=-1)),
        "matthews_correlation": over(_doubles(overlap), np.sqrt(_doubles(spread))),
        "gain_over_majority": over(hits - majority, rows),
    }


def class_figures_of(counts: Array) -> dict[str, Array]:
    """Figures of each class against all others, each of shape (..., n_classes)."""
    return {name: over(part, whole) for name, (part, whole) in class_shares_of(counts).items()}


def class_shares_of(counts: Array) -> dict[str, tuple[Array, Array]]:
    """What the figures of each class against all others count, and among what, each of shape (..., n_classes)."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    true, given = counts.sum(axis=-1), counts.sum(axis=-2)
    others = true.sum(axis=-1, keepdims=True) - true
    return {
        "precision": (right, given),
        "recall": (right, true),
        "specificity": (others - (given - right), others),
        "f1": (2 * right, true + given),
    }


def over(part: Array, whole: Array) -> Array:
    """Part by whole, cell by cell; NaN where there is nothing to divide by."""
    part, whole = np.broadcast_arrays(np.asarray(part), np.asarray(whole))
    if object not in (part.dtype, whole.dtype):
        return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole != 0)
    shares = np.empty(whole.shape, object)
    for place in np.ndindex(whole.shape):
        shares[place] = _fraction(part[place]) / _fraction(whole[place]) if whole[place] else math.nan
    return shares


def defined(value: Any) -> Fraction | float | None:
    """The figure as a plain number, None where it is undefined."""
    value = value.item() if isinstance(value, np.ndarray | np.generic) else value
    return None if value != value else value


def _fraction(value: Any) -> Fraction:
    return Fraction(value) if isinstance(value, Fraction) else Fraction(int(value))


def _doubles(values: Array) -> Array:
    return np.asarray(values).astype(np.float64)
