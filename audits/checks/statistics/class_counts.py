"""How many rows of each true class were given which class?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_texts, column_of

MOST_CLASSES = 50

Pair = tuple[str | None, str | None]


@dataclass
class ClassCounts:
    """Counts of rows by true class and predicted class, each by its text; None is a blank cell.

    Mergeable; equal for any batch size and order of rows. Every row counts once, whatever it weighs.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label",)

    label: str
    prediction: str | None
    counts: dict[Pair, int] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task not in ("binary", "multiclass"):
            raise CannotMeasure("Classes are counted for a binary or multiclass task only.")
        return cls(str(roles.label), roles.prediction)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.label, roles.prediction) if name is not None)

    @property
    def n_rows(self) -> int:
        return sum(self.counts.values())

    @property
    def unlabelled(self) -> int:
        return sum(n for (true, _), n in self.counts.items() if true is None)

    @property
    def undecided(self) -> int:
        return sum(n for (_, given), n in self.counts.items() if given is None)

    @property
    def by_label(self) -> dict[str, int]:
        """Rows of every known true class, by name."""
        totals: dict[str, int] = {}
        for (true, _), n in self.counts.items():
            if true is not None:
                totals[true] = totals.get(true, 0) + n
        return dict(sorted(totals.items()))

    def add(self, batch: pa.RecordBatch) -> None:
        trues, rows = as_texts(column_of(batch, self.label))
        given: list[str | None] = [None]
        columns = np.zeros(batch.num_rows, np.int64)
        if self.prediction is not None:
            given, columns = as_texts(column_of(batch, self.prediction))
        places, counts = np.unique(rows * len(given) + columns, return_counts=True)
        for place, n in zip(places.tolist(), counts.tolist(), strict=True):
            self._count((trues[place // len(given)], given[place % len(given)]), n)

    def merge(self, other: ClassCounts) -> None:
        for pair, n in other.counts.items():
            self._count(pair, n)

    def matrix(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """The classes, sorted, and counts of shape (n_classes, n_classes), [true, predicted]; blanks left out."""
        known = {pair: n for pair, n in self.counts.items() if None not in pair}
        classes = in_order(str(name) for pair in known for name in pair)
        place = {name: number for number, name in enumerate(classes)}
        counts = np.zeros((len(classes), len(classes)), np.int64)
        for (true, given), n in known.items():
            counts[place[str(true)], place[str(given)]] = n
        return classes, counts

    def to_document(self) -> dict[str, Any]:
        ordered = sorted(self.counts.items(), key=lambda item: tuple((name is None, name or "") for name in item[0]))
        return {
            "label": self.label,
            "prediction": self.prediction,
            "seed": self.seed,
            "cells": [[true, given, n] for (true, given), n in ordered],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        counts = {(true, given): n for true, given, n in document["cells"]}
        return cls(document["label"], document["prediction"], counts, document["seed"])

    def _count(self, pair: Pair, n: int) -> None:
        self.counts[pair] = self.counts.get(pair, 0) + n
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
