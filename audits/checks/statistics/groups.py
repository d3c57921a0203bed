"""Which group, and which crossing of groups, does each row belong to?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import MISSING, SensitiveColumn
from audits.checks.statistics.columns import as_codes, as_numbers, column_of, kind_of

# The most groups of a column or crossing whose decisions are counted, and of which much more than a count is kept.
MOST_GROUPS = 10_000
MOST_GROUPS_IN_FULL = 500
MOST_CELLS = 50_000
CROSSED_BY = " x "
_MOST_PLACES = 2**18

# The group of each row of a batch as a code, and the name of the group behind each code.
Coded = tuple[NDArray[np.integer[Any]], list[str]]


@dataclass
class GroupCells:
    """Gives every combination of groups that occurs a number, in the order in which they turn up.

    The order is an inner matter: whatever leaves a statistic is sorted by `ordered`.
    """

    columns: tuple[SensitiveColumn, ...]
    most: int = MOST_GROUPS
    levels: list[dict[str, int]] = field(default_factory=list)
    cells: dict[tuple[int, ...], int] = field(default_factory=dict)
    _named: list[tuple[tuple[str, ...], int]] = field(default_factory=list, init=False, repr=False, compare=False)
    _placed: tuple[tuple[tuple[str, ...], ...], NDArray[np.int64]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not self.levels:
            self.levels = [{name: place for place, name in enumerate(c.declared_groups())} for c in self.columns]

    def __len__(self) -> int:
        return len(self.cells)

    def rows_to_cells(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The cell of each row, shape (n_rows,); new groups and cells are numbered as they appear."""
        columns = [self._coded(place, batch) for place in range(len(self.columns))]
        if math.prod(len(names) for _, names in columns) > _MOST_PLACES:
            return self._sparse_cells(columns)
        places = _combined(columns, batch.num_rows)
        numbers = self._numbers(columns)
        cells = numbers.take(places)
        if cells.min(initial=0) < 0:
            self._number(np.flatnonzero(np.bincount(places, minlength=len(numbers))), columns, numbers)
            cells = numbers.take(places)
        return cells

    def counted(
        self, batch: pa.RecordBatch, states: NDArray[np.integer[Any]], n_states: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many rows of each cell are in each state: cells of shape (n_found,), rows of shape (n_found, n_states).

        `states` are whole numbers from 0, of shape (n_rows,). Cells may come more than once.
        """
        columns = [self._coded(place, batch) for place in range(len(self.columns))]
        if math.prod(len(names) for _, names in columns) * n_states > _MOST_PLACES:
            cells = self.rows_to_cells(batch)
            counts = np.bincount(cells * n_states + states, minlength=len(self) * n_states)
            return np.arange(len(self)), counts.reshape(-1, n_states)
        places = _combined(columns, batch.num_rows)
        places *= n_states
        places += states
        numbers = self._numbers(columns)
        counts = np.bincount(places, minlength=len(numbers) * n_states).reshape(-1, n_states)
        present = np.flatnonzero(counts.any(axis=1))
        self._number(present, columns, numbers)
        return numbers[present], counts[present]

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
        if math.prod(len(names) for names in levels) > self.most:
            raise CannotMeasure(f"The crossing has more than {self.most} groups; declare bands or labels.")
        return list(product(*levels))

    def groups_of_cells(self, attribute: str | None) -> tuple[NDArray[np.int64], list[str]]:
        """The group of each cell along a column or crossing, or all as one, and the names of groups in their order."""
        places = () if attribute is None else self.places_of(attribute)
        groups = self.groups_of(places)
        numbers = {group: number for number, group in enumerate(groups)}
        group_of = np.zeros(max(len(self), 1), np.int64)
        for cell, number in self.named_cells():
            group_of[number] = numbers[tuple(cell[place] for place in places)]
        return group_of, [CROSSED_BY.join(group) or "everybody" for group in groups]

    def adopted(self, other: GroupCells) -> NDArray[np.int64]:
        """Our number of each cell of another, new or known."""
        moved = np.zeros(max(len(other), 1), np.int64)
        for names, number in other.named_cells():
            moved[number] = self.adopt(names)
        return moved

    def _coded(self, place: int, batch: pa.RecordBatch) -> Coded:
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

    def _numbers(self, columns: Sequence[Coded]) -> NDArray[np.int64]:
        """The number of the cell at each place where codes of these names combine, -1 where none was met yet."""
        names = tuple(tuple(names) for _, names in columns)
        if self._placed is None or self._placed[0] != names:
            self._placed = names, np.full(math.prod(map(len, names)), -1)
        return self._placed[1]

    def _number(self, present: NDArray[np.int64], columns: Sequence[Coded], numbers: NDArray[np.int64]) -> None:
        """Give the cells at these places their numbers, where they have none yet."""
        new = present[numbers[present] < 0]
        if len(new) == 0:
            return
        levels = []
        by_column = np.unravel_index(new, [len(names) for _, names in columns]) if columns else ()
        for place, (digits, (_, names)) in enumerate(zip(by_column, columns, strict=True)):
            known = {code: self._level(place, names[code]) for code in np.unique(digits).tolist()}
            levels.append([known[code] for code in digits.tolist()])
        found = [self._cell(cell) for cell in zip(*levels, strict=True)] if levels else [self._cell(())]
        numbers[new] = found

    def _sparse_cells(self, columns: Sequence[Coded]) -> NDArray[np.int64]:
        """As `rows_to_cells`, where codes combine in more ways than can be listed."""
        by_level = [self._levels_of(place, *column) for place, column in enumerate(columns)]
        sizes = [max(len(levels), 1) for levels in self.levels]
        if math.prod(sizes) >= 2**62:
            raise CannotMeasure("The sensitive columns together form too many groups to count.")
        combined = np.zeros(len(by_level[0]), np.int64)
        for levels, size in zip(by_level, sizes, strict=True):
            combined = combined * size + levels
        present, places = np.unique(combined, return_inverse=True)
        cells = zip(*(digits.tolist() for digits in np.unravel_index(present, sizes)), strict=True)
        return np.array([self._cell(cell) for cell in cells], np.int64)[places]

    def _levels_of(self, place: int, codes: NDArray[np.integer[Any]], names: list[str]) -> NDArray[np.int64]:
        used = np.unique(codes)
        if len(used) > 2 * self.most:
            self._refuse_so_many_groups(self.columns[place].name)
        numbers = np.zeros(len(names), np.int64)
        numbers[used] = [self._level(place, names[code]) for code in used.tolist()]
        return numbers.take(codes)

    @staticmethod
    def _bands_of(column: SensitiveColumn, cells: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The band of each row, and where there is no number."""
        if kind_of(cells.type) != "number":
            raise CannotMeasure(f'Column "{column.name}" is declared with bands, but its cells are not numbers.')
        numbers = as_numbers(cells)
        return np.searchsorted(np.array(column.bands), numbers, side="right").astype(np.int32), np.isnan(numbers)

    def _level(self, place: int, name: str) -> int:
        levels = self.levels[place]
        if name not in levels and len(levels) >= self.most:
            self._refuse_so_many_groups(self.columns[place].name)
        return levels.setdefault(name, len(levels))

    def _cell(self, cell: tuple[int, ...]) -> int:
        if cell not in self.cells and len(self.cells) >= MOST_CELLS:
            raise CannotMeasure(f"The sensitive columns together form more than {MOST_CELLS} groups.")
        return self.cells.setdefault(cell, len(self.cells))

    def _refuse_so_many_groups(self, column: str) -> None:
        raise CannotMeasure(
            f'Sensitive column "{column}" has more than {self.most} groups; declare bands or labels for it.'
        )


def _combined(columns: Sequence[Coded], n_rows: int) -> NDArray[np.int32]:
    """One code for the codes of all columns, shape (n_rows,)."""
    if not columns:
        return np.zeros(n_rows, np.int32)
    places = columns[0][0].astype(np.int32)
    for codes, names in columns[1:]:
        places *= len(names)
        places += codes
    return places
