"""How do the digests of rows come about, whether their cells come row by row or column by column?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.hashing import mixed, place_values

BLOCK = 2**16

Digests = NDArray[np.uint64]


@dataclass
class RowChain:
    """A 64-bit digest of the cells of every row, as `rows_hashed` gives it; the columns are taken in any order.

    The cells of one column are taken in the order of the rows. Needs eight bytes a row. Mergeable.
    """

    names: tuple[str, ...] = ()
    finished: list[Digests] = field(default_factory=list)
    blocks: list[Digests] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._values = dict(zip(self.names, place_values(len(self.names)), strict=True))

    @property
    def n_rows(self) -> int:
        return self._n_open + sum(map(len, self.finished))

    @property
    def _n_open(self) -> int:
        return max(self.taken.values(), default=0)

    def take(self, name: str, cells: Digests) -> None:
        """Take the digests of the next cells of a column."""
        value, start = self._values[name], self.taken.get(name, 0)
        self.taken[name] = start + len(cells)
        while len(cells):
            number, place = divmod(start, BLOCK)
            if number == len(self.blocks):
                self.blocks.append(np.zeros(BLOCK, np.uint64))
            part = cells[: BLOCK - place]
            self.blocks[number][place : place + len(part)] += part * value
            start, cells = start + len(part), cells[len(part) :]

    def append(self, digests: Digests) -> None:
        """Take whole rows, whose digests are known."""
        self.parts().append(digests)

    def merge(self, other: RowChain) -> None:
        """Take in the rows of another chain after one's own."""
        self.parts().extend(other.parts())

    def parts(self) -> list[Digests]:
        """The digests of the rows in their order, in arrays; every column has been taken up to the last row."""
        n_open = self._n_open
        for number, block in enumerate(self.blocks):
            self.finished.append(mixed(block[: n_open - number * BLOCK]))
            # A block is let go as soon as it is finished.
            self.blocks[number] = block[:0]
        self.blocks, self.taken = [], {}
        return self.finished

    def in_order(self) -> Digests:
        """The digests in ascending order, as a new array of shape (n_rows,)."""
        digests = np.concatenate([np.empty(0, np.uint64), *self.parts()])
        digests.sort()
        return digests
