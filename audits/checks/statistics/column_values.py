"""How are the values of each feature spread, well enough to lay two tables side by side?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import MISSING, Roles
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import as_numbers, as_texts, missing_mask
from audits.checks.statistics.value_table import ValueTable

MOST_CATEGORIES = 1_000


@dataclass
class ValuesOfColumn:
    """One column: a table of its numbers, or counts of its texts (none when there are more than 1,000)."""

    name: str
    kind: str
    rows: int = 0
    missing: int = 0
    numbers: ValueTable = field(default_factory=ValueTable)
    texts: dict[str, int] | None = field(default_factory=dict)

    def add(self, cells: pa.Array) -> None:
        self.rows += len(cells)
        self.missing += int(missing_mask(cells).sum())
        if self.kind in ("number", "time"):
            numbers = as_numbers(cells)
            known = numbers[~np.isnan(numbers)]
            # An infinite value is larger than every finite one; the largest double keeps that order.
            self.numbers.add(np.nan_to_num(known))
        else:
            texts, codes = as_texts(cells)
            counts = np.bincount(codes, minlength=len(texts)).tolist()
            self._count({text: n for text, n in _totals(texts, counts).items() if n > 0})

    def merge(self, other: ValuesOfColumn) -> None:
        self.rows += other.rows
        self.missing += other.missing
        self.numbers.merge(other.numbers)
        self._count(other.texts)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "numbers": self.numbers.to_document(),
            "texts": None if self.texts is None else dict(sorted(self.texts.items())),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        texts = document["texts"]
        return cls(
            name=document["name"],
            kind=document["kind"],
            rows=document["rows"],
            missing=document["missing"],
            numbers=ValueTable.from_document(document["numbers"]),
            texts=None if texts is None else dict(texts),
        )

    def _count(self, texts: Mapping[str, int] | None) -> None:
        if self.texts is None or texts is None:
            self.texts = None
            return
        for text, number in texts.items():
            self.texts[text] = self.texts.get(text, 0) + number
        if len(self.texts) > MOST_CATEGORIES:
            self.texts = None


class ColumnValues(ByColumn[ValuesOfColumn]):
    """The spread of every feature, and of prediction and score, in at most 4,096 steps a column."""

    part = ValuesOfColumn

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (*roles.features, roles.prediction, roles.score)
        return tuple(dict.fromkeys(name for name in names if name is not None))


def _totals(texts: list[str | None], counts: list[int]) -> dict[str, int]:
    """Counts by trimmed text: a dictionary may hold the same text with and without blanks around it."""
    totals: dict[str, int] = {}
    for text, number in zip(texts, counts, strict=True):
        name = MISSING if text is None else text
        totals[name] = totals.get(name, 0) + number
    return totals
