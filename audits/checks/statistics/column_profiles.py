"""What does each column hold: how much is missing, how many values, from where to where?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import missing_cells, present_numbers
from audits.checks.statistics.exact_sums import as_fraction, exact_sum, from_text, to_text
from audits.checks.statistics.hashing import distinct_digests

KEPT_DIGESTS = 256
_EVERY = np.uint64(2**64 - 1)
# Squares of larger numbers are no finite doubles.
_LARGEST_ROOT = math.sqrt(np.finfo(np.float64).max)


@dataclass
class ColumnProfile:
    """One column: counts, range, moments, and the number of distinct values.

    The distinct count is exact up to 256 values; above that it is estimated from the 256 smallest
    digests, with a standard error of 6 percent, and `is_distinct_exact` is false. Infinite numbers are
    counted apart and enter neither the range nor the moments.
    """

    name: str
    kind: str
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    low: float | None = None
    high: float | None = None
    total: int = 0
    squares: int = 0
    overflowed: bool = False
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))

    @property
    def finite(self) -> int:
        return self.rows - self.missing - self.infinite

    @property
    def is_distinct_exact(self) -> bool:
        return len(self.digests) < KEPT_DIGESTS

    @property
    def distinct(self) -> int:
        """How many different values the column holds, missing ones left out."""
        if self.is_distinct_exact:
            return len(self.digests)
        share = (int(self.digests[-1]) + 1) / 2**64
        return max(KEPT_DIGESTS, round((KEPT_DIGESTS - 1) / share))

    @property
    def mean(self) -> float | None:
        if self.kind != "number" or self.finite == 0:
            return None
        return float(as_fraction(self.total) / self.finite)

    @property
    def variance(self) -> float | None:
        """The variance with n in the denominator."""
        if self.kind != "number" or self.finite == 0 or self.overflowed:
            return None
        mean = as_fraction(self.total) / self.finite
        return float(max(as_fraction(self.squares) / self.finite - mean * mean, Fraction(0)))

    def add(self, cells: pa.Array) -> None:
        n_missing = missing_cells(cells)
        self.rows += len(cells)
        self.missing += n_missing
        self._keep(distinct_digests(cells, _EVERY if self.is_distinct_exact else self.digests[-1]))
        if self.kind != "number" or n_missing == len(cells):
            return
        numbers = present_numbers(cells)
        low, high = float(numbers.min()), float(numbers.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = numbers[np.isfinite(numbers)]
            self.infinite += len(numbers) - len(finite)
            if len(finite) == 0:
                return
            numbers, low, high = finite, float(finite.min()), float(finite.max())
        self._stretch(low, high)
        self.total += exact_sum(numbers)
        self.overflowed |= max(-low, high) > _LARGEST_ROOT
        if not self.overflowed:
            self.squares += exact_sum(numbers * numbers)

    def merge(self, other: ColumnProfile) -> None:
        self.rows += other.rows
        self.missing += other.missing
        self.infinite += other.infinite
        self.total += other.total
        self.squares += other.squares
        self.overflowed |= other.overflowed
        self._keep(other.digests)
        if other.low is not None and other.high is not None:
            self._stretch(other.low, other.high)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "infinite": self.infinite,
            "low": self.low,
            "high": self.high,
            "mean": self.mean,
            "standard_deviation": None if self.variance is None else math.sqrt(self.variance),
            "distinct": self.distinct,
            "distinct_is_exact": self.is_distinct_exact,
            "sum": to_text(self.total),
            "sum_of_squares": None if self.overflowed else to_text(self.squares),
            "digests": self.digests.astype(">u8").tobytes().hex(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        squares = document["sum_of_squares"]
        return cls(
            name=document["name"],
            kind=document["kind"],
            rows=document["rows"],
            missing=document["missing"],
            infinite=document["infinite"],
            low=document["low"],
            high=document["high"],
            total=from_text(document["sum"]),
            squares=0 if squares is None else from_text(squares),
            overflowed=squares is None,
            digests=np.frombuffer(bytes.fromhex(document["digests"]), ">u8").astype(np.uint64),
        )

    def _stretch(self, low: float, high: float) -> None:
        # Adding 0.0 turns a -0.0 into 0.0, so that the document does not depend on which came first.
        self.low = (low if self.low is None else min(self.low, low)) + 0.0
        self.high = (high if self.high is None else max(self.high, high)) + 0.0

    def _keep(self, digests: NDArray[np.uint64]) -> None:
        if len(digests):
            digests = np.sort(np.concatenate([self.digests, digests]))
            self.digests = digests[np.append(True, digests[1:] != digests[:-1])][:KEPT_DIGESTS]


class ColumnProfiles(ByColumn[ColumnProfile]):
    """A profile of every column that has a role."""

    part = ColumnProfile

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.columns()
