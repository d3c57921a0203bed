"""How are the values of each feature spread, well enough to lay two tables side by side?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import MISSING, Roles
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import missing_cells, present_numbers, text_counts
from audits.checks.statistics.side_by_side import SideBySide, laid_out
from audits.checks.statistics.sorted_numbers import SortedNumbers
from audits.checks.statistics.value_table import ValueTable, finite

# What a stored profile calls the texts that few rows hold.
RARE = "(rare)"
MOST_CATEGORIES = 1_000
MOST_NUMBERS = 2**20


@dataclass
class ValuesOfColumn:
    """One column: a table of its numbers, or counts of its texts (none when there are more than 1,000).

    While a table is read every distinct number is kept, up to 2**20 of them; beyond that numbers share
    steps. What is stored is `condensed`: cells between chosen thresholds, and `beside`, what only all
    the numbers could tell. Of a stored profile `inside` is the most rows that a cell holds before its end.
    """

    name: str
    kind: str
    rows: int = 0
    missing: int = 0
    table: ValueTable = field(default_factory=lambda: ValueTable(MOST_NUMBERS))
    texts: dict[str, int] | None = field(default_factory=dict)
    beside: SideBySide | None = None
    waiting: list[NDArray[np.float64]] = field(default_factory=list)
    inside: int | None = None

    @property
    def numbers(self) -> ValueTable:
        """The numbers with their counts; those that were read since the last look are taken in first."""
        if self.waiting:
            self.table.add(finite(self._taken()))
        return self.table

    @property
    def dropped(self) -> int:
        """How many bits of the numbers had to be cleared."""
        return 0 if self._are_rows else self.numbers.dropped

    @property
    def _are_rows(self) -> bool:
        return len(self.table.keys) == 0 and bool(self.waiting)

    def in_order(self, dropped: int) -> SortedNumbers:
        """The numbers in ascending order, with so many bits cleared; those of a small table stay rows."""
        if dropped == 0 and self._are_rows:
            numbers = self._taken()
            numbers.sort()
            return SortedNumbers(finite(numbers, ends=numbers[[0, -1]]))
        table = self.numbers.at_level(dropped)
        return SortedNumbers(table.values(), np.cumsum(table.counts[:, 0]))

    @property
    def filled(self) -> int:
        """How many rows hold a number."""
        return self.table.total + sum(map(len, self.waiting))

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("number", "time")

    def add(self, cells: pa.Array) -> None:
        self.rows += len(cells)
        self.missing += missing_cells(cells)
        if self.is_numeric:
            self._wait([present_numbers(cells)])
        else:
            texts, counts = text_counts(cells)
            self._count({text: n for text, n in _totals(texts, counts.tolist()).items() if n > 0})

    def merge(self, other: ValuesOfColumn) -> None:
        self.rows += other.rows
        self.missing += other.missing
        # Few rows stay rows, as they do when they come in one table: sums are rounded otherwise over distinct numbers.
        self._wait(other.waiting)
        if len(other.table.keys):
            self.numbers.merge(other.table)
        self._count(other.texts)

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "numbers": self.numbers.to_document(),
            "beside": None if self.beside is None else self.beside.to_document(),
            "texts": None if self.texts is None else dict(sorted(self.texts.items())),
            **({} if self.inside is None else {"inside": self.inside}),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        texts, beside = document["texts"], document["beside"]
        numbers = ValueTable.from_document(document["numbers"])
        return cls(
            name=document["name"],
            kind=document["kind"],
            rows=document["rows"],
            missing=document["missing"],
            table=replace(numbers, most=MOST_NUMBERS),
            texts=None if texts is None else dict(texts),
            beside=None if beside is None else SideBySide.from_document(beside),
            inside=document.get("inside"),
        )

    def _wait(self, numbers: list[NDArray[np.float64]]) -> None:
        self.waiting += numbers
        # Sorting a million numbers once costs far less than merging every batch into the table.
        if sum(map(len, self.waiting)) > MOST_NUMBERS:
            self.numbers  # noqa: B018 -- the look takes them in

    def _taken(self) -> NDArray[np.float64]:
        """The numbers that wait, which then no longer do, as a new array."""
        numbers = np.concatenate(self.waiting)
        self.waiting = []
        return numbers

    def _count(self, texts: Mapping[str, int] | None) -> None:
        if self.texts is None or texts is None:
            self.texts = None
            return
        for text, number in texts.items():
            self.texts[text] = self.texts.get(text, 0) + number
        if len(self.texts) > MOST_CATEGORIES:
            self.texts = None


class ColumnValues(ByColumn[ValuesOfColumn]):
    """The spread of every feature, and of prediction and score; `asked` is what checks need to know beside it."""

    part = ValuesOfColumn
    asked: Collection[str] = ()

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (*roles.features, roles.prediction, roles.score)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The same statistic of one table, or of evaluation and reference, small enough to be stored.

        Each numeric column of both tables is cut at the same few thresholds, chosen so that the figures
        of a comparison come out as they would from all the numbers.
        """
        found = {name: cls(table.names, dict(table.by_name)) for name, table in tables.items()}
        asked = {what for table in tables.values() for what in table.asked}
        for column in dict.fromkeys(column for table in tables.values() for column in table.by_name):
            spreads = {name: t.by_name[column] for name, t in tables.items() if column in t.by_name}
            filled = [name for name, spread in spreads.items() if spread.is_numeric and spread.filled]
            filled.sort(key=lambda name: name == "reference")
            if not filled:
                continue
            level = max(spreads[name].dropped for name in filled)
            in_order = [spreads[name].in_order(level) for name in filled]
            inside = [spreads[name].inside or 0 for name in filled]
            found_here = laid_out(in_order, is_rounded=level > 0, inside=inside, asked=asked)
            for name, (cells, beside) in zip(filled, found_here, strict=True):
                found[name].by_name[column] = replace(spreads[name], table=cells, beside=beside)
        return found


def _totals(texts: list[str | None], counts: list[int]) -> dict[str, int]:
    """Counts by trimmed text: a dictionary may hold the same text with and without blanks around it."""
    totals: dict[str, int] = {}
    for text, number in zip(texts, counts, strict=True):
        name = MISSING if text is None else text
        totals[name] = totals.get(name, 0) + number
    return totals
