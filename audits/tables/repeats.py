"""Which id is the first to come a second time?

Eight bytes a row are kept while reading, twice that while they are sorted: the hash of each id. Hashes of
different ids can be equal, so the ids behind equal hashes are read once more and compared themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Repeat:
    """An id that stands in two rows, counted from 1."""

    value: object
    first_row: int
    row: int


class RepeatedIds:
    def __init__(self) -> None:
        self._hashes: list[np.ndarray] = []

    def add(self, ids: pa.Array) -> None:
        """Take further ids into account, none of which is missing."""
        self._hashes.append(hashes_of(ids))

    def first_repeat(self, again: Iterable[pa.Array]) -> Repeat | None:
        """The earliest row whose id an earlier row has; `again` gives all ids once more, in order."""
        hashes = np.concatenate(self._hashes) if self._hashes else np.empty(0, np.int64)
        self._hashes.clear()
        hashes.sort()
        suspicious = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        if not len(suspicious):
            return None
        rows: dict[object, int] = {}
        n_before = 0
        for ids in again:
            for index in np.flatnonzero(np.isin(hashes_of(ids), suspicious)):
                value, row = ids[int(index)].as_py(), n_before + int(index) + 1
                if value in rows:
                    return Repeat(value, rows[value], row)
                rows[value] = row
            n_before += len(ids)
        return None


def hashes_of(ids: pa.Array) -> np.ndarray:
    """64-bit hashes of shape (n_rows,); equal ids have equal hashes within one process.

    Python's own hash is seeded anew in every process, so nobody can prepare a table of colliding texts.
    """
    return np.fromiter(map(hash, ids.to_pylist()), dtype=np.int64, count=len(ids))
