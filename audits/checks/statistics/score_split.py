"""Which rows of a group are at which score, when rows are put in the order of their scores?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audits.checks.statistics.rates import STATES
from audits.checks.statistics.value_table import ValueTable, from_keys, starts_of_steps, to_keys

# Whole numbers, as narrow as they fit: sums and running sums of them are wide.
Rows = NDArray[np.integer[Any]]
Cells = NDArray[np.integer[Any]]
Keys = NDArray[np.uint64]
Part = tuple[Keys, Cells, Rows | None]

# A label takes so many bits.
_LABEL_BITS = (STATES - 1).bit_length()
_BITS_OF_DOUBLES = 62
_FEW = 16


@dataclass(frozen=True)
class ScoreSplit:
    """The scores of one group: the different `values` ascending, and by label the rows at each, shape (n_values,)."""

    group: str
    values: NDArray[np.float64]
    by_label: tuple[Rows, ...]
    favourable: int

    @property
    def positives(self) -> Rows:
        """Rows of the favourable label at each score, shape (n_values,)."""
        return self.by_label[self.favourable]

    @property
    def negatives(self) -> Rows:
        return self.by_label[1 - self.favourable]

    @cached_property
    def rows(self) -> Rows:
        """Rows of any label or none at each score, shape (n_values,)."""
        first, *others = self.by_label
        return np.asarray(sum(others, first))

    def at(self, values: NDArray[np.float64]) -> ScoreSplit:
        """The same rows at these ascending values, which hold all that the group has."""
        by_label = np.zeros((STATES, len(values)), np.int64)
        by_label[:, np.searchsorted(values, self.values)] = self.by_label
        return replace(self, values=values, by_label=tuple(by_label))


@dataclass(frozen=True)
class Entries:
    """Rows by score, in parts and in any order: `rows[i]` of them are at the score behind `keys[i]` in `cells[i]`.

    A cell is a group times 3 plus a label. Where `rows` is None every entry is a row.
    """

    parts: Sequence[Part]

    @classmethod
    def of_table(cls, table: ValueTable) -> Entries:
        places, cells = np.nonzero(table.counts)
        return cls([(table.keys.take(places), cells, table.counts[places, cells])])

    @property
    def range(self) -> NDArray[np.float64]:
        """The lowest and the highest score, or nothing."""
        ends = [end for keys, _, _ in self.parts if len(keys) for end in (keys.min(), keys.max())]
        return from_keys(np.array([min(ends), max(ends)] if ends else [], np.uint64))

    def stepped(self, most: int) -> Entries:
        """The same rows in at most so many steps of about equal weight, each under its lowest score."""
        n_cells = 1 + max((int(cells.max(initial=0)) for _, cells, _ in self.parts), default=0)
        (everybody,) = self.split(np.zeros(n_cells, np.int64), [""], 1)
        if len(everybody.values) <= most:
            return self
        begins = to_keys(everybody.values[starts_of_steps(everybody.rows, most)])
        return Entries(
            [
                (begins.take(np.searchsorted(begins, keys, side="right") - 1), cells, of_entry)
                for keys, cells, of_entry in self.parts
            ]
        )

    def split(self, group_of: NDArray[np.int64], names: Sequence[str], favourable: int) -> list[ScoreSplit]:
        """The entries of each named group; `group_of` says the group of a cell without its label."""
        label_of = np.tile(np.arange(STATES, dtype=np.uint8), len(group_of))
        number_of = np.repeat(group_of, STATES).astype(np.min_scalar_type(len(names)))
        (keys, labels, rows), ends = _grouped(self.parts, number_of, label_of, len(names))
        return [
            _split(name, favourable, keys[part], labels[part], None if rows is None else rows[part])
            for name, part in zip(names, map(slice, [0, *ends], ends), strict=True)
        ]


def _grouped(parts: Sequence[Part], number_of: Cells, label_of: Cells, n_groups: int) -> tuple[Part, list[int]]:
    """The entries with labels in place of cells, one group after the other, and where each of them ends."""
    single = all(rows is None for _, _, rows in parts)
    if n_groups > _FEW or not single:
        keys, cells, rows = _joined(parts)
        groups = number_of.take(cells)
        order = np.argsort(groups, kind="stable")
        ends = np.cumsum(np.bincount(groups, minlength=n_groups)).tolist()
        return (keys.take(order), label_of.take(cells).take(order), None if rows is None else rows.take(order)), ends
    # Few groups are picked from part after part, which takes less memory.
    total = sum(len(keys) for keys, _, _ in parts)
    picked, labels = np.empty(total, np.uint64), np.empty(total, np.uint8)
    groups_of = [number_of.take(cells) for _, cells, _ in parts]
    end, ends = 0, []
    for group in range(n_groups):
        for (keys, cells, _), groups in zip(parts, groups_of, strict=True):
            places = np.flatnonzero(groups == group)
            into = slice(end, end + len(places))
            keys.take(places, out=picked[into], mode="clip")
            label_of.take(cells.take(places), out=labels[into], mode="clip")
            end = into.stop
        ends.append(end)
    return (picked, labels, None), ends


def _joined(parts: Sequence[Part]) -> Part:
    if not parts:
        return np.empty(0, np.uint64), np.empty(0, np.int32), None
    keys, cells = (np.concatenate([part[column] for part in parts]) for column in (0, 1))
    rows = [part[2] for part in parts if part[2] is not None]
    return keys, cells, np.concatenate(rows) if rows else None


def _split(name: str, favourable: int, keys: Keys, labels: Cells, rows: Rows | None) -> ScoreSplit:
    keys, labels, rows = _in_order(keys, labels, rows)
    by_label: list[Rows] = [(labels == label).view(np.int8) for label in range(STATES)]
    if rows is not None:
        by_label = [of_label * rows for of_label in by_label]
    differs = _differs(keys)
    if not differs.all():
        firsts = np.flatnonzero(differs)
        keys = keys.take(firsts)
        by_label = [np.add.reduceat(of_label, firsts, dtype=np.int64) for of_label in by_label]
    values = from_keys(keys, out=keys)
    if favourable == 0:
        values, by_label = -values[::-1], [of_label[::-1] for of_label in by_label]
    return ScoreSplit(name, values, tuple(by_label), favourable)


def _in_order(keys: Keys, labels: Cells, rows: Rows | None) -> Part:
    """The same entries by ascending keys, which may take the place of those given; equal ones come in any order."""
    if rows is None and len(keys):
        low = keys.min()
        # Sorting numbers is much faster than finding their order: those of scores from 0 to 1 have room for a label.
        bits = int(keys.max() - low).bit_length() + _LABEL_BITS
        if bits <= 64:
            keys -= low
            keys <<= np.uint64(_LABEL_BITS)
            keys |= labels
            # Whole numbers of so few bits are those of positive doubles in the same order, which are sorted faster.
            keys.view(np.float64 if bits <= _BITS_OF_DOUBLES else np.uint64).sort()
            labels = keys.astype(np.uint8) & np.uint8(2**_LABEL_BITS - 1)
            keys >>= np.uint64(_LABEL_BITS)
            keys += low
            return keys, labels, None
    order = np.argsort(keys)
    return keys.take(order), labels.take(order), None if rows is None else rows.take(order)


def _differs(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each of these ordered values differs from the one before it."""
    differs = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
