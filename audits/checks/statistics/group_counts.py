"""How many people of each group have which label and got which decision?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles, SensitiveColumn
from audits.checks.statistics.columns import as_numbers, as_texts, column_of, kind_of
from audits.checks.statistics.exact_sums import as_fraction, exact_sums, from_text, to_text
from audits.checks.statistics.groups import CROSSED_BY, GroupCells
from audits.checks.statistics.intervals import DRAWS, Interval, redrawn, wilson
from audits.checks.statistics.rates import STATES, UNKNOWN, Rate

_PAIRS = STATES * STATES


@dataclass(frozen=True)
class GroupRate:
    """One rate of one group: `n` rows in the denominator, and no value when there are none."""

    group: str
    n: int
    value: Fraction | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Grouping:
    """The counts seen along one attribute, along a crossing, or over everybody.

    `counts` has the shape (n_groups, 3, 3): group, label, prediction, each 0, 1 or unknown.
    With a weight column `weights` and `squares` hold exact sums of the weights and their squares.
    """

    attribute: str
    groups: tuple[str, ...]
    counts: NDArray[np.int64]
    favourable: int
    seed: int
    weights: tuple[tuple[int, ...], ...] | None = None
    squares: tuple[tuple[int, ...], ...] | None = None

    def rates(self, rate: Rate) -> list[GroupRate]:
        """The rate of every group with its Wilson interval; the value is exact."""
        return [self._rate_of(place, rate) for place in range(len(self.groups))]

    def drawn_rates(self, rate: Rate) -> NDArray[np.float64]:
        """The rate of every group in each bootstrap draw, shape (n_draws, n_groups); NaN is undefined."""
        cells, draws = self._draws
        group_of, pair_of = np.divmod(cells, _PAIRS)
        belongs = group_of[:, None] == np.arange(len(self.groups))
        chosen = draws @ (belongs & rate.numerator.ravel()[pair_of][:, None]).astype(float)
        among = draws @ (belongs & rate.denominator.ravel()[pair_of][:, None]).astype(float)
        return np.divide(chosen, among, out=np.full(among.shape, np.nan), where=among > 0)

    def total(self, mask: NDArray[np.bool_]) -> Fraction:
        """Rows, or the sum of their weights, over all groups and the marked pairs."""
        return sum((self._sum(place, mask) for place in range(len(self.groups))), Fraction(0))

    def rows(self, mask: NDArray[np.bool_]) -> int:
        """Rows over all groups and the marked pairs, whatever they weigh."""
        return int(self.counts[:, mask].sum())

    @cached_property
    def _draws(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        flat = self.counts.reshape(-1)
        cells = np.flatnonzero(flat)
        if len(cells) == 0:
            return cells, np.zeros((DRAWS, 0))
        drawn = redrawn(flat[cells], self.seed).astype(float)
        if self.weights is None or self.squares is None:
            return cells, drawn
        # Weights differ inside a cell: a draw of N rows from it sums to about N means, with their spread.
        sums = np.array([float(as_fraction(self.weights[c // _PAIRS][c % _PAIRS])) for c in cells])
        squares = np.array([float(as_fraction(self.squares[c // _PAIRS][c % _PAIRS])) for c in cells])
        means = sums / flat[cells]
        variances = np.maximum(squares / flat[cells] - means**2, 0.0)
        noise = np.random.default_rng([self.seed, 1]).standard_normal(drawn.shape)
        return cells, np.maximum(drawn * means + np.sqrt(drawn * variances) * noise, 0.0)

    def _rate_of(self, place: int, rate: Rate) -> GroupRate:
        n = int(self.counts[place][rate.denominator].sum())
        chosen, among = self._sum(place, rate.numerator), self._sum(place, rate.denominator)
        if among == 0:
            return GroupRate(self.groups[place], n, None, None, None)
        value = chosen / among
        low, high = self._wilson(place, rate, value, n, among)
        return GroupRate(self.groups[place], n, value, low, high)

    def _wilson(self, place: int, rate: Rate, value: Fraction, n: int, among: Fraction) -> Interval:
        if self.squares is None:
            return wilson(float(value * n), n)
        flat = rate.denominator.ravel()
        squares = as_fraction(sum(s for s, counted in zip(self.squares[place], flat, strict=True) if counted))
        # Kish's effective sample size: unequal weights carry less evidence than as many equal ones.
        effective = float(among**2 / squares)
        return wilson(float(value) * effective, effective)

    def _sum(self, place: int, mask: NDArray[np.bool_]) -> Fraction:
        if self.weights is None:
            return Fraction(int(self.counts[place][mask].sum()))
        flat = mask.ravel()
        return as_fraction(sum(w for w, counted in zip(self.weights[place], flat, strict=True) if counted))


@dataclass
class GroupCounts:
    """Counts of rows by full crossing of the sensitive columns, label and prediction.

    Mergeable; equal for any batch size and order of rows. Groups are formed by text or by band, a
    missing value is a group of its own, and a declared group without rows is kept with count zero.
    Only binary tasks have these counts.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("prediction",)

    roles: Roles
    groups: GroupCells
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, _PAIRS), np.int64))
    weights: list[list[int]] = field(default_factory=list)
    squares: list[list[int]] = field(default_factory=list)
    seed: int = 0

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
        predictions = classes_of(batch, str(self.roles.prediction))
        labels = np.full(batch.num_rows, UNKNOWN)
        if self.roles.label is not None:
            labels = classes_of(batch, self.roles.label)
        cells = self.groups.rows_to_cells(batch)
        self._grow()
        places = cells * _PAIRS + labels * STATES + predictions
        size = len(self.groups) * _PAIRS
        self.counts += np.bincount(places, minlength=size).reshape(-1, _PAIRS)
        if self.roles.weight is not None:
            weights = _weights_of(batch, self.roles.weight)
            _accumulate(self.weights, exact_sums(weights, places, size))
            _accumulate(self.squares, exact_sums(weights * weights, places, size))

    def merge(self, other: GroupCounts) -> None:
        for names, theirs in other.groups.named_cells():
            mine = self.groups.adopt(names)
            self._grow()
            self.counts[mine] += other.counts[theirs]
            if self.roles.weight is not None:
                self.weights[mine] = _added(self.weights[mine], other.weights[theirs])
                self.squares[mine] = _added(self.squares[mine], other.squares[theirs])
        self._groupings.clear()

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
        cells = []
        for names, number in self.groups.named_cells():
            cell: dict[str, Any] = {"groups": list(names), "counts": self.counts[number].tolist()}
            if self.roles.weight is not None:
                cell["weights"] = [to_text(total) for total in self.weights[number]]
                cell["squares"] = [to_text(total) for total in self.squares[number]]
            cells.append(cell)
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
            number = counts.groups.adopt(tuple(cell["groups"]))
            counts._grow()
            counts.counts[number] += np.array(cell["counts"], np.int64)
            if roles.weight is not None:
                counts.weights[number] = [from_text(text) for text in cell["weights"]]
                counts.squares[number] = [from_text(text) for text in cell["squares"]]
        return counts

    @cached_property
    def _groupings(self) -> dict[str, Grouping]:
        return {}

    def _grow(self) -> None:
        wanted = len(self.groups) - len(self.counts)
        if wanted > 0:
            self.counts = np.vstack([self.counts, np.zeros((wanted, _PAIRS), np.int64)])
            if self.roles.weight is not None:
                self.weights += [[0] * _PAIRS for _ in range(wanted)]
                self.squares += [[0] * _PAIRS for _ in range(wanted)]
        self._groupings.clear()

    def _gather(
        self, attribute: str, names: tuple[str, ...], places: tuple[int, ...], groups: list[tuple[str, ...]]
    ) -> Grouping:
        position = {group: place for place, group in enumerate(groups)}
        counts = np.zeros((len(groups), _PAIRS), np.int64)
        weights = [[0] * _PAIRS for _ in groups]
        squares = [[0] * _PAIRS for _ in groups]
        for cell, number in self.groups.named_cells():
            place = position[tuple(cell[column] for column in places)]
            counts[place] += self.counts[number]
            if self.roles.weight is not None:
                weights[place] = _added(weights[place], self.weights[number])
                squares[place] = _added(squares[place], self.squares[number])
        weighted = self.roles.weight is not None
        return Grouping(
            attribute=attribute,
            groups=names,
            counts=counts.reshape(-1, STATES, STATES),
            favourable=self.favourable,
            seed=self.seed,
            weights=tuple(map(tuple, weights)) if weighted else None,
            squares=tuple(map(tuple, squares)) if weighted else None,
        )


def classes_of(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """A column of 0 and 1 as integers, 2 where the cell says nothing; any other value is refused."""
    column = column_of(batch, name)
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


def _weights_of(batch: pa.RecordBatch, name: str) -> NDArray[np.float64]:
    column = column_of(batch, name)
    if kind_of(column.type) != "number":
        raise CannotMeasure(f'Weight column "{name}" does not hold numbers.')
    weights = as_numbers(column)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise CannotMeasure(f'Weight column "{name}" holds a missing, infinite or negative weight.')
    return weights


def _accumulate(totals: list[list[int]], sums: list[int]) -> None:
    for place, amount in enumerate(sums):
        if amount:
            totals[place // _PAIRS][place % _PAIRS] += amount


def _added(first: list[int], second: list[int]) -> list[int]:
    return [one + other for one, other in zip(first, second, strict=True)]
