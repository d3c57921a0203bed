"""Which rows of a table stand for all of them, the same ones in any order and split?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.hashing import combined


def drawn(in_order: NDArray[np.uint64], most: int, seed: int) -> NDArray[np.int64]:
    """At most `most` places of these ascending digests of rows, drawn with the same chance for every row.

    A row draws a number made of the seed, of its digest and of how many rows equal to it come before; the rows with
    the smallest numbers are drawn and come in the order of these. So nothing depends on where a row stood, and of a
    row that comes often about as many copies are drawn as its share says.
    """
    places = np.arange(len(in_order))
    begins = np.append(True, in_order[1:] != in_order[:-1])[: len(in_order)]
    copy = (places - np.maximum.accumulate(np.where(begins, places, 0))).astype(np.uint64)
    numbers = combined(combined(np.array([seed], np.uint64), in_order), copy)
    chosen = np.argpartition(numbers, most)[:most] if len(numbers) > most else places
    return chosen[np.argsort(numbers[chosen])]
