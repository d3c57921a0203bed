"""How do the numeric features, and the label, go together two by two?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_numbers, column_of, kind_of

MOST_COLUMNS = 200

Pair = tuple[str, str]
Matrix = NDArray[np.float64]


@dataclass
class Correlations:
    """Pearson's correlation of each pair of numeric columns over the rows in which both are finite numbers.

    Mergeable; equal to 1e-12 for any batch size and order of rows (means and products are combined as in Chan,
    Golub, LeVeque 1983), and rounded to that in what is stored: `pairs`, the number of rows and the correlation by
    pair of names in alphabetical order, None where a column is constant.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    label: str | None
    names: tuple[str, ...]
    numeric: tuple[str, ...] | None = None
    rows: int = 0
    # By pair [i, j], over the rows that hold both: rows, mean of i, sum of squares of i, and sum of products.
    moments: tuple[Matrix, Matrix, Matrix, Matrix] | None = None
    pairs: dict[Pair, tuple[int, float | None]] = field(default_factory=dict)

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(roles.label, cls.columns(roles))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (*roles.features, *([roles.label] if roles.label else []))
        return tuple(sorted(set(names)))

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        cells = {name: column_of(batch, name) for name in self.names}
        if self.numeric is None:
            self.numeric = tuple(name for name in self.names if kind_of(cells[name].type) == "number")
            if len(self.numeric) > MOST_COLUMNS:
                raise CannotMeasure(f"The table has more than {MOST_COLUMNS} numeric features.")
        if batch.num_rows and self.numeric:
            table = np.stack([as_numbers(cells[name]) for name in self.numeric], axis=1)
            self._take(_moments(table))

    def merge(self, other: Correlations) -> None:
        self.rows += other.rows
        if other.moments is not None:
            self.numeric = other.numeric
            self._take(other.moments)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The correlations alone."""
        return {
            name: cls(table.label, table.names, table.numeric, table.rows, None, table._pairs())
            for name, table in tables.items()
        }

    def to_document(self) -> dict[str, Any]:
        pairs = dict(sorted((self._pairs() if self.moments is not None else self.pairs).items()))
        held = sorted({name for pair in pairs for name in pair})
        return {
            "label": self.label,
            "names": list(self.names),
            "rows": self.rows,
            # Pairs come in the order of these names, each with all after it, so that they need not be named.
            "numeric": held,
            "n": [n for n, _ in pairs.values()],
            "r": [r for _, r in pairs.values()],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        # Documents used to name every pair.
        named = document.get("pairs")
        if named is None:
            named = [
                (*pair, n, r)
                for pair, n, r in zip(combinations(document["numeric"], 2), document["n"], document["r"], strict=True)
            ]
        pairs = {(first, second): (n, r) for first, second, n, r in named}
        return cls(document["label"], tuple(document["names"]), None, document["rows"], None, pairs)

    def _take(self, moments: tuple[Matrix, Matrix, Matrix, Matrix]) -> None:
        if self.moments is None:
            self.moments = moments
            return
        (n, mean, squares, products), (m, other_mean, other_squares, other_products) = self.moments, moments
        total = n + m
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = np.where((n > 0) & (m > 0), other_mean - mean, 0.0)
            weight = np.where(total > 0, n * m / total, 0.0)
            mean = np.where(total > 0, (np.where(n > 0, n * mean, 0) + np.where(m > 0, m * other_mean, 0)) / total, 0)
        self.moments = (
            total,
            mean,
            squares + other_squares + apart**2 * weight,
            products + other_products + apart * apart.T * weight,
        )

    def _pairs(self) -> dict[Pair, tuple[int, float | None]]:
        if self.moments is None or self.numeric is None:
            return dict(self.pairs)
        n, _, squares, products = self.moments
        found: dict[Pair, tuple[int, float | None]] = {}
        for (i, first), (j, second) in combinations(enumerate(self.numeric), 2):
            spread = math.sqrt(squares[i, j]) * math.sqrt(squares[j, i])
            value = round(min(1.0, max(-1.0, float(products[i, j]) / spread)), 12) if spread > 0 else None
            found[first, second] = (int(n[i, j]), value)
        return found


def _moments(table: Matrix) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Of numbers of shape (n_rows, n_columns), by pair of columns."""
    held = np.isfinite(table)
    filled = np.where(held, table, 0.0)
    centre = filled.sum(axis=0) / np.maximum(held.sum(axis=0), 1)
    # Around the mean of the batch nothing large is subtracted from something large.
    table = np.where(held, filled - centre, 0.0)
    mask = held.astype(float)
    n = mask.T @ mask
    sums, squares, products = table.T @ mask, (table * table).T @ mask, table.T @ table
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, sums / n, 0.0)
    return (
        n,
        np.where(n > 0, mean + centre[:, None], 0.0),
        np.maximum(squares - sums * mean, 0.0),
        products - sums * mean.T,
    )
