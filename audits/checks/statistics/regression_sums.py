"""How far are predicted numbers from the true ones?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_numbers, column_of, kind_of, weights_of
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.intervals import LEVEL, two_sided

_ERRORS = (
    *("label", "label_2", "label_3", "label_4"),
    *("error", "error_2", "error_4", "error_2_label", "error_2_label_2"),
    *("absolute", "under", "under_2", "over", "over_2"),
)
_SHARES = ("share", "share_2")
_BOUNDS = ("within", "below", "above", "width")
# Squares of figures up to here, and sums of such, are doubles.
_LARGEST = 1e150


@dataclass
class RegressionSums:
    """Exact sums of errors, prediction less label, and of their powers over rows with both.

    `errors` sums label^k, error^k and their products, |error|, and the parts of it under and over the label;
    `relative` sums |error| / |label| over labels other than 0; `bounds` sums, over rows with declared bounds,
    whether the label lies within, below or above them, and their width. Units are those of the label and its
    powers. Where rows weigh, all of them are times the weight. Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label", "prediction")
    weighs: ClassVar[bool] = True

    label: str
    prediction: str
    lower: str | None = None
    upper: str | None = None
    errors: Sums = field(default_factory=lambda: Sums(_ERRORS))
    relative: Sums = field(default_factory=lambda: Sums(_SHARES))
    bounds: Sums = field(default_factory=lambda: Sums(_BOUNDS))
    undecided: int = 0
    unlabelled: int = 0
    weight: str | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task != "regression":
            raise CannotMeasure("Errors of numbers are measured for a regression task only.")
        errors, relative, bounds = (
            Sums.of(names, weighted=roles.weight is not None) for names in (_ERRORS, _SHARES, _BOUNDS)
        )
        columns = (str(roles.label), str(roles.prediction), roles.lower, roles.upper)
        return cls(*columns, errors, relative, bounds, weight=roles.weight)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (roles.label, roles.prediction, roles.lower, roles.upper, roles.weight)
        return tuple(name for name in names if name is not None)

    @property
    def n_rows(self) -> int:
        return self.errors.n + self.undecided + self.unlabelled

    def add(self, batch: pa.RecordBatch) -> None:
        labels, predictions = numbers_of(batch, self.label), numbers_of(batch, self.prediction)
        decided = ~np.isnan(predictions)
        known = decided & ~np.isnan(labels)
        self.undecided += int((~decided).sum())
        self.unlabelled += int((decided & ~known).sum())
        y, p = labels[known], predictions[known]
        weights = None if self.weight is None else weights_of(batch, self.weight)[known]
        # Powers that are too large become infinite and are refused below.
        with np.errstate(over="ignore"):
            self._add(self.errors, powers_of(y, p), weights)
            share = np.abs((p - y)[y != 0] / y[y != 0])
            self._add(self.relative, {"share": share, "share_2": share * share}, _picked(weights, y != 0))
        if self.lower is not None and self.upper is not None:
            low, high = numbers_of(batch, self.lower)[known], numbers_of(batch, self.upper)[known]
            held = ~np.isnan(low) & ~np.isnan(high)
            low, high, y = low[held], high[held], y[held]
            within = (low <= y) & (y <= high)
            self._add(
                self.bounds,
                {
                    "within": within.astype(float),
                    "below": (y < low).astype(float),
                    "above": (y > high).astype(float),
                    "width": high - low,
                },
                _picked(weights, held),
            )

    def merge(self, other: RegressionSums) -> None:
        for mine, theirs in zip(self._sums(), other._sums(), strict=True):
            mine.merge(theirs)
        self.undecided += other.undecided
        self.unlabelled += other.unlabelled

    def to_document(self) -> dict[str, Any]:
        told = {n: value.to_document() if isinstance(value, Sums) else value for n, value in vars(self).items()}
        if self.weight is None:
            del told["weight"]
        return told

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        values: dict[str, Any] = {
            name: Sums.from_document(value) if isinstance(value, Mapping) else value for name, value in document.items()
        }
        return cls(**values)

    def _sums(self) -> tuple[Sums, Sums, Sums]:
        return self.errors, self.relative, self.bounds

    @staticmethod
    def _add(sums: Sums, values: dict[str, NDArray[np.float64]], weights: NDArray[np.float64] | None) -> None:
        if not all(np.isfinite(array).all() for array in values.values()):
            raise CannotMeasure("An error or its fourth power is too large for a double; rescale label and prediction.")
        sums.add(values, weights=weights)


def _picked(weights: NDArray[np.float64] | None, rows: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    return None if weights is None else weights[rows]


def powers_of(y: NDArray[np.float64], p: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Labels, errors and their powers and products, row by row; too large ones are infinite."""
    error = p - y
    under, over = np.maximum(-error, 0.0), np.maximum(error, 0.0)
    square, y_square = error * error, y * y
    return {
        **{"label": y, "label_2": y_square, "label_3": y_square * y, "label_4": y_square * y_square},
        **{"error": error, "error_2": square, "error_4": square * square},
        **{"error_2_label": square * y, "error_2_label_2": square * y_square},
        **{"absolute": np.abs(error), "under": under, "under_2": under**2, "over": over, "over_2": over**2},
    }


def spread_of_labels(errors: Sums) -> Fraction:
    """The variance of the labels over the rows; 0 when it is no more than what rounding the squares leaves."""
    square = errors.mean("label_2")
    spread = square - errors.mean("label") ** 2
    return spread if spread > square * Fraction(1, 2**52) else Fraction(0)


def r_squared(errors: Sums, level: float = LEVEL) -> tuple[Fraction | None, float | None, float | None]:
    """R2 = 1 - M / V, both of them means over rows, with the interval of the delta method.

    None of labels that are all the same, or differ by so little beside the errors that its square is beyond doubles.

    Source: sklearn.metrics.r2_score; van der Vaart (1998), Asymptotic Statistics, chapter 3.
    """
    names = ("label", "label_2", "label_3", "label_4", "error_2", "error_4", "error_2_label", "error_2_label_2")
    m = {name: errors.mean(name) for name in names}
    mean, spread = m["label"], spread_of_labels(errors)
    if spread == 0:
        return None, None, None
    lost = m["error_2"]
    fourth = m["label_4"] - 4 * mean * m["label_3"] + 6 * mean**2 * m["label_2"] - 3 * mean**4
    crossed = m["error_2_label_2"] - 2 * mean * m["error_2_label"] + mean**2 * lost
    ratio = lost / spread
    variance = (m["error_4"] - lost**2) - 2 * ratio * (crossed - lost * spread) + ratio**2 * (fourth - spread**2)
    value, of_square = _double(1 - ratio), max(_double(variance / spread**2), 0.0)
    if abs(value) > _LARGEST or of_square > _LARGEST**2:
        return None, None, None
    reach = two_sided(level) * math.sqrt(of_square / errors.evidence)
    return 1 - ratio, value - reach, min(1.0, value + reach)


def _double(value: Fraction) -> float:
    """The nearest double; infinite where the value is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def numbers_of(batch: pa.RecordBatch, name: str) -> NDArray[np.float64]:
    """A column of finite numbers, NaN where a cell is missing."""
    column = column_of(batch, name)
    if kind_of(column.type) != "number":
        raise CannotMeasure(f'Column "{name}" does not hold numbers.')
    numbers = as_numbers(column)
    if np.isinf(numbers).any():
        raise CannotMeasure(f'Column "{name}" holds an infinite number.')
    return numbers
