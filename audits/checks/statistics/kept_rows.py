"""Which values do rows hold in which cells: of every row while they are not too many, and then by counts?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audits.checks.statistics.score_split import Cells, Entries, Keys, Part
from audits.checks.statistics.value_table import ValueTable

# So many rows are kept with the value and the cell of each, and every figure of theirs is exact.
MOST_ROWS = 2**20


@dataclass
class KeptRows:
    """Rows by value and cell, values given by their keys. Mergeable; equal for any batch size and order of rows.

    Every value is told apart in up to 2**20 rows, and among more rows up to 4,096 different values; beyond that values
    share steps and are `off_by` so much.
    """

    counted: ValueTable = field(default_factory=ValueTable)
    waiting: list[tuple[Keys, Cells]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.counted.total + self._n_waiting

    @property
    def off_by(self) -> float:
        """How far below a value, at most, the one may lie under which it is counted: 0 where every value counts."""
        return 0.0 if self._are_rows else self._table().off_by

    @property
    def entries(self) -> Entries:
        """The rows by value and cell."""
        single: list[Part] = [(keys, cells, None) for keys, cells in self.waiting]
        return Entries(single) if self._are_rows else Entries.of_table(self._table())

    def add(self, keys: Keys, cells: Cells) -> None:
        self._wait([(keys, cells.astype(np.min_scalar_type(cells.max(initial=0))))])

    def merge(self, other: KeptRows, moved: Cells) -> None:
        """Take in the rows of another; `moved` says which cell of ours is each of its cells."""
        moved = moved.astype(np.min_scalar_type(moved.max(initial=0)))
        self._wait([(keys, moved.take(cells)) for keys, cells in other.waiting])
        theirs = other.counted
        if len(theirs.keys):
            counts = np.zeros((len(theirs.keys), int(moved.max()) + 1), np.int64)
            counts[:, moved[: theirs.counts.shape[1]]] = theirs.counts
            self._table().merge(ValueTable(theirs.most, theirs.dropped, theirs.keys, counts))

    @property
    def _are_rows(self) -> bool:
        return len(self.counted.keys) == 0

    @property
    def _n_waiting(self) -> int:
        return sum(len(keys) for keys, _ in self.waiting)

    def _wait(self, rows: list[tuple[Keys, Cells]]) -> None:
        self.waiting += rows
        # Counting many rows at once costs far less than merging every batch into the table.
        if self._n_waiting > MOST_ROWS:
            self._table()

    def _table(self) -> ValueTable:
        """The counts; rows that wait are counted first."""
        if self.waiting:
            keys, cells = (np.concatenate(parts) for parts in zip(*self.waiting, strict=True))
            self.waiting = []
            self.counted.add_keys(keys, cells, int(cells.max(initial=0)) + 1)
        return self.counted
