"""Which kinds of rows does a table hold, as many as there is room for, and how many rows of each?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.statistics.columns import as_numbers, as_texts, column_of, kind_of
from audits.checks.statistics.hashing import combined, hashed, mixed


@dataclass
class RowKinds:
    """The kinds of rows with the smallest digests, at most `most` of them: rows of equal features are of one kind.

    All rows of a kind that is kept are counted, in `counts` of shape (n_kinds, sorts) by what else is asked of them:
    what is once left out is never among the smallest again. Mergeable, in any order of rows.
    """

    features: tuple[str, ...]
    most: int
    sorts: int = 1
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: NDArray[np.int64] = field(init=False)
    values: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = np.empty((0, self.sorts), np.int64)

    def add(self, batch: pa.RecordBatch, sort: NDArray[np.int64] | None = None) -> None:
        """Count the rows of a batch; `sort`, of shape (n_rows,), says which sort each is of, and -1 of none."""
        every = np.zeros(batch.num_rows, np.uint64)
        for name in self.features:
            every = combined(every, hashed(column_of(batch, name)))
        # Mixed once more: rows that other statistics sort by digest must not be the ones that are kept here.
        every = mixed(every)
        rows = np.arange(len(every)) if sort is None else np.flatnonzero(sort >= 0)
        if len(self.digests) >= self.most:
            rows = rows[every[rows] <= self.digests[-1]]
        if not len(rows):
            return
        digests, first, kind = np.unique(every[rows], return_index=True, return_inverse=True)
        places = kind if sort is None else kind * self.sorts + sort[rows]
        counts = np.bincount(places, minlength=len(digests) * self.sorts).reshape(-1, self.sorts)
        part = batch.take(pa.array(rows[first]))
        self._take(digests, counts, {name: _plain(column_of(part, name)) for name in self.features})

    def merge(self, other: RowKinds) -> None:
        if len(other.digests):
            self._take(other.digests, other.counts, other.values)

    def _take(self, digests: NDArray[np.uint64], counts: NDArray[np.int64], values: Mapping[str, NDArray[Any]]) -> None:
        together = np.concatenate([self.digests, digests])
        different, first, kind = np.unique(together, return_index=True, return_inverse=True)
        summed = np.zeros((len(different), self.sorts), np.int64)
        np.add.at(summed, kind, np.concatenate([self.counts, counts]))
        self.digests, self.counts, first = different[: self.most], summed[: self.most], first[: self.most]
        self.values = {
            name: np.concatenate([self.values.get(name, cells[:0]), cells])[first] for name, cells in values.items()
        }


def _plain(cells: pa.Array) -> NDArray[Any]:
    """Numbers as doubles with NaN where missing, everything else as texts or None."""
    if kind_of(cells.type) in ("number", "time"):
        return as_numbers(cells)
    texts, codes = as_texts(cells)
    return np.array(texts, object)[codes]
