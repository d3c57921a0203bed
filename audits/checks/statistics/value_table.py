"""How often does each number occur, in bounded memory and the same for any order of the rows?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

# Finite doubles have 4,092 signs and exponents, so with this many places no exponent bit is ever cleared.
MOST_VALUES = 4_096
# Keys in so many steps are counted in a list that stays in the processor's cache.
_LISTED_BITS = 17
# Of a longer list only the steps that occur are touched.
_LOOKED_UP_BITS = 21

_SIGN = np.uint64(1 << 63)
_ALL = np.uint64((1 << 64) - 1)


def to_keys(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Integers that sort like the doubles they stand for; -0.0 counts as 0.0."""
    bits = (values + 0.0).view(np.uint64)
    # Of a negative number all bits are turned, of another one the sign alone.
    turned = (bits.view(np.int64) >> np.int64(63)).view(np.uint64)
    turned |= _SIGN
    bits ^= turned
    return bits


def from_keys(keys: NDArray[np.uint64], out: NDArray[np.uint64] | None = None) -> NDArray[np.float64]:
    """The doubles that the keys stand for, in the place of `out` where that is given and all are positive."""
    if len(keys) and keys.min() & _SIGN:
        return np.bitwise_xor(keys, _SIGN, out=out).view(np.float64)
    bits = np.where(keys & _SIGN, keys ^ _SIGN, keys ^ _ALL)
    return bits.view(np.float64)


