"""What would a contract about a column say: its type, its range, its categories, its pattern, its order?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import (
    as_text,
    code_counts,
    coded,
    ends,
    missing_cells,
    present_numbers,
    text_counts,
)
from audits.checks.statistics.hashing import filled, hashed

MOST_TEXTS, MOST_MASKS = 200, 50
# A column that repeats mostly does so in its first batch; after it so many digests are waited for.
_UNSORTED = 2**20
_FEW = 1_024
# What is asked: whether a value repeats, in any column or in one.
REPEATS = "repeats"

# Letters and other signs that count as such in a word, but no digits; then digits; then blanks.
_PATTERNS = ((r"[\p{L}\p{Nl}\p{No}]+", "A"), (r"\p{Nd}", "9"), (r"\s+", " "))
# The same of ASCII, which take a tenth of the time to compile: that is done for every column.
_ASCII_PATTERNS = (("[A-Za-z]+", "A"), ("[0-9]", "9"), (r"\s+", " "))


def masks_of(texts: pa.Array) -> pa.Array:
    """The patterns of texts: A for a run of letters, 9 for each digit, everything else as it stands."""
    is_ascii = pc.all(pc.string_is_ascii(texts), min_count=0).as_py()
    for pattern, sign in _ASCII_PATTERNS if is_ascii else _PATTERNS:
        texts = pc.replace_substring_regex(texts, pattern, sign)
    return texts


@dataclass
class ShapeOfColumn:
    """One column. `texts` are its different texts, or numbers written as such, None beyond 200; `masks` the patterns of
    texts, None beyond 50.

    `ascends` and `descends` speak of the filled cells in the order of the rows, equal neighbours allowed, so that
    parts are merged in that order. `repeats` tells whether a value occurs twice; two different values are taken for
    one with a chance of 1 in 2**64. It is None where that is not known: of fractions in more than 2**20 rows, whose
    digests would fill the memory, and where nobody asked it.
    """

    name: str
    kind: str
    rows: int = 0
    missing: int = 0
    whole: bool = True
    low: float | None = None
    high: float | None = None
    ascends: bool = True
    descends: bool = True
    first: float | None = None
    last: float | None = None
    texts: set[str] | None = field(default_factory=set)
    masks: set[str] | None = field(default_factory=set)
    repeated: bool | None = False
    digests: list[NDArray[np.uint64]] = field(default_factory=list)
    looked_at: int = 0
    has_equal_neighbours: bool = False

    @property
    def filled(self) -> int:
        return self.rows - self.missing

    @property
    def repeats(self) -> bool | None:
        if self.has_too_many_fractions:
            return None
        self._look()
        return self.repeated

    @property
    def has_too_many_fractions(self) -> bool:
        return self.kind == "number" and not self.whole and self.filled > _UNSORTED

    def add(self, cells: pa.Array) -> None:
        self.rows += len(cells)
        self.missing += missing_cells(cells)
        if self.kind in ("number", "time"):
            self._take_numbers(cells)
            if self.kind == "number" and self.texts is not None:
                self._take_texts(_few_numbers(cells), set())
        elif self.kind == "text" and not (self.texts is None and self.masks is None):
            texts, counts = text_counts(cells)
            different = {text for text, n in zip(texts, counts.tolist(), strict=True) if n and text is not None}
            # The patterns of texts that are known are known, too.
            new = sorted(different - (self.texts or set())) if self.masks is not None else []
            masks = set(masks_of(pa.array(new)).to_pylist()) if new else set()
            self._take_texts(different if self.texts is not None else set(), masks)
        if self.repeated is False:
            self._keep([hashed(cells)])

    def merge(self, other: ShapeOfColumn) -> None:
        """Take in the rows that follow."""
        self.rows += other.rows
        self.missing += other.missing
        self.whole &= other.whole
        self.repeated = None if None in (self.repeated, other.repeated) else self.repeated or other.repeated
        self.has_equal_neighbours |= other.has_equal_neighbours
        if other.first is not None and other.last is not None:
            self._follow(other.first, other.last)
            self.ascends &= other.ascends
            self.descends &= other.descends
            self._stretch(float(other.low or 0), float(other.high or 0))
        self._keep(other.digests)
        self._take_texts(other.texts, other.masks)

    def to_document(self) -> dict[str, Any]:
        names = ("name", "kind", "rows", "missing", "whole", "low", "high", "ascends", "descends", "first", "last")
        return {
            **{name: getattr(self, name) for name in names},
            "texts": None if self.texts is None else sorted(self.texts),
            "masks": None if self.masks is None else sorted(self.masks),
            "repeated": self.repeats,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        sets = {name: None if document[name] is None else set(document[name]) for name in ("texts", "masks")}
        return cls(**{**document, **sets})

    def _take_numbers(self, cells: pa.Array) -> None:
        reached = ends(cells)
        if reached is None:
            return
        numbers = present_numbers(cells)
        self._stretch(*reached)
        self._follow(float(numbers[0]), float(numbers[-1]))
        # What a few numbers deny is not asked of the rest.
        for part in (numbers[:_FEW], numbers):
            if self.whole and not pa.types.is_integer(cells.type):
                self.whole = bool((np.isfinite(part) & (np.floor(part) == part)).all())
            if self.ascends or self.descends:
                steps = np.diff(part)
                self.ascends &= bool((steps >= 0).all())
                self.descends &= bool((steps <= 0).all())
                self.has_equal_neighbours |= not steps.all()

    def _follow(self, first: float, last: float) -> None:
        if self.last is not None:
            self.ascends &= self.last <= first
            self.descends &= self.last >= first
            self.has_equal_neighbours |= self.last == first
        self.first = first if self.first is None else self.first
        self.last = last

    def _stretch(self, low: float, high: float) -> None:
        self.low = (low if self.low is None else min(self.low, low)) + 0.0
        self.high = (high if self.high is None else max(self.high, high)) + 0.0

    def _take_texts(self, texts: set[str] | None, masks: set[str] | None) -> None:
        self.texts = None if self.texts is None or texts is None else self.texts | texts
        self.masks = None if self.masks is None or masks is None else self.masks | masks
        if self.texts is not None and len(self.texts) > MOST_TEXTS:
            self.texts = None
        if self.masks is not None and len(self.masks) > MOST_MASKS:
            self.masks = None

    def _keep(self, digests: list[NDArray[np.uint64]]) -> None:
        self.digests = [] if self.has_too_many_fractions else self.digests + digests
        # A column that repeats shows it early: then its digests are let go, long before the table is read.
        if sum(map(len, self.digests)) > (max(2 * self.looked_at, _UNSORTED) if self.looked_at else 0):
            self._look()

    def _look(self) -> None:
        if self.repeated or not self.digests:
            self.digests = [] if self.repeated else self.digests
            return
        if self.last is not None and (self.ascends or self.descends) and not self.has_equal_neighbours:
            # Numbers that only rise, or only fall, do not repeat; digests are kept until they do otherwise.
            self.looked_at = sum(map(len, self.digests))
            return
        together = np.concatenate(self.digests)
        together = np.sort(filled(together) if self.missing else together)
        self.repeated = bool((together[1:] == together[:-1]).any())
        self.digests = [] if self.repeated else [together]
        self.looked_at = len(together)


def _few_numbers(cells: pa.Array) -> set[str] | None:
    """The different numbers as texts; None when there are too many to list."""
    if len(pc.unique(cells[:_FEW])) > MOST_TEXTS + 1:
        return None
    different = coded(cells)[0].filter(pa.array(code_counts(cells)[:-1] > 0))
    if len(different) > MOST_TEXTS + 1:
        return None
    return {text for value in different.to_pylist() if (text := as_text(value)) is not None}


class ColumnShapes(ByColumn[ShapeOfColumn]):
    """The shape of every column that has a role; its parts are merged in the order of the rows.

    Whether a value repeats is looked at in every column, or in those that `asked` names where it asks of some alone.
    """

    part = ShapeOfColumn
    asked: Collection[str] = (REPEATS,)

    @staticmethod
    def repeats_of(name: str) -> str:
        """What asks whether a value of this column repeats."""
        return f"{REPEATS} of {name}"

    def started(self, name: str, kind: str) -> ShapeOfColumn:
        is_asked = REPEATS in self.asked or self.repeats_of(name) in self.asked
        return ShapeOfColumn(name, kind, repeated=False if is_asked else None)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.columns()

    def merge(self, other: Self) -> None:
        for name, shape in other.by_name.items():
            self.by_name.setdefault(name, self.started(name, shape.kind)).merge(shape)
