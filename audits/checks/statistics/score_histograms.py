"""How are the scores spread, by group and by label?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_numbers, column_of, kind_of
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.groups import CROSSED_BY, MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.rates import STATES, UNKNOWN
from audits.checks.statistics.score_split import Cells, Entries, Keys, Part, ScoreSplit
from audits.checks.statistics.value_table import ValueTable, to_keys

# So many rows are kept with the score and the cell of each, and every figure of theirs is exact.
MOST_ROWS = 2**20
# Thresholds that advice chooses from: enough for two digits of a share, few enough to be stored with a verdict.
_MOST_STEPS = 256


@dataclass
class ScoreHistograms:
    """Rows by score, full crossing of the sensitive columns, and label.

    Every score is told apart in up to 2**20 rows, and among more rows up to 4,096 different scores; beyond that scores
    share bins and are `off_by` so much. A score speaks for class 1; `split` turns it round when 0 is favourable.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("score",)
    by_attribute: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    counted: ValueTable = field(default_factory=ValueTable)
    unscored: int = 0
    seed: int = 0
    waiting: list[tuple[Keys, Cells]] = field(default_factory=list)

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task != "binary" or roles.favourable not in (0, 1):
            raise CannotMeasure("Scores by label need a binary task with a declared favourable outcome, 0 or 1.")
        return cls(roles, GroupCells(roles.sensitive, MOST_GROUPS_IN_FULL))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (roles.label, roles.score, *(column.name for column in roles.sensitive))
        return tuple(name for name in names if name is not None)

    @property
    def table(self) -> ValueTable:
        """Rows by score and cell; those that wait are counted first."""
        if self.waiting:
            keys, cells = (np.concatenate(parts) for parts in zip(*self.waiting, strict=True))
            self.waiting = []
            self.counted.add_keys(keys, cells, max(len(self.groups), 1) * STATES)
        return self.counted

    @property
    def n_rows(self) -> int:
        return self._scored + self.unscored

    @property
    def off_by(self) -> float:
        """How far below a score, at most, the one may lie under which it is counted: 0 where every score counts."""
        return 0.0 if self._are_rows else self.table.off_by

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest score; NaN when there is none."""
        found = self.entries.range.tolist()
        return (found[0], found[1]) if found else (math.nan, math.nan)

    @property
    def entries(self) -> Entries:
        """The rows by score and cell."""
        known, rows = self._entries, self.n_rows
        if rows not in known:
            known.clear()
            single: list[Part] = [(keys, cells, None) for keys, cells in self.waiting]
            known[rows] = Entries(single) if self._are_rows else Entries.of_table(self.table)
        return known[rows]

    def add(self, batch: pa.RecordBatch) -> None:
        column = column_of(batch, str(self.roles.score))
        if kind_of(column.type) != "number":
            raise CannotMeasure(f'Score column "{self.roles.score}" does not hold numbers.')
        scores = as_numbers(column)
        if np.isinf(scores).any():
            raise CannotMeasure(f'Score column "{self.roles.score}" holds an infinite score.')
        labels = np.full(batch.num_rows, UNKNOWN)
        if self.roles.label is not None:
            labels = classes_of(batch, self.roles.label)
        cells = (self.groups.rows_to_cells(batch) * STATES + labels).astype(np.int32)
        scored = ~np.isnan(scores)
        self.unscored += int((~scored).sum())
        keys = to_keys(scores)
        self._wait([(keys, cells) if scored.all() else (keys[scored], cells[scored])])

    def merge(self, other: ScoreHistograms) -> None:
        named = other.groups.named_cells()
        moved = np.zeros(max(len(named), 1) * STATES, np.int32)
        for names, place in named:
            first = self.groups.adopt(names) * STATES
            moved[place * STATES : place * STATES + STATES] = range(first, first + STATES)
        self.unscored += other.unscored
        self._wait([(keys, moved.take(cells)) for keys, cells in other.waiting])
        theirs = other.counted
        if len(theirs.keys):
            counts = np.zeros((len(theirs.keys), max(len(self.groups), 1) * STATES), np.int64)
            counts[:, moved[: theirs.counts.shape[1]]] = theirs.counts
            self.table.merge(ValueTable(theirs.most, theirs.dropped, theirs.keys, counts))

    def everybody(self) -> ScoreSplit:
        return self._split(None)[0]

    def split(self, attribute: str) -> list[ScoreSplit]:
        """The scores of each group along one column or crossing, groups in their fixed order."""
        return self._split(attribute)

    def _split(self, attribute: str | None) -> list[ScoreSplit]:
        known, rows = self._splits, self.n_rows
        if (attribute, rows) not in known:
            places = () if attribute is None else self.groups.places_of(attribute)
            groups = self.groups.groups_of(places)
            numbers = {group: number for number, group in enumerate(groups)}
            group_of = np.zeros(max(len(self.groups), 1), np.int64)
            for cell, number in self.groups.named_cells():
                group_of[number] = numbers[tuple(cell[place] for place in places)]
            names = [CROSSED_BY.join(group) or "everybody" for group in groups]
            known[attribute, rows] = self.entries.split(group_of, names, self._favourable)
        return known[attribute, rows]

    def for_advice(self) -> ScoreHistograms:
        """The same rows in at most 256 steps of the score, each under its lowest one: small enough to be stored."""
        known, rows = self._stepped, self.n_rows
        if rows not in known:
            known[rows] = replace(self)
            known[rows]._entries[rows] = self.entries.stepped(_MOST_STEPS)
        return known[rows]

    @cached_property
    def _entries(self) -> dict[int, Entries]:
        """What `entries` found, by the number of rows at the time."""
        return {}

    @cached_property
    def _splits(self) -> dict[tuple[str | None, int], list[ScoreSplit]]:
        """The splits that were asked for, by attribute and the number of rows at the time."""
        return {}

    @cached_property
    def _stepped(self) -> dict[int, ScoreHistograms]:
        """What advice reads, by the number of rows at the time."""
        return {}

    @property
    def _favourable(self) -> int:
        return int(self.roles.favourable or 0)

    @property
    def _scored(self) -> int:
        return self.counted.total + self._n_waiting

    @property
    def _are_rows(self) -> bool:
        return len(self.counted.keys) == 0

    @property
    def _n_waiting(self) -> int:
        return sum(len(keys) for keys, _ in self.waiting)

    def _wait(self, rows: list[tuple[Keys, Cells]]) -> None:
        self.waiting += rows
        # Counting many rows at once costs far less than merging every batch into the table.
        if self._n_waiting > MOST_ROWS:
            self.table  # noqa: B018 -- the look takes them in
