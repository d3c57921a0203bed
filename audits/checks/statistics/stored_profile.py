"""What is kept of a reference table, so that drift from it can be measured without its rows?

A number of the reference is known by the cell that it lies in, and no cell and no text stands for fewer than ten rows:
people cannot be told from a profile. Every share of rows up to the end of a cell is exact, and one inside of a cell is
off by no more than the rows of the cell before its end, which each column states.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.column_values import RARE, ValuesOfColumn
from audits.checks.statistics.sorted_numbers import SortedNumbers
from audits.checks.statistics.value_table import ValueTable, to_keys

MOST_CELLS = 4_096
FEWEST_ROWS = 10
_OUTWARD = 8


def profiled(column: ValuesOfColumn) -> ValuesOfColumn:
    """A column in cells of at least ten rows; one with fewer filled rows keeps its counts alone."""
    if not column.is_numeric:
        return replace(column, texts=None if column.texts is None else _common(column.texts), inside=0)
    if column.filled < FEWEST_ROWS:
        return replace(column, table=ValueTable(), waiting=[], inside=column.filled)
    in_order = column.in_order(column.dropped)
    ends = _ends(in_order)
    upto = in_order.not_above(ends)
    counts = np.diff(upto, prepend=0)
    # A cell that is full of its end says all there is to know; numbers that share a step do not.
    below = in_order.below(ends) if column.dropped == 0 else upto
    inside = int((below - np.append(0, upto[:-1])).max())
    return replace(column, table=ValueTable(keys=to_keys(ends), counts=counts[:, None]), waiting=[], inside=inside)


def _ends(in_order: SortedNumbers) -> NDArray[np.float64]:
    """Where cells end: at equal parts of the rows, and before and at numbers that are as common as such a part."""
    n = in_order.total
    parts = max(1, min(MOST_CELLS, n // FEWEST_ROWS))
    cuts = np.unique(in_order.ranked(np.arange(1, parts + 1) * n // parts - 1))
    below = in_order.below(cuts)
    heavy = (in_order.not_above(cuts) - below) * parts >= n
    before = in_order.ranked(below[heavy & (below > 0)] - 1)
    highest = float(cuts[-1])
    candidates = np.unique(np.concatenate([cuts, before]))
    if n - int(in_order.below(cuts[-1:])[0]) < FEWEST_ROWS:
        # The highest number is somebody's own: the last cell ends at a round number above it.
        candidates = np.append(candidates[:-1], _above(highest))
    kept: list[float] = []
    taken = 0
    for end, rows in zip(candidates.tolist(), in_order.not_above(candidates).tolist(), strict=True):
        if rows - taken >= FEWEST_ROWS:
            kept.append(end)
            taken = rows
    if taken < n:
        # Too few rows are left for a cell of their own: the one before takes them.
        kept[-1] = float(candidates[-1])
    return np.array(kept)


def _above(number: float) -> float:
    """A number of few digits that is not below."""
    mantissa, exponent = math.frexp(number)
    try:
        return math.ldexp(math.ceil(mantissa * _OUTWARD) / _OUTWARD, exponent)
    except OverflowError:
        return float(np.finfo(np.float64).max)


def _common(texts: dict[str, int]) -> dict[str, int]:
    """Texts of few rows as one."""
    common = {text: rows for text, rows in texts.items() if rows >= FEWEST_ROWS}
    rare = sum(texts.values()) - sum(common.values())
    return {**common, RARE: rare} if rare else common