def finite(values: NDArray[np.float64], ends: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The values, infinite ones as the largest double, which keeps the order; `ends` hold the smallest and largest."""
    if len(values) and not np.isfinite([values.min(), values.max()] if ends is None else ends).all():
        return np.nan_to_num(values)
    return values


@dataclass
class ValueTable:
    """Counts of values by cell: exact up to `most` distinct values, then rounded down to fewer bits.

    `dropped` is how many of a double's 64 bits are cleared, the fewest that keep the table within
    `most` values. That number depends on the set of values alone, never on their order or on how the
    rows were split, because clearing bits early and clearing them late give the same table.
    """

    most: int = MOST_VALUES
    dropped: int = 0
    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 1), np.int64))

    @property
    def is_exact(self) -> bool:
        return self.dropped == 0

    @property
    def off_by(self) -> float:
        """How far below a value, at most, the one may lie under which it is counted."""
        if self.is_exact:
            return 0.0
        return float((from_keys(self.keys | np.uint64((1 << self.dropped) - 1)) - self.values()).max())

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def values(self) -> NDArray[np.float64]:
        """The distinct values in ascending order, shape (n_values,)."""
        return from_keys(self.keys)

    def add(self, values: NDArray[np.float64], cells: NDArray[np.int64] | None = None, n_cells: int = 1) -> None:
        """Count finite `values`; `cells` says which column of the counts each belongs to.

        Of shape (n_sorts, n_values) it names one of each sort, such as the group by sex and the group by age.
        """
        self.add_keys(to_keys(values), cells, n_cells)

    def add_keys(self, keys: NDArray[np.uint64], cells: NDArray[np.integer[Any]] | None, n_cells: int) -> None:
        """As `add`, given the keys of the values."""
        # Bits are cleared before the counts are spread over cells: many values times many cells is large.
        found, counts, places = self._listed(keys) or self._sorted(keys)
        if cells is None:
            self._absorb(found, counts[:, None])
            return
        places = self._places(keys, found) if places is None else places
        spread = np.zeros(len(found) * n_cells, np.int64)
        for one_sort in np.atleast_2d(cells):
            spread += np.bincount(places * n_cells + one_sort, minlength=len(spread))
        self._absorb(found, spread.reshape(len(found), n_cells))

    def merge(self, other: ValueTable) -> None:
        """Take in the counts of another table; cells are matched by position."""
        level = max(self.dropped, other.dropped)
        self._coarsen(level)
        self._absorb(self._cleared(other.keys, level), other.counts)

    def at_level(self, dropped: int) -> ValueTable:
        """A copy with at least `dropped` bits cleared, so that two tables can be laid side by side."""
        copy = ValueTable(self.most, self.dropped, self.keys, self.counts)
        copy._coarsen(dropped)
        return copy

    def thinned(self, thresholds: NDArray[np.float64]) -> ValueTable:
        """The same rows in cells that end at these ascending thresholds, the last not below any value.

        Empty cells are left out. Every share of rows up to a threshold stays what it was.
        """
        places = np.searchsorted(thresholds, self.values(), side="left")
        counts = np.zeros((len(thresholds), self.counts.shape[1]), np.int64)
        np.add.at(counts, places, self.counts)
        held = counts.any(axis=1)
        return ValueTable(self.most, self.dropped, to_keys(thresholds)[held], counts[held])

    def stepped(self, most: int) -> ValueTable:
        """The same rows in at most so many cells of about equal weight, each under its lowest value."""
        if len(self.keys) <= most:
            return self
        starts = starts_of_steps(self.counts.sum(axis=1), most)
        return ValueTable(self.most, self.dropped, self.keys[starts], np.add.reduceat(self.counts, starts, axis=0))

    def to_document(self) -> dict[str, object]:
        """Values, and counts of shape (n_values, n_cells) as flat places and amounts of those above zero.

        In a single cell every value occurs, so that no places are needed.
        """
        flat = self.counts.reshape(-1)
        places = np.flatnonzero(flat)
        return {
            "dropped_bits": self.dropped,
            "values": self.values().tolist(),
            "places": None if self.counts.shape[1] == 1 else places.tolist(),
            "counts": flat[places].tolist(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], n_cells: int = 1) -> Self:
        keys = to_keys(np.array(document["values"], dtype=np.float64))
        counts = np.zeros(len(keys) * n_cells, np.int64)
        places = document["places"]
        counts[slice(None) if places is None else places] = document["counts"]
        return cls(dropped=document["dropped_bits"], keys=keys, counts=counts.reshape(len(keys), n_cells))

    def _absorb(self, keys: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
        width = max(self.counts.shape[1], counts.shape[1])
        if len(self.keys) == 0:
            self.keys, self.counts = keys, _widened(counts, width)
        else:
            stacked = np.vstack([_widened(self.counts, width), _widened(counts, width)])
            self.keys, self.counts = _gathered(np.concatenate([self.keys, keys]), stacked)
        self._coarsen(self._level_for(np.empty(0, np.uint64)))

    def _sorted(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64], None]:
        """The distinct keys, ascending, and how often each comes, once enough bits are cleared."""
        found, counts = _runs(np.sort(self._cleared(keys, self.dropped)))
        before = self.dropped
        self._coarsen(self._level_for(found))
        if self.dropped > before:
            found, counts = _gathered(self._cleared(found, self.dropped), counts)
        return found, counts, None

    def _listed(
        self, keys: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]] | None:
        """As `_sorted`, and which of them each key is, several times as fast: by a list of all steps between the lowest
        and the highest key. None where so few of these are in use that finer ones have to be looked at.
        """
        if not self.most < min(len(keys), 1 << _LISTED_BITS):
            return None
        low = keys.min()
        level = max(self.dropped, int(keys.max() - low).bit_length() - _LISTED_BITS)
        first = low >> np.uint64(level)
        steps = ((keys >> np.uint64(level)) - first).view(np.int64)
        rows = np.bincount(steps)
        used = np.flatnonzero(rows)
        held = used.astype(np.uint64) + first
        together = np.union1d(held, self.keys >> np.uint64(level))
        if level > self.dropped and len(together) <= self.most:
            return None
        self._coarsen(level + _bits_to_clear(together, self.most))
        held >>= np.uint64(self.dropped - level)
        starts = np.flatnonzero(np.append(True, held[1:] != held[:-1]))
        listed = np.zeros(len(rows), np.int64)
        listed[used[starts[1:]]] = 1
        listed = np.cumsum(listed)
        return held[starts] << np.uint64(self.dropped), np.add.reduceat(rows[used], starts), listed.take(steps)

    def _places(self, keys: NDArray[np.uint64], found: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Which of the steps that were found each key is in, looked up in a list of all steps where that is short."""
        if len(found) == 0:
            return np.empty(0, np.int64)
        shift = np.uint64(self.dropped)
        steps, first = found >> shift, found[0] >> shift
        if int(steps[-1] - first) >> _LOOKED_UP_BITS:
            return np.searchsorted(found, self._cleared(keys, self.dropped))
        listed = np.empty(int(steps[-1] - first) + 1, np.int64)
        listed[(steps - first).view(np.int64)] = np.arange(len(steps))
        return listed.take(((keys >> shift) - first).view(np.int64))

    def _level_for(self, keys: NDArray[np.uint64]) -> int:
        """The fewest bits to clear so that the table and these sorted keys fit together."""
        if len(self.keys) + len(keys) <= self.most:
            return self.dropped
        held = [part for part in (self.keys, keys) if len(part)]
        together = held[0] if len(held) == 1 else np.sort(np.concatenate(held))
        return max(self.dropped, _bits_to_clear(together, self.most))

    def _coarsen(self, dropped: int) -> None:
        if dropped > self.dropped:
            self.dropped = dropped
            self.keys, self.counts = _gathered(self._cleared(self.keys, dropped), self.counts)

    @staticmethod
    def _cleared(keys: NDArray[np.uint64], dropped: int) -> NDArray[np.uint64]:
        shift = np.uint64(dropped)
        return (keys >> shift) << shift if dropped else keys


def starts_of_steps(rows: NDArray[np.integer[Any]], most: int) -> NDArray[np.int64]:
    """Where at most so many steps of about equal weight begin, given the rows at each of some ascending values."""
    # Which of `most` equal parts of the rows a value begins in; the first value of each part begins a step.
    part = (np.cumsum(rows) - rows) * most // max(int(rows.sum()), 1)
    return np.flatnonzero(np.append(True, part[1:] != part[:-1]))


def _bits_to_clear(in_order: NDArray[np.uint64], most: int) -> int:
    """The fewest bits to clear so that at most so many of these sorted keys are distinct."""
    if len(in_order) <= most:
        return 0
    # Two neighbours stay apart as long as the highest bit in which they differ is kept.
    differing = in_order[1:] ^ in_order[:-1]
    place = len(differing) - most
    differing.partition(place)
    return int(differing[place]).bit_length()


def _runs(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The distinct values of sorted keys and how often each occurs."""
    starts = np.flatnonzero(np.concatenate([np.ones(min(len(keys), 1), bool), keys[1:] != keys[:-1]]))
    return keys[starts], np.diff(np.append(starts, len(keys)))


def _widened(counts: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return counts if counts.shape[1] == width else np.pad(counts, ((0, 0), (0, width - counts.shape[1])))


def _gathered(keys: NDArray[np.uint64], counts: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    if len(keys) == 0:
        return keys, counts
    order = np.argsort(keys, kind="stable")
    in_order = keys[order]
    starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
    return in_order[starts], np.add.reduceat(counts[order], starts, axis=0)
