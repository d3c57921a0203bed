"""Which rows of a table stand for all of them, the same ones in any order and split?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.hashing import combined

_BLOCK = 1 << 20


def drawn(digests: NDArray[np.uint64], counts: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Draw at most `most` rows with the same chance, given the different ones by digest and how often each comes.

    Every copy of a row draws a number made of the seed, of the row's digest and of how many copies come before; those
    with the smallest numbers are drawn. So nothing depends on where a row stood, and of a row that comes often about
    as many copies are drawn as its share says. Returned is the place of the row for each copy, in the order of these
    numbers.
    """
    ends = np.cumsum(counts)
    begins, roots = ends - counts, combined(np.array([seed], np.uint64), digests)
    places, numbers = np.empty(0, np.int64), np.empty(0, np.uint64)
    n_rows = int(counts.sum())
    for first in range(0, n_rows, _BLOCK):
        copies = np.arange(first, min(first + _BLOCK, n_rows))
        rows = np.searchsorted(ends, copies, side="right")
        places = np.concatenate([places, rows])
        numbers = np.concatenate([numbers, combined(roots[rows], (copies - begins[rows]).astype(np.uint64))])
        if len(numbers) > most:
            smallest = np.argpartition(numbers, most)[:most]
            places, numbers = places[smallest], numbers[smallest]
    return places[np.argsort(numbers)]
