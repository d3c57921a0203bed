"""How many rows of each true class were given which class?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_texts, column_of
from audits.checks.statistics.exact_sums import Tally
from audits.checks.statistics.weighed_cells import WeighedCells, tallies_at

MOST_CLASSES = 50

Pair = tuple[str | None, str | None]


@dataclass
class ClassCounts:
    """Rows by true class and predicted class, each by its text, and what they weigh; None is a blank cell.

    Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label",)
    weighs: ClassVar[bool] = True

    label: str
    prediction: str | None
    counts: dict[Pair, Tally] = field(default_factory=dict)
    seed: int = 0
    weight: str | None = None

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task not in ("binary", "multiclass"):
            raise CannotMeasure("Classes are counted for a binary or multiclass task only.")
        return cls(str(roles.label), roles.prediction, weight=roles.weight)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.label, roles.prediction, roles.weight) if name is not None)

    @property
    def n_rows(self) -> int:
        return sum(held.rows for held in self.counts.values())

    @property
    def unlabelled(self) -> int:
        return sum(held.rows for (true, _), held in self.counts.items() if true is None)

    @property
    def undecided(self) -> int:
        return sum(held.rows for (_, given), held in self.counts.items() if given is None)

    @property
    def by_label(self) -> dict[str, int]:
        """Rows of every known true class, by name."""
        totals: dict[str, int] = {}
        for (true, _), held in self.counts.items():
            if true is not None:
                totals[true] = totals.get(true, 0) + held.rows
        return dict(sorted(totals.items()))

    def add(self, batch: pa.RecordBatch) -> None:
        trues, rows = as_texts(column_of(batch, self.label))
        given: list[str | None] = [None]
        columns = np.zeros(batch.num_rows, np.int64)
        if self.prediction is not None:
            given, columns = as_texts(column_of(batch, self.prediction))
        for place, tally in tallies_at(rows * len(given) + columns, batch, self.weight):
            self._count((trues[place // len(given)], given[place % len(given)]), tally)

    def merge(self, other: ClassCounts) -> None:
        for pair, tally in other.counts.items():
            self._count(pair, tally)

    def matrix(self) -> tuple[tuple[str, ...], WeighedCells]:
        """The classes, sorted, and cells of shape (n_classes, n_classes), [true, predicted]; blanks left out."""
        known = {pair: tally for pair, tally in self.counts.items() if None not in pair}
        classes = in_order(str(name) for pair in known for name in pair)
        place = {name: number for number, name in enumerate(classes)}
        tallies: dict[tuple[int, ...], Tally] = {
            (place[str(true)], place[str(given)]): tally for (true, given), tally in known.items()
        }
        return classes, WeighedCells.of(tallies, (len(classes), len(classes)), weighted=self.weight is not None)

    def to_document(self) -> dict[str, Any]:
        ordered = sorted(self.counts.items(), key=lambda item: tuple((name is None, name or "") for name in item[0]))
        return {
            "label": self.label,
            "prediction": self.prediction,
            **({} if self.weight is None else {"weight": self.weight}),
            "seed": self.seed,
            "cells": [[true, given, *tally.written()] for (true, given), tally in ordered],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        counts = {(true, given): Tally.read(*tally) for true, given, *tally in document["cells"]}
        return cls(document["label"], document["prediction"], counts, document["seed"], document.get("weight"))

    def _count(self, pair: Pair, tally: Tally) -> None:
        self.counts[pair] = self.counts.get(pair, Tally()).plus(tally)
        if len(self.counts) > MOST_CLASSES:
            for place, column in enumerate((self.label, self.prediction)):
                if len({key[place] for key in self.counts}) > MOST_CLASSES + 1:
                    raise CannotMeasure(f'Column "{column}" has more than {MOST_CLASSES} classes.')


def in_order(classes: Iterable[str]) -> tuple[str, ...]:
    """The classes, each once, in the order in which they are shown."""
    return tuple(sorted(set(classes), key=_as_numbers_sort))


def _as_numbers_sort(name: str) -> tuple[bool, float, str]:
    """Classes that are numbers stand in the order of their value, before all others."""
    is_number = name.lstrip("-").isdecimal()
    return not is_number, float(name) if is_number else 0.0, name
