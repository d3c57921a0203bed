"""How far does the value of one column determine that of another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_texts, column_of, kind_of

MOST_COLUMNS, MOST_VALUES, MOST_PAIRS = 40, 1_000, 5_000
_STRIDE = 2_048


@dataclass(frozen=True)
class Dependency:
    """Of the rows that hold both values, how many agree with the most frequent value beside theirs.

    `values` are the different values of the column that determines, `commonest` the rows that hold the most frequent
    value of the other one: what would agree without knowing anything.
    """

    rows: int
    agreeing: int
    commonest: int
    values: int


@dataclass
class ValuePairs:
    """Counts of rows by the values of two text features, for every two of them. Mergeable, in any order of rows.

    A column with more than 1,000 different texts, and two columns with more than 5,000 different pairs, are left
    out. What is stored are the dependencies alone, by the column that determines and the one that is determined.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    names: tuple[str, ...]
    rows: int = 0
    codes: dict[str, dict[str, int] | None] = field(default_factory=dict)
    pairs: dict[tuple[str, str], dict[int, int] | None] = field(default_factory=dict)
    found: dict[tuple[str, str], Dependency] | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(cls.columns(roles))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(sorted(roles.features))

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        coded: dict[str, NDArray[np.int64]] = {}
        for name in self.names:
            cells = column_of(batch, name)
            if kind_of(cells.type) == "text" and self.codes.get(name, {}) is not None:
                texts, codes = as_texts(cells)
                mapped = self._coded(name, [texts[code] for code in np.unique(codes)])
                if mapped is not None:
                    coded[name] = np.array([-1 if text is None else mapped.get(text, -1) for text in texts])[codes]
        if len(coded) > MOST_COLUMNS:
            raise CannotMeasure(f"The table has more than {MOST_COLUMNS} text features.")
        for first, second in combinations(coded, 2):
            if self.pairs.get((first, second), {}) is None:
                continue
            joint = coded[first] * _STRIDE + coded[second]
            joint = joint[(coded[first] >= 0) & (coded[second] >= 0)]
            keys, counts = np.unique(joint, return_counts=True)
            self._count((first, second), dict(zip(keys.tolist(), counts.tolist(), strict=True)))

    def merge(self, other: ValuePairs) -> None:
        self.rows += other.rows
        mapped: dict[str, dict[int, int]] = {}
        for name, codes in other.codes.items():
            mine = None if codes is None else self._coded(name, list(codes))
            if codes is None or mine is None:
                self.codes[name] = None
            else:
                mapped[name] = {code: mine[text] for text, code in codes.items()}
        for (first, second), counts in other.pairs.items():
            if counts is None:
                self.pairs[first, second] = None
            elif first in mapped and second in mapped:
                moved = {
                    mapped[first][key // _STRIDE] * _STRIDE + mapped[second][key % _STRIDE]: n
                    for key, n in counts.items()
                }
                self._count((first, second), moved)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The dependencies alone."""
        return {name: cls(table.names, table.rows, found=table.dependencies()) for name, table in tables.items()}

    def dependencies(self) -> dict[tuple[str, str], Dependency]:
        """By the column that determines and the one that is determined; pairs without a common row are left out."""
        if self.found is not None:
            return self.found
        found: dict[tuple[str, str], Dependency] = {}
        for (first, second), counts in self.pairs.items():
            if not counts or self.codes[first] is None or self.codes[second] is None:
                continue
            keys, n = np.array(list(counts)), np.array(list(counts.values()))
            sides = (keys // _STRIDE, keys % _STRIDE)
            for names, (given, told) in (((first, second), sides), ((second, first), sides[::-1])):
                best = np.zeros(int(given.max()) + 1, np.int64)
                np.maximum.at(best, given, n)
                commonest = int(np.bincount(told, weights=n).max())
                found[names] = Dependency(int(n.sum()), int(best.sum()), commonest, len(np.unique(given)))
        return dict(sorted(found.items()))

    def to_document(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "rows": self.rows,
            "dependencies": [
                [given, told, d.rows, d.agreeing, d.commonest, d.values]
                for (given, told), d in self.dependencies().items()
            ],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        found = {(given, told): Dependency(*counts) for given, told, *counts in document["dependencies"]}
        return cls(tuple(document["names"]), document["rows"], found=found)

    def _coded(self, name: str, texts: list[str | None]) -> dict[str, int] | None:
        """The codes of the column with these texts taken in; None once there are too many of them."""
        codes = self.codes.setdefault(name, {})
        if codes is None:
            return None
        for text in texts:
            if text is not None:
                codes.setdefault(text, len(codes))
        if len(codes) > MOST_VALUES:
            self.codes[name] = None
            return None
        return codes

    def _count(self, pair: tuple[str, str], counts: Mapping[int, int]) -> None:
        held = self.pairs.setdefault(pair, {})
        if held is None:
            return
        for key, n in counts.items():
            held[key] = held.get(key, 0) + n
        if len(held) > MOST_PAIRS:
            self.pairs[pair] = None
