"""Which group, and which crossing of groups, does each row belong to?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import MISSING, SensitiveColumn
from audits.checks.statistics.columns import as_codes, as_numbers, as_texts, column_of, kind_of

MOST_GROUPS = 500
MOST_CELLS = 50_000
CROSSED_BY = " x "
_MOST_PLACES = 2**18


@dataclass
class GroupCells:
    """Gives every combination of groups that occurs a number, in the order in which they turn up.

    The order is an inner matter: whatever leaves a statistic is sorted by `ordered`.
    """

    columns: tuple[SensitiveColumn, ...]
    levels: list[dict[str, int]] = field(default_factory=list)
    cells: dict[tuple[int, ...], int] = field(default_factory=dict)
    _named: list[tuple[tuple[str, ...], int]] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.levels:
            self.levels = [{name: place for place, name in enumerate(c.declared_groups())} for c in self.columns]

    def __len__(self) -> int:
        return len(self.cells)

    def rows_to_cells(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The cell of each row, shape (n_rows,); new groups and cells are numbered as they appear."""
        codes = [self._codes(place, batch) for place in range(len(self.columns))]
        sizes = [max(len(levels), 1) for levels in self.levels]
        if math.prod(sizes) >= 2**62:
            raise CannotMeasure("The sensitive columns together form too many groups to count.")
        combined = np.zeros(batch.num_rows, np.int64)
        for code, size in zip(codes, sizes, strict=True):
            combined = combined * size + code
        if math.prod(sizes) <= 2**20:
            present = np.flatnonzero(np.bincount(combined))
            numbers = np.zeros(int(present[-1]) + 1 if len(present) else 1, np.int64)
            numbers[present] = self._numbered(present, sizes)
            return numbers[combined]
        present, places = np.unique(combined, return_inverse=True)
        return self._numbered(present, sizes)[places]

    def counted(
        self, batch: pa.RecordBatch, states: NDArray[np.int64], n_states: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many rows of each cell are in each state: cells of shape (n_found,), rows of shape (n_found, n_states).

        `states` are whole numbers from 0, of shape (n_rows,). Cells may come more than once.
        """
        columns = [self._coded(place, batch) for place in range(len(self.columns))]
        sizes = [len(names) for _, names in columns]
        if math.prod(sizes) * n_states > _MOST_PLACES:
            cells = self.rows_to_cells(batch)
            counts = np.bincount(cells * n_states + states, minlength=len(self) * n_states)
            return np.arange(len(self)), counts.reshape(-1, n_states)
        places = np.zeros(batch.num_rows, np.int32)
        for codes, names in columns:
            places *= len(names)
            places += codes
        places *= n_states
        places += states
        counts = np.bincount(places, minlength=math.prod(sizes) * n_states).reshape(-1, n_states)
        present = np.flatnonzero(counts.any(axis=1))
        levels = []
        by_column = np.unravel_index(present, sizes) if sizes else ()
        for place, (digits, (_, names)) in enumerate(zip(by_column, columns, strict=True)):
            used = np.unique(digits)
            if len(used) > MOST_GROUPS:
                self._refuse_so_many_groups(self.columns[place].name)
            numbers = {code: self._level(place, names[code]) for code in used.tolist()}
            levels.append([numbers[code] for code in digits.tolist()])
        found = [self._cell(cell) for cell in zip(*levels, strict=True)] if levels else [self._cell(())] * len(present)
        return np.array(found, np.int64), counts[present]

    def adopt(self, names: tuple[str, ...]) -> int:
        """The number of the cell with these group names, new or known."""
        cell = tuple(self._level(place, name) for place, name in enumerate(names))
        return self._cell(cell)

    def named_cells(self) -> list[tuple[tuple[str, ...], int]]:
        """Every cell with its number, sorted by group names; nobody may change the list."""
        if len(self._named) != len(self.cells):
            listed = [list(levels) for levels in self.levels]
            self._named = sorted(
                (tuple(names[code] for names, code in zip(listed, cell, strict=True)), number)
                for cell, number in self.cells.items()
            )
        return self._named

    def ordered(self, place: int) -> tuple[str, ...]:
        """The groups of one column: declared ones as declared, others by name, the missing last."""
        declared = self.columns[place].declared_groups()
        others = sorted(name for name in self.levels[place] if name not in declared and name != MISSING)
        unknown = [MISSING] if MISSING in self.levels[place] and MISSING not in declared else []
        return (*declared, *others, *unknown)

    def places_of(self, attribute: str) -> tuple[int, ...]:
        """The columns that an attribute names: a column, or several crossed as "a x b"."""
        names = [column.name for column in self.columns]
        if attribute in names:
            return (names.index(attribute),)
        parts = attribute.split(CROSSED_BY)
        if len(parts) < 2 or len(set(parts)) < len(parts) or not set(parts) <= set(names):
            known = ", ".join(names) or "none"
            raise CannotMeasure(
                f'"{attribute}" is no sensitive column of the table, nor a crossing such as "a x b"; '
                f"declared are: {known}."
            )
        return tuple(names.index(part) for part in parts)

    def groups_of(self, places: tuple[int, ...]) -> list[tuple[str, ...]]:
        """Every combination of the groups of these columns, whether or not a row holds it."""
        levels = [self.ordered(place) for place in places]
        if math.prod(len(names) for names in levels) > MOST_GROUPS:
            raise CannotMeasure(f"The crossing has more than {MOST_GROUPS} groups; declare bands or labels.")
        return list(product(*levels))

    def _coded(self, place: int, batch: pa.RecordBatch) -> tuple[NDArray[np.integer[Any]], list[str]]:
        """The group of each row as a code, and the name of the group behind each code; some may be without rows."""
        column = self.columns[place]
        cells = column_of(batch, column.name)
        if column.bands:
            bands, unknown = self._bands_of(column, cells)
            bands[unknown] = len(column.bands) + 1
            return bands, [*column.declared_groups(), MISSING]
        texts, codes = as_codes(cells)
        labels = column.labels or {}
        return codes, [MISSING if text is None else labels.get(text, text) for text in texts]

    def _codes(self, place: int, batch: pa.RecordBatch) -> NDArray[np.integer[Any]]:
        column = self.columns[place]
        cells = column_of(batch, column.name)
        if column.bands:
            return self._band_codes(place, cells)
        texts, codes = as_texts(cells)
        if len(texts) > 2 * MOST_GROUPS and len(np.unique(codes)) > MOST_GROUPS:
            self._refuse_so_many_groups(column.name)
        labels = column.labels or {}
        used = np.zeros(len(texts), bool)
        used[codes] = True
        numbers = np.zeros(len(texts), np.int64)
        for position in np.flatnonzero(used):
            text = texts[position]
            numbers[position] = self._level(place, MISSING if text is None else labels.get(text, text))
        return numbers[codes]

    def _band_codes(self, place: int, cells: pa.Array) -> NDArray[np.int32]:
        codes, unknown = self._bands_of(self.columns[place], cells)
        if unknown.any():
            codes[unknown] = self._level(place, MISSING)
        return codes

    @staticmethod
    def _bands_of(column: SensitiveColumn, cells: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The band of each row, and where there is no number."""
        if kind_of(cells.type) != "number":
            raise CannotMeasure(f'Column "{column.name}" is declared with bands, but its cells are not numbers.')
        numbers = as_numbers(cells)
        return np.searchsorted(np.array(column.bands), numbers, side="right").astype(np.int32), np.isnan(numbers)

    def _level(self, place: int, name: str) -> int:
        levels = self.levels[place]
        if name not in levels and len(levels) >= MOST_GROUPS:
            self._refuse_so_many_groups(self.columns[place].name)
        return levels.setdefault(name, len(levels))

    def _numbered(self, combined: NDArray[np.int64], sizes: list[int]) -> NDArray[np.int64]:
        numbers = np.empty(len(combined), np.int64)
        for position, code in enumerate(combined.tolist()):
            cell = []
            for size in reversed(sizes):
                code, digit = divmod(code, size)
                cell.append(digit)
            numbers[position] = self._cell(tuple(reversed(cell)))
        return numbers

    def _cell(self, cell: tuple[int, ...]) -> int:
        if cell not in self.cells and len(self.cells) >= MOST_CELLS:
            raise CannotMeasure(f"The sensitive columns together form more than {MOST_CELLS} groups.")
        return self.cells.setdefault(cell, len(self.cells))

    @staticmethod
    def _refuse_so_many_groups(column: str) -> None:
        raise CannotMeasure(
            f'Sensitive column "{column}" has more than {MOST_GROUPS} groups; declare bands or labels for it.'
        )
