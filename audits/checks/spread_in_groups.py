"""How is a column of two tables spread inside each group, in a few bins?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.checks.drift import Binned
from audits.checks.roles import MISSING
from audits.checks.sentences import listed
from audits.checks.statistics.column_values import MOST_CATEGORIES
from audits.checks.statistics.group_values import GroupValues
from audits.checks.statistics.side_by_side import DECILES
from audits.checks.statistics.sorted_numbers import SortedNumbers
from audits.checks.statistics.values_by_cell import Counts, ValuesByCell, wide

# As many bins as the deciles of the reference make of numbers.
MOST_BINS = 10


@dataclass(frozen=True)
class SideOfSpread:
    """One column of one table: `counts` has the shape (n_values, n_cells), `filled` tells the rows of each cell.

    `numbers` are the values in ascending order; texts have none, and stand in the order of both tables together.
    """

    counts: Counts
    filled: Counts
    numbers: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class SpreadInGroups:
    """One column of both tables."""

    now: SideOfSpread
    then: SideOfSpread
    is_rounded: bool = False

    def filled(self, now: int, then: int) -> int:
        """The rows of a group, which is in these cells of the two tables, in the table that has fewer of them."""
        return int(min(self.now.filled[now], self.then.filled[then]))

    def binned(self, now: int, then: int) -> Binned:
        """The rows of a group in at most ten bins, numbers between the deciles of its reference.

        Of texts the nine that are most common in both tables together stand by themselves: those of one table alone
        would be common there by chance, too, and seem to have moved.
        """
        current, past = self.now.counts[:, now], self.then.counts[:, then]
        if self.now.numbers is None or self.then.numbers is None:
            return Binned(*_commonest(current, past), "")
        edges = np.unique(SortedNumbers(self.then.numbers, np.cumsum(past)).quantiles(DECILES))
        return Binned(_between(edges, self.now.numbers, current), _between(edges, self.then.numbers, past), "")


def spreads(now: GroupValues, then: GroupValues, columns: Sequence[str]) -> tuple[dict[str, SpreadInGroups], list[str]]:
    """The columns that can be laid side by side, and why the others cannot."""
    found, refused = {}, []
    for name in columns or now.names:
        absent = [table for table, values in (("evaluation", now), ("reference", then)) if name not in values.by_name]
        if absent:
            refused.append(f'Column "{name}" is no declared feature of the {listed(absent)} table.')
            continue
        one, other = now.by_name[name], then.by_name[name]
        if one.texts is None or other.texts is None:
            refused.append(
                f'Column "{name}" has more than {MOST_CATEGORIES:,} different texts; declare it as id or drop it.'
            )
        elif _is_filled(one) and _is_filled(other) and one.is_numeric != other.is_numeric:
            refused.append(f'Column "{name}" holds numbers in one table and texts in the other.')
        else:
            cells = len(now.sizes), len(then.sizes)
            found[name] = _numbers(one, other, *cells) if one.is_numeric else _texts(one, other, *cells)
    return found, refused


def _is_filled(values: ValuesByCell) -> bool:
    return values.is_numeric or any(text != MISSING for text in values.texts or ())


def _numbers(one: ValuesByCell, other: ValuesByCell, now: int, then: int) -> SpreadInGroups:
    level = max(one.numbers.dropped, other.numbers.dropped)

    def side(values: ValuesByCell, n_cells: int) -> SideOfSpread:
        table = values.numbers.at_level(level)
        counts = wide(table.counts, n_cells)
        return SideOfSpread(counts, counts.sum(axis=0), table.values())

    return SpreadInGroups(side(one, now), side(other, then), level > 0)


def _texts(one: ValuesByCell, other: ValuesByCell, now: int, then: int) -> SpreadInGroups:
    texts = sorted({*(one.texts or ()), *(other.texts or ())})
    says = np.array([text != MISSING for text in texts], bool)

    def side(values: ValuesByCell, n_cells: int) -> SideOfSpread:
        counts = np.zeros((len(texts), n_cells), np.int64)
        for place, text in enumerate(texts):
            if values.texts is not None and text in values.texts:
                counts[place] = wide(values.texts[text], n_cells)
        return SideOfSpread(counts, counts[says].sum(axis=0))

    return SpreadInGroups(side(one, now), side(other, then))


def _between(edges: NDArray[np.float64], numbers: NDArray[np.float64], rows: Counts) -> Counts:
    counts = np.bincount(np.searchsorted(edges, numbers), weights=rows, minlength=len(edges) + 1)
    return counts.astype(np.int64)


def _commonest(current: Counts, past: Counts) -> tuple[Counts, Counts]:
    """Counts of texts, all but the most common ones taken together where there are many."""
    if len(past) <= MOST_BINS:
        return current, past
    order = np.argsort(-(current + past), kind="stable")
    common, others = order[: MOST_BINS - 1], order[MOST_BINS - 1 :]
    return np.append(current[common], current[others].sum()), np.append(past[common], past[others].sum())
