"""How do predicted labels meet true ones where a row can have several?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.rates import UNKNOWN

MOST_LABELS = 200
_OF_ROW = ("both", "given", "true")


def product(first: str, second: str) -> str:
    """The name of the sum of products of two counts of a row."""
    return " ".join(sorted((first, second)))


_PRODUCTS = tuple(product(*pair) for pair in combinations_with_replacement(_OF_ROW, 2))


@dataclass
class MultiLabelSums:
    """Counts of every label, and sums of what each row has of true labels, predicted ones, and those that are both.

    `hits`, `alarms` and `misses` count by label the rows where it is predicted and true, predicted alone, and true
    alone. `rows` sums over rows the three counts and their products, the labels that are wrong and their square, and
    whether none is; `precision`, `recall` and `f1` sum the figures of those rows where they are defined. Rows that lack
    a label or a prediction are counted as `incomplete`. Mergeable; equal for any batch size and order of rows; every
    row counts once. A few numbers for each label, however many rows there are.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("labels", "predictions")

    labels: tuple[str, ...]
    predictions: tuple[str, ...]
    hits: list[int]
    alarms: list[int]
    misses: list[int]
    rows: Sums = field(default_factory=lambda: Sums((*_OF_ROW, *_PRODUCTS, "wrong", "wrong_2", "exact")))
    precision: Sums = field(default_factory=lambda: Sums(("share", "share_2")))
    recall: Sums = field(default_factory=lambda: Sums(("share", "share_2")))
    f1: Sums = field(default_factory=lambda: Sums(("share", "share_2")))
    incomplete: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        n = len(roles.labels)
        if n > MOST_LABELS:
            raise CannotMeasure(f"The table declares {n} labels; {MOST_LABELS} at most are counted.")
        return cls(roles.labels, roles.predictions, [0] * n, [0] * n, [0] * n)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return (*roles.labels, *roles.predictions)

    @property
    def n_rows(self) -> int:
        return self.rows.n + self.incomplete

    def add(self, batch: pa.RecordBatch) -> None:
        true, given = (self._classes(batch, names) for names in (self.labels, self.predictions))
        known = ((true != UNKNOWN) & (given != UNKNOWN)).all(axis=0)
        self.incomplete += int(np.count_nonzero(~known))
        true, given = true[:, known] == 1, given[:, known] == 1
        cells = {"hits": true & given, "alarms": given & ~true, "misses": true & ~given}
        for name, held in cells.items():
            setattr(self, name, [a + b for a, b in zip(getattr(self, name), held.sum(axis=1).tolist(), strict=True)])
        both, alarms, misses = (held.sum(axis=0).astype(np.float64) for held in cells.values())
        counts = {"both": both, "given": both + alarms, "true": both + misses}
        wrong = alarms + misses
        self.rows.add(
            {
                **counts,
                **{product(a, b): counts[a] * counts[b] for a, b in combinations_with_replacement(_OF_ROW, 2)},
                **{"wrong": wrong, "wrong_2": wrong * wrong, "exact": (wrong == 0).astype(np.float64)},
            }
        )
        for sums, part, whole in (
            (self.precision, both, counts["given"]),
            (self.recall, both, counts["true"]),
            (self.f1, 2 * both, counts["given"] + counts["true"]),
        ):
            share = part[whole > 0] / whole[whole > 0]
            sums.add({"share": share, "share_2": share * share})

    def merge(self, other: MultiLabelSums) -> None:
        for name in ("hits", "alarms", "misses"):
            setattr(self, name, [a + b for a, b in zip(getattr(self, name), getattr(other, name), strict=True)])
        for name in ("rows", "precision", "recall", "f1"):
            getattr(self, name).merge(getattr(other, name))
        self.incomplete += other.incomplete

    def moment(self, first: Mapping[str, Fraction], second: Mapping[str, Fraction]) -> Fraction:
        """The sum over rows of the product of two sums of counts, each given as {count: factor}."""
        pairs = ((product(a, b), k * m) for a, k in first.items() for b, m in second.items())
        return sum((factor * self.rows.total(name) for name, factor in pairs), Fraction(0))

    def to_document(self) -> dict[str, Any]:
        names = {"labels": list(self.labels), "predictions": list(self.predictions)}
        counts = {n: value.to_document() if isinstance(value, Sums) else value for n, value in vars(self).items()}
        return {**counts, **names}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        values: dict[str, Any] = {
            name: Sums.from_document(value) if isinstance(value, Mapping) else value for name, value in document.items()
        }
        return cls(**{**values, "labels": tuple(values["labels"]), "predictions": tuple(values["predictions"])})

    @staticmethod
    def _classes(batch: pa.RecordBatch, names: tuple[str, ...]) -> NDArray[np.int64]:
        """0, 1 or 2 for unknown, shape (n_labels, n_rows)."""
        return np.stack([classes_of(batch, name) for name in names])
