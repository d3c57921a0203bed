"""Where do the numbers of each feature lie, and how many lie far out?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.column_values import ValuesOfColumn
from audits.checks.statistics.columns import column_of, kind_of
from audits.checks.statistics.sorted_numbers import SortedNumbers
from audits.checks.statistics.value_table import ValueTable

SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_LOWER, _MIDDLE, _UPPER = 2, 3, 4
FAR = 3.0
_FIELDS = ("n", "quantiles", "below", "above", "is_exact")


@dataclass(frozen=True)
class Spread:
    """The quantiles of a column at SHARES, and its rows below and above the far fences.

    The fences stand three times the distance between the quartiles outside of them; where the quartiles are equal
    there are none, and `below` and `above` are None.
    """

    n: int
    quantiles: tuple[float, ...]
    below: int | None
    above: int | None
    is_exact: bool

    @property
    def middle(self) -> float:
        """The distance between the quartiles."""
        return self.quantiles[_UPPER] - self.quantiles[_LOWER]

    @property
    def fences(self) -> tuple[float, float]:
        return (self.quantiles[_LOWER] - FAR * self.middle, self.quantiles[_UPPER] + FAR * self.middle)

    @classmethod
    def of(cls, table: ValueTable) -> Self:
        in_order = SortedNumbers(table.values(), np.cumsum(table.counts[:, 0]))
        found = tuple(in_order.quantiles(np.array(SHARES)).tolist())
        bare = cls(table.total, found, None, None, table.is_exact)
        if bare.middle <= 0:
            return bare
        values, counts = table.values(), table.counts[:, 0]
        low, high = bare.fences
        return cls(bare.n, found, int(counts[values < low].sum()), int(counts[values > high].sum()), bare.is_exact)


@dataclass
class NumberSpreads:
    """The spread of every numeric feature. Mergeable; exact up to 1,048,576 distinct numbers of a column."""

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    names: tuple[str, ...]
    reading: dict[str, ValuesOfColumn] = field(default_factory=dict)
    spreads: dict[str, Spread] = field(default_factory=dict)
    rows: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(cls.columns(roles))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.features

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        for name in self.names:
            cells = column_of(batch, name)
            if kind_of(cells.type) == "number":
                self.reading.setdefault(name, ValuesOfColumn(name, "number")).add(cells)

    def merge(self, other: NumberSpreads) -> None:
        self.rows += other.rows
        for name, values in other.reading.items():
            self.reading.setdefault(name, ValuesOfColumn(name, "number")).merge(values)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The quantiles and counts alone."""
        return {name: cls(table.names, {}, table._found(), table.rows) for name, table in tables.items()}

    def to_document(self) -> dict[str, Any]:
        found = self._found()
        return {
            "names": list(self.names),
            "rows": self.rows,
            "fields": list(_FIELDS),
            "spreads": {
                name: [list(part) if isinstance(part := getattr(spread, word), tuple) else part for word in _FIELDS]
                for name, spread in sorted(found.items())
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        # Documents used to name the fields of every column.
        named = {
            name: spread if isinstance(spread, Mapping) else dict(zip(document["fields"], spread, strict=True))
            for name, spread in document["spreads"].items()
        }
        spreads = {
            name: Spread(**{**spread, "quantiles": tuple(spread["quantiles"])}) for name, spread in named.items()
        }
        return cls(tuple(document["names"]), {}, spreads, document["rows"])

    def _found(self) -> dict[str, Spread]:
        read = {name: Spread.of(values.numbers) for name, values in self.reading.items() if values.numbers.total}
        return {**self.spreads, **read}
