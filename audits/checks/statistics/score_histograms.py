"""How are the scores spread, by group and by label?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles, SensitiveColumn
from audits.checks.statistics.columns import as_numbers, column_of, kind_of
from audits.checks.statistics.group_counts import classes_of
from audits.checks.statistics.groups import CROSSED_BY, MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.rates import STATES, UNKNOWN
from audits.checks.statistics.value_table import ValueTable

_MOST_WAITING = 2**20


@dataclass(frozen=True)
class ScoreSplit:
    """The scores of one group by label: `counts` has the shape (n_values, 3), scores ascending."""

    group: str
    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    favourable: int

    @property
    def positives(self) -> NDArray[np.int64]:
        """Rows of the favourable label at each score, shape (n_values,)."""
        return self.counts[:, self.favourable]

    @property
    def negatives(self) -> NDArray[np.int64]:
        return self.counts[:, 1 - self.favourable]


# Thresholds that advice chooses from: enough for two digits of a share, few enough to be stored with a verdict.
_MOST_STEPS = 256


@dataclass
class ScoreHistograms:
    """Counts of rows by score, full crossing of the sensitive columns, and label.

    Every distinct score is its own bin up to 4,096 of them; beyond that scores share bins and
    `is_exact` is false. A score speaks for class 1; `split` turns it round when 0 is favourable.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("score",)

    roles: Roles
    groups: GroupCells
    counted: ValueTable = field(default_factory=ValueTable)
    unscored: int = 0
    seed: int = 0
    waiting: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = field(default_factory=list)

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
        """Rows by score and cell; those that were read since the last look are counted first."""
        if self.waiting:
            scores, cells = (np.concatenate(parts) for parts in zip(*self.waiting, strict=True))
            self.waiting = []
            self.counted.add(scores, cells, max(len(self.groups), 1) * STATES)
        return self.counted

    @property
    def n_rows(self) -> int:
        return self.table.total + self.unscored

    @property
    def is_exact(self) -> bool:
        return self.table.is_exact

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest score; NaN when there is none."""
        values = self.table.values()
        return (float(values[0]), float(values[-1])) if len(values) else (math.nan, math.nan)

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
        cells = self.groups.rows_to_cells(batch) * STATES + labels
        scored = ~np.isnan(scores)
        self.unscored += int((~scored).sum())
        self.waiting.append((scores, cells) if scored.all() else (scores[scored], cells[scored]))
        # Counting many rows at once costs far less than merging every batch into the table.
        if sum(len(scores) for scores, _ in self.waiting) > _MOST_WAITING:
            self.table  # noqa: B018 -- the look takes them in

    def merge(self, other: ScoreHistograms) -> None:
        theirs = other.groups.named_cells()
        mine = [self.groups.adopt(names) for names, _ in theirs]
        counts = np.zeros((len(other.table.keys), max(len(self.groups), 1) * STATES), np.int64)
        for number, (_, place) in zip(mine, theirs, strict=True):
            span = slice(place * STATES, place * STATES + STATES)
            counts[:, number * STATES : number * STATES + STATES] = other.table.counts[:, span]
        moved = ValueTable(other.table.most, other.table.dropped, other.table.keys, counts)
        self.table.merge(moved)
        self.unscored += other.unscored

    def everybody(self) -> ScoreSplit:
        return self._split("everybody", [number for _, number in self.groups.named_cells()])

    def split(self, attribute: str) -> list[ScoreSplit]:
        """The scores of each group along one column or crossing, groups in their fixed order."""
        known, rows = self._splits, self.n_rows
        if (attribute, rows) not in known:
            places = self.groups.places_of(attribute)
            groups = self.groups.groups_of(places)
            numbers: dict[tuple[str, ...], list[int]] = {group: [] for group in groups}
            for cell, number in self.groups.named_cells():
                numbers[tuple(cell[place] for place in places)].append(number)
            known[attribute, rows] = [self._split(CROSSED_BY.join(group), numbers[group]) for group in groups]
        return known[attribute, rows]

    def for_advice(self) -> ScoreHistograms:
        """The same rows in at most 256 steps of the score, each under its lowest one: small enough to be stored."""
        known, rows = self._stepped, self.n_rows
        if rows not in known:
            known[rows] = replace(self, counted=self.table.stepped(_MOST_STEPS))
        return known[rows]

    def to_document(self) -> dict[str, Any]:
        named = self.groups.named_cells()
        spans = [number * STATES + state for _, number in named for state in range(STATES)]
        wide = np.pad(self.table.counts, ((0, 0), (0, max(0, len(self.groups) * STATES - self.table.counts.shape[1]))))
        ordered = ValueTable(self.table.most, self.table.dropped, self.table.keys, wide[:, spans])
        return {
            "favourable": self.roles.favourable,
            "label": self.roles.label,
            "score": self.roles.score,
            "seed": self.seed,
            "unscored": self.unscored,
            "attributes": [column.to_document() for column in self.roles.sensitive],
            "groups": [list(names) for names, _ in named],
            "scores": ordered.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        roles = Roles(
            task="binary",
            favourable=document["favourable"],
            label=document["label"],
            score=document["score"],
            sensitive=tuple(SensitiveColumn.from_document(a) for a in document["attributes"]),
        )
        histograms = cls.empty(roles)
        histograms.seed = document["seed"]
        histograms.unscored = document["unscored"]
        for names in document["groups"]:
            histograms.groups.adopt(tuple(names))
        histograms.counted = ValueTable.from_document(document["scores"], len(document["groups"]) * STATES or 1)
        return histograms

    @cached_property
    def _splits(self) -> dict[tuple[str, int], list[ScoreSplit]]:
        """The splits that were asked for, by attribute and the number of rows at the time."""
        return {}

    @cached_property
    def _stepped(self) -> dict[int, ScoreHistograms]:
        """What advice reads, by the number of rows at the time."""
        return {}

    def _split(self, group: str, numbers: list[int]) -> ScoreSplit:
        n_cells = self.table.counts.shape[1] // STATES
        by_cell = self.table.counts[:, : n_cells * STATES].reshape(-1, n_cells, STATES)
        # A cell without a scored row may have no place in the table.
        counts = by_cell[:, [number for number in numbers if number < n_cells]].sum(axis=1)
        values = self.table.values()
        favourable = int(self.roles.favourable or 0)
        if favourable == 0:
            values, counts = -values[::-1], counts[::-1]
        return ScoreSplit(group, values, counts, favourable)
