"""In which order do the scores put the answers to each query?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_A_TIME = 2**18

Digests = NDArray[np.uint64]
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
# The query of each row as a digest, its score, and what is ranked.
Rows = tuple[Digests, Numbers, NDArray[Any]]


@dataclass(frozen=True)
class Rankings:
    """Rows of whole queries, one query after the other, best score first, tied rows by their value.

    `values` has the shape (n_rows,); `starts` are the places at which the queries begin, ascending, and `ties` those at
    which another score or another query begins.
    """

    values: NDArray[Any]
    ties: Places
    starts: Places

    @property
    def sizes(self) -> Places:
        """Rows of each query, shape (n_queries,)."""
        return np.diff(self.starts, append=len(self.values))

    @property
    def tied(self) -> Places:
        """Rows of each tie, shape (n_ties,)."""
        return np.diff(self.ties, append=len(self.values))

    def ranks_of_ties(self) -> tuple[Places, Places]:
        """The ranks within the query, counted from 0, from which tied rows reach up to the one that is left out."""
        first = np.searchsorted(self.ties, self.starts)
        begins = self.ties - np.repeat(self.starts, np.diff(first, append=len(self.ties)))
        return begins, begins + self.tied


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of all batches as one."""
    queries, scores, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return queries, scores, values


def rankings(rows_of_table: Rows) -> Iterator[Rankings]:
    """The rows as rankings, some queries at a time; the same for any order of them."""
    queries, scores, values = rows_of_table
    order = np.argsort(queries)
    starts = _begins(queries[order])
    # Queries are taken together up to so many rows that what is worked out of them needs little memory.
    blocks = np.unique(starts // _ROWS_AT_A_TIME, return_index=True)[1]
    for first, last in pairwise([*blocks.tolist(), len(starts)]):
        begin, end = starts[first], starts[last] if last < len(starts) else len(order)
        rows = order[begin:end]
        rows = rows[np.lexsort((values[rows], -scores[rows], queries[rows]))]
        here = starts[first:last] - begin
        fresh = np.zeros(len(rows), bool)
        fresh[_begins(scores[rows])] = True
        fresh[here] = True
        yield Rankings(values[rows], np.flatnonzero(fresh), here)


def discounts(ranks: int) -> Numbers:
    """What the attention to a rank is worth, shape (ranks,): 1 / log2(1 + rank), ranks from 1."""
    return 1 / np.log2(np.arange(2, ranks + 2))


def _begins(values: NDArray[Any]) -> Places:
    """The places at which another value than the one before begins."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1]))
