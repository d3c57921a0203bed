"""How many people of each group have which label and got which decision?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles, SensitiveColumn
from audits.checks.statistics.columns import as_numbers, as_texts, column_of, kind_of, weights_of
from audits.checks.statistics.draws import MOST_DRAWN, CellDraws, draws_of
from audits.checks.statistics.exact_sums import as_fraction, from_text, sums_of_weights, to_text
from audits.checks.statistics.grouping import Grouping
from audits.checks.statistics.groups import CROSSED_BY, GroupCells
from audits.checks.statistics.rates import PAIRS, STATES, UNKNOWN


@dataclass
class GroupCounts:
    """Counts of rows by full crossing of the sensitive columns, label and prediction.

    Mergeable; equal for any batch size and order of rows. Groups are formed by text or by band, a
    missing value is a group of its own, and a declared group without rows is kept with count zero.
    Without a column of labels, or of predictions, every one of them is unknown. Only binary tasks have these counts.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ()
    weighs: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, PAIRS), np.int64))
    weights: list[list[int]] = field(default_factory=list)
    squares: list[list[int]] = field(default_factory=list)
    seed: int = 0
    _drawn: CellDraws | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task != "binary" or roles.favourable not in (0, 1):
            raise CannotMeasure("These rates are defined for a binary task with a declared favourable outcome, 0 or 1.")
        return cls(roles, GroupCells(roles.sensitive))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        single = (roles.label, roles.prediction, roles.weight)
        return tuple(n for n in (*single, *(c.name for c in roles.sensitive)) if n is not None)

    @property
    def n_rows(self) -> int:
        return int(self.counts.sum())

    @property
    def favourable(self) -> int:
        assert self.roles.favourable is not None  # noqa: S101 -- empty() lets nothing else in
        return self.roles.favourable

    def add(self, batch: pa.RecordBatch) -> None:
        states = np.zeros(batch.num_rows, np.int32)
        for name, step in ((self.roles.label, STATES), (self.roles.prediction, 1)):
            states += step * (UNKNOWN if name is None else classes_of(batch, name).astype(np.int32))
        if self.roles.weight is None:
            cells, counts = self.groups.counted(batch, states, PAIRS)
            self._grow()
            np.add.at(self.counts, cells, counts)
            return
        cells = self.groups.rows_to_cells(batch)
        self._grow()
        places = cells * PAIRS + states
        size = len(self.groups) * PAIRS
        self.counts += np.bincount(places, minlength=size).reshape(-1, PAIRS)
        weights, squares = sums_of_weights(weights_of(batch, self.roles.weight), places, size)
        _accumulate(self.weights, weights)
        _accumulate(self.squares, squares)

    def merge(self, other: GroupCounts) -> None:
        for names, theirs in other.groups.named_cells():
            mine = self.groups.adopt(names)
            self._grow()
            self.counts[mine] += other.counts[theirs]
            if self.roles.weight is not None:
                self.weights[mine] = _added(self.weights[mine], other.weights[theirs])
                self.squares[mine] = _added(self.squares[mine], other.squares[theirs])
        self._forget()

    def grouping(self, attribute: str) -> Grouping:
        """The counts along one sensitive column, or along a crossing such as "sex x race"."""
        if attribute not in self._groupings:
            places = self.groups.places_of(attribute)
            groups = self.groups.groups_of(places)
            names = tuple(CROSSED_BY.join(group) for group in groups)
            self._groupings[attribute] = self._gather(attribute, names, places, groups)
        return self._groupings[attribute]

    def everybody(self) -> Grouping:
        """The counts of all rows as one group."""
        return self._gather("everybody", ("everybody",), (), [()])

    def attributes(self, attribute: str | None) -> tuple[str, ...]:
        """The attributes to compare: the one that is named, or every sensitive column."""
        if attribute is not None:
            return (attribute,)
        return tuple(column.name for column in self.roles.sensitive)

    def to_document(self) -> dict[str, Any]:
        cells: list[list[Any]] = []
        for names, number in self.groups.named_cells():
            sums = [self.weights, self.squares] if self.roles.weight is not None else []
            cells.append(
                [list(names), self.counts[number].tolist(), *(list(map(to_text, totals[number])) for totals in sums)]
            )
        return {
            "favourable": self.favourable,
            "seed": self.seed,
            "label": self.roles.label,
            "prediction": self.roles.prediction,
            "weight": self.roles.weight,
            "attributes": [column.to_document() for column in self.roles.sensitive],
            "cells": cells,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        roles = Roles(
            task="binary",
            favourable=document["favourable"],
            label=document["label"],
            prediction=document["prediction"],
            weight=document["weight"],
            sensitive=tuple(SensitiveColumn.from_document(a) for a in document["attributes"]),
        )
        counts = cls.empty(roles)
        counts.seed = document["seed"]
        for cell in document["cells"]:
            # The parts of a cell used to have names.
            parts = ("groups", "counts", "weights", "squares")
            named = [cell[part] for part in parts if part in cell] if isinstance(cell, Mapping) else cell
            names, rows, *sums = named
            number = counts.groups.adopt(tuple(names))
            counts._grow()
            counts.counts[number] += np.array(rows, np.int64)
            if roles.weight is not None:
                counts.weights[number], counts.squares[number] = (list(map(from_text, texts)) for texts in sums)
        return counts

    @cached_property
    def _groupings(self) -> dict[str, Grouping]:
        return {}

    @property
    def _draws(self) -> CellDraws:
        """Draws of the full crossing, cells in the order of their names; made once for all groupings and checks."""
        if self._drawn is None:
            numbers = [number for _, number in self.groups.named_cells()]
            sums = squares = None
            if self.roles.weight is not None:
                sums, squares = (
                    np.array([float(as_fraction(amount)) for number in numbers for amount in held[number]])
                    for held in (self.weights, self.squares)
                )
            self._drawn = draws_of(self.counts[numbers].reshape(-1), self.seed, sums, squares)
        return self._drawn

    def _forget(self) -> None:
        """What was worked out from the counts is worked out anew after they have grown."""
        self._groupings.clear()
        self._drawn = None

    def _grow(self) -> None:
        wanted = len(self.groups) - len(self.counts)
        if wanted > 0:
            self.counts = np.vstack([self.counts, np.zeros((wanted, PAIRS), np.int64)])
            if self.roles.weight is not None:
                self.weights += [[0] * PAIRS for _ in range(wanted)]
                self.squares += [[0] * PAIRS for _ in range(wanted)]
        self._forget()

    def _gather(
        self, attribute: str, names: tuple[str, ...], places: tuple[int, ...], groups: list[tuple[str, ...]]
    ) -> Grouping:
        position = {group: place for place, group in enumerate(groups)}
        named = self.groups.named_cells()
        rows = np.array([position[tuple(cell[column] for column in places)] for cell, _ in named], np.int64)
        counts = np.zeros((len(groups), PAIRS), np.int64)
        np.add.at(counts, rows, self.counts[[number for _, number in named]])
        weights = [[0] * PAIRS for _ in groups]
        squares = [[0] * PAIRS for _ in groups]
        weighted = self.roles.weight is not None
        for place, (_, number) in zip(rows.tolist(), named if weighted else [], strict=weighted):
            weights[place] = _added(weights[place], self.weights[number])
            squares[place] = _added(squares[place], self.squares[number])

        return Grouping(
            attribute=attribute,
            groups=names,
            counts=counts.reshape(-1, STATES, STATES),
            favourable=self.favourable,
            seed=self.seed,
            weights=tuple(map(tuple, weights)) if weighted else None,
            squares=tuple(map(tuple, squares)) if weighted else None,
            finest=(lambda: (self._draws, rows)) if np.count_nonzero(self.counts) <= MOST_DRAWN else None,
        )


def classes_of(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """A column of 0 and 1 as integers, 2 where the cell says nothing; any other value is refused."""
    column = column_of(batch, name)
    if pa.types.is_integer(column.type) and column.null_count == 0 and len(column):
        whole = column.to_numpy(zero_copy_only=False)
        if whole.min() >= 0 and whole.max() <= 1:
            return whole.astype(np.int64, copy=False)
    if kind_of(column.type) == "number":
        numbers = as_numbers(column)
        known = ~np.isnan(numbers)
        strange = known & (numbers != 0) & (numbers != 1)
        if strange.any():
            _refuse(name, f"{numbers[strange][0]:g}")
        return np.where(known, numbers, UNKNOWN).astype(np.int64)
    texts, codes = as_texts(column)
    classes = []
    for position, text in enumerate(texts):
        if text not in ("0", "1", None) and (codes == position).any():
            _refuse(name, str(text))
        classes.append(int(text) if text in ("0", "1") else UNKNOWN)
    return np.array(classes, np.int64)[codes]


def _refuse(name: str, value: str) -> None:
    raise CannotMeasure(f'Column "{name}" holds "{value}" where only 0 and 1 can be counted.')


def _accumulate(totals: list[list[int]], sums: list[int]) -> None:
    for place, amount in enumerate(sums):
        if amount:
            totals[place // PAIRS][place % PAIRS] += amount


def _added(first: list[int], second: list[int]) -> list[int]:
    return [one + other for one, other in zip(first, second, strict=True)]
