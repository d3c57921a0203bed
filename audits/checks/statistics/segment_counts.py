"""How many decisions are right in each part of the table, cut along one column at a time?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import MISSING, Roles, SensitiveColumn
from audits.checks.statistics.columns import as_numbers, as_texts, column_of, kind_of
from audits.checks.statistics.groups import GroupCells
from audits.checks.statistics.value_table import ValueTable

MOST_TEXTS = 500
# Steps of about equal weight that a column of numbers is cut into.
STEPS = 10


@dataclass(frozen=True)
class Segment:
    """A part of the table: rows of which the decision is `right` and `wrong`."""

    column: str
    name: str
    wrong: int
    right: int

    @property
    def rows(self) -> int:
        return self.wrong + self.right

    @property
    def where(self) -> str:
        """The segment as it is called in figures."""
        return f"{self.column}/{self.name}" if self.column else self.name


@dataclass(frozen=True)
class Decisions:
    """The decisions of a batch: where one is `known` to be right or wrong, and 1 or 0 for `right`, (n_rows,) each."""

    known: NDArray[np.bool_]
    right: NDArray[np.int64]
    undecided: int
    unlabelled: int


def decisions(batch: pa.RecordBatch, roles: Roles) -> Decisions:
    """Compare predictions with labels by name."""
    numbered: dict[str | None, int] = {None: -1}
    label, given = (_numbered(batch, str(name), numbered) for name in (roles.label, roles.prediction))
    decided = given >= 0
    known = decided & (label >= 0)
    right = (label == given).astype(np.int64)
    return Decisions(known, right, int((~decided).sum()), int((decided & ~known).sum()))


@dataclass
class SegmentCounts:
    """Wrong and right decisions by the values of every feature and by the groups of every sensitive column.

    Numbers are stored in ten steps of about equal weight, a missing value is a segment of its own, and a column of more
    than 500 texts is dropped and named. Rows without a label are left out. Mergeable; equal for any batch size and
    order of rows. Every row counts once, whatever it weighs.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label", "prediction")

    roles: Roles
    n_rows: int = 0
    undecided: int = 0
    unlabelled: int = 0
    totals: tuple[int, int] = (0, 0)
    numbers: dict[str, ValueTable] = field(default_factory=dict)
    texts: dict[str, dict[str, tuple[int, int]] | None] = field(default_factory=dict)

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task not in ("binary", "multiclass"):
            raise CannotMeasure("Decisions are right or wrong in a binary or multiclass task only.")
        return cls(roles)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (roles.label, roles.prediction, *(column.name for column in roles.sensitive), *roles.features)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def add(self, batch: pa.RecordBatch) -> None:
        told = decisions(batch, self.roles)
        self.n_rows += batch.num_rows
        self.undecided += told.undecided
        self.unlabelled += told.unlabelled
        right = told.right[told.known]
        self.totals = self.totals[0] + int((1 - right).sum()), self.totals[1] + int(right.sum())
        kept = batch.filter(pa.array(told.known))
        grouped = {column.name: column for column in self.roles.sensitive}
        for name in dict.fromkeys((*grouped, *self.roles.features)):
            cells = column_of(kept, name)
            if name in grouped and (grouped[name].bands or grouped[name].labels):
                self._add_groups(grouped[name], kept, right)
            elif kind_of(cells.type) in ("number", "time"):
                self._add_numbers(name, as_numbers(cells), right)
            elif kind_of(cells.type) == "text":
                texts, codes = as_texts(cells)
                self._add_texts(name, [MISSING if text is None else text for text in texts], codes, right)

    def merge(self, other: SegmentCounts) -> None:
        self.n_rows += other.n_rows
        self.undecided += other.undecided
        self.unlabelled += other.unlabelled
        self.totals = self.totals[0] + other.totals[0], self.totals[1] + other.totals[1]
        for name, table in other.numbers.items():
            self.numbers.setdefault(name, ValueTable()).merge(table)
        for name, counts in other.texts.items():
            self._take(name, counts)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The same counts, numbers in steps."""
        found = {}
        for name, table in tables.items():
            steps = {column: counts.stepped(STEPS) for column, counts in table.numbers.items()}
            found[name] = cls(
                table.roles, table.n_rows, table.undecided, table.unlabelled, table.totals, steps, table.texts
            )
        return found

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns with too many texts."""
        return tuple(sorted(name for name, counts in self.texts.items() if counts is None))

    def segments(self) -> Iterator[Segment]:
        """Each step of a column of numbers, all steps below and all from each cut on, and each text or group."""
        for name, table in sorted(self.numbers.items()):
            cuts, counts = table.values(), table.counts
            last = len(cuts) - 1
            for first in range(len(cuts)):
                for end in range(first, len(cuts)):
                    if (first == end or 0 in (first, last - end)) and (last == 0 or last - end or first):
                        wrong, right = counts[first : end + 1].sum(axis=0).tolist()
                        yield Segment(name, _between(cuts, first, end), wrong, right)
        for name, texts in sorted(self.texts.items()):
            for text, (wrong, right) in sorted((texts or {}).items()):
                yield Segment(name, text, wrong, right)

    def to_document(self) -> dict[str, Any]:
        return {
            "task": self.roles.task,
            "label": self.roles.label,
            "prediction": self.roles.prediction,
            "rows": self.n_rows,
            "undecided": self.undecided,
            "unlabelled": self.unlabelled,
            "totals": list(self.totals),
            "numbers": {name: table.to_document() for name, table in sorted(self.numbers.items())},
            "texts": {
                name: None if texts is None else {text: list(n) for text, n in sorted(texts.items())}
                for name, texts in sorted(self.texts.items())
            },
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        roles = Roles(task=document["task"], label=document["label"], prediction=document["prediction"])
        wrong, right = document["totals"]
        return cls(
            roles,
            document["rows"],
            document["undecided"],
            document["unlabelled"],
            (wrong, right),
            {name: ValueTable.from_document(table, 2) for name, table in document["numbers"].items()},
            {
                name: None if texts is None else {text: (n[0], n[1]) for text, n in texts.items()}
                for name, texts in document["texts"].items()
            },
        )

    def _add_groups(self, column: SensitiveColumn, batch: pa.RecordBatch, right: NDArray[np.int64]) -> None:
        groups = GroupCells((column,))
        codes = groups.rows_to_cells(batch)
        names = {number: cell[0] for cell, number in groups.named_cells()}
        self._add_texts(column.name, [names[number] for number in range(len(names))], codes, right)

    def _add_numbers(self, name: str, values: NDArray[np.float64], right: NDArray[np.int64]) -> None:
        if np.isinf(values).any():
            raise CannotMeasure(f'Column "{name}" holds an infinite number.')
        missing = np.isnan(values)
        self.numbers.setdefault(name, ValueTable()).add(values[~missing], right[~missing], 2)
        if missing.any():
            self._add_texts(name, [MISSING], np.zeros(int(missing.sum()), np.int64), right[missing])

    def _add_texts(self, name: str, texts: list[str], codes: NDArray[np.int64], right: NDArray[np.int64]) -> None:
        counts = np.bincount(codes * 2 + right, minlength=2 * len(texts)).reshape(-1, 2)
        found: dict[str, tuple[int, int]] = {}
        for text, (wrong, hits) in zip(texts, counts.tolist(), strict=True):
            if wrong + hits:
                before = found.get(text, (0, 0))
                found[text] = before[0] + wrong, before[1] + hits
        self._take(name, found)

    def _take(self, name: str, counts: Mapping[str, tuple[int, int]] | None) -> None:
        mine = self.texts.setdefault(name, {})
        if mine is None or counts is None:
            self.texts[name] = None
            return
        for text, (wrong, right) in counts.items():
            before = mine.get(text, (0, 0))
            mine[text] = before[0] + wrong, before[1] + right
        if len(mine) > MOST_TEXTS:
            self.texts[name] = None


def _numbered(batch: pa.RecordBatch, name: str, numbers: dict[str | None, int]) -> NDArray[np.int64]:
    """The class of each row as a number that is the same for the same text in both columns of the batch."""
    texts, codes = as_texts(column_of(batch, name))
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)[codes]


def _between(cuts: NDArray[np.float64], first: int, end: int) -> str:
    if end == len(cuts) - 1:
        return f"{cuts[first]:g} and over" if first else "every number"
    return f"under {cuts[end + 1]:g}" if first == 0 else f"{cuts[first]:g} to under {cuts[end + 1]:g}"
