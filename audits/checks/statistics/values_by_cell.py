"""How often does each value of a column stand in each of several cells, such as groups of people or classes?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import MISSING
from audits.checks.statistics.column_values import MOST_CATEGORIES
from audits.checks.statistics.columns import as_codes, as_numbers, kind_of
from audits.checks.statistics.value_table import ValueTable, finite

Counts = NDArray[np.int64]


@dataclass
class ValuesByCell:
    """Rows of one column by value and cell. Mergeable, in any order of rows.

    Up to 4,096 distinct numbers are told apart (beyond that neighbours are one), and up to 1,000 texts (beyond that
    `texts` is None). Missing cells, of numbers too, stand among the texts. Counts have the shape (n_cells,), or fewer
    where no row of the last cells was met.
    """

    numbers: ValueTable = field(default_factory=ValueTable)
    texts: dict[str, Counts] | None = field(default_factory=dict)

    @property
    def is_numeric(self) -> bool:
        return len(self.numbers.keys) > 0

    def add(self, column: pa.Array, places: Counts, n_cells: int, known: NDArray[np.bool_] | None = None) -> None:
        """Count the rows that are `known`, or all; `places` are their cells, of shape (n_rows,) or (n_sorts, n_rows).

        With several sorts of cells a row is counted in one of each.
        """
        rows = slice(None) if known is None else known
        if kind_of(column.type) not in ("number", "time"):
            texts, codes = as_codes(column)
            self._add_texts(texts, codes[rows], places, n_cells)
            return
        numbers = as_numbers(column)[rows]
        missing = np.isnan(numbers)
        if missing.any():
            self._count({MISSING: _by_cell(places[..., missing], n_cells)})
            numbers, places = numbers[~missing], places[..., ~missing]
        if len(numbers):
            self.numbers.add(finite(numbers), places, n_cells)

    def merge(self, other: ValuesByCell, cells: Counts, n_cells: int) -> None:
        """Take in the counts of another column, whose cells are these ones here."""
        self.numbers.merge(
            ValueTable(
                other.numbers.most,
                other.numbers.dropped,
                other.numbers.keys,
                _moved(other.numbers.counts, cells, n_cells),
            )
        )
        if other.texts is None:
            self.texts = None
        else:
            self._count({text: _moved(counts, cells, n_cells) for text, counts in other.texts.items()})

    def _add_texts(self, texts: list[str | None], codes: NDArray[np.integer], places: Counts, n_cells: int) -> None:
        """A dictionary may hold texts that no row has, and the same text with and without blanks around it."""
        held = np.flatnonzero(np.bincount(codes, minlength=len(texts)))
        numbers: dict[str, int] = {}
        renumbered = np.zeros(len(texts), np.int64)
        for code in held.tolist():
            text = texts[code]
            renumbered[code] = numbers.setdefault(MISSING if text is None else text, len(numbers))
        if len(numbers) > MOST_CATEGORIES:
            self.texts = None
            return
        counts = _by_cell(renumbered[codes] * n_cells + places, len(numbers) * n_cells).reshape(-1, n_cells)
        self._count(dict(zip(numbers, counts, strict=True)))

    def _count(self, found: Mapping[str, Counts]) -> None:
        if self.texts is None:
            return
        for text, counts in found.items():
            if counts.any():
                held = self.texts.get(text, counts[:0])
                width = max(len(held), len(counts))
                self.texts[text] = wide(held, width) + wide(counts, width)
        if len(self.texts) > MOST_CATEGORIES:
            self.texts = None


def wide(counts: Counts, n_cells: int) -> Counts:
    """The counts with a place for every cell, which is the last axis."""
    short = n_cells - counts.shape[-1]
    return np.pad(counts, [(0, 0)] * (counts.ndim - 1) + [(0, short)]) if short else counts


def _by_cell(places: Counts, n_cells: int) -> Counts:
    return np.bincount(places.ravel(), minlength=n_cells).astype(np.int64, copy=False)


def _moved(counts: Counts, cells: Counts, n_cells: int) -> Counts:
    """The same counts, with the cells at their new places."""
    moved = np.zeros((*counts.shape[:-1], n_cells), np.int64)
    np.add.at(moved.T, cells[: counts.shape[-1]], counts.T)
    return moved
