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
from audits.checks.statistics.groups import MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.kept_rows import KeptRows
from audits.checks.statistics.rates import STATES, UNKNOWN
from audits.checks.statistics.score_split import Entries, ScoreSplit
from audits.checks.statistics.value_table import to_keys

# Thresholds that advice chooses from: enough for two digits of a share, few enough to be stored with a verdict.
_MOST_STEPS = 256


@dataclass
class ScoreHistograms:
    """Rows by score, full crossing of the sensitive columns, and label.

    Every score is told apart in up to 2**20 rows, and among more rows up to 4,096 different scores; beyond that scores
    share bins and are `off_by` so much. A score speaks for class 1; `split` turns it round when 0 is favourable. What
    advice reads is put into `steps`.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("score",)
    by_attribute: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    kept: KeptRows = field(default_factory=KeptRows)
    unscored: int = 0
    seed: int = 0
    steps: Entries | None = None

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
    def n_rows(self) -> int:
        return self.kept.total + self.unscored

    @property
    def off_by(self) -> float:
        """How far below a score, at most, the one may lie under which it is counted: 0 where every score counts."""
        return self.kept.off_by

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest score; NaN when there is none."""
        found = self.kept.entries.range.tolist()
        return (found[0], found[1]) if found else (math.nan, math.nan)

    def add(self, batch: pa.RecordBatch) -> None:
        column = column_of(batch, str(self.roles.score))
        if kind_of(column.type) != "number":
            raise CannotMeasure(f'Score column "{self.roles.score}" does not hold numbers.')
        scores = as_numbers(column)
        cells = self.groups.rows_to_cells(batch) * STATES
        cells += UNKNOWN if self.roles.label is None else classes_of(batch, self.roles.label)
        scored = np.isfinite(scores)
        if not scored.all():
            if np.isinf(scores).any():
                raise CannotMeasure(f'Score column "{self.roles.score}" holds an infinite score.')
            self.unscored += int((~scored).sum())
            scores, cells = scores[scored], cells[scored]
        self.kept.add(to_keys(scores), cells)

    def merge(self, other: ScoreHistograms) -> None:
        moved = self.groups.adopted(other.groups)
        self.unscored += other.unscored
        self.kept.merge(other.kept, (moved[:, None] * STATES + np.arange(STATES)).ravel())

    def everybody(self) -> ScoreSplit:
        return self._split(None)[0]

    def split(self, attribute: str) -> list[ScoreSplit]:
        """The scores of each group along one column or crossing, groups in their fixed order."""
        return self._split(attribute)

    def _split(self, attribute: str | None) -> list[ScoreSplit]:
        known, rows = self._splits, self.n_rows
        if (attribute, rows) not in known:
            known[attribute, rows] = self._entries.split(*self.groups.groups_of_cells(attribute), self._favourable)
        return known[attribute, rows]

    def for_advice(self) -> ScoreHistograms:
        """The same rows in at most 256 steps of the score, each under its lowest one: small enough to be stored."""
        known, rows = self._stepped, self.n_rows
        if rows not in known:
            known[rows] = replace(self, steps=self._entries.stepped(_MOST_STEPS))
        return known[rows]

    @property
    def _entries(self) -> Entries:
        return self.steps or self.kept.entries

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
