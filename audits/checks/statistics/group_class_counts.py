"""How many rows of each group and each true class were given which class?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.base import CannotMeasure
from audits.checks.roles import Roles, SensitiveColumn
from audits.checks.statistics.class_counts import MOST_CLASSES, Pair, in_order
from audits.checks.statistics.columns import as_texts, column_of
from audits.checks.statistics.exact_sums import Tally
from audits.checks.statistics.groups import CROSSED_BY, MOST_GROUPS_IN_FULL, GroupCells
from audits.checks.statistics.weighed_cells import WeighedCells, tallies_at


@dataclass
class GroupClassCounts:
    """Rows by crossing of the sensitive columns, true class and predicted class, and what they weigh.

    A class of None is a blank cell. Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("prediction",)
    weighs: ClassVar[bool] = True

    roles: Roles
    groups: GroupCells
    counts: dict[int, dict[Pair, Tally]] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task not in ("binary", "multiclass"):
            raise CannotMeasure("Classes are counted for a binary or multiclass task only.")
        return cls(roles, GroupCells(roles.sensitive, MOST_GROUPS_IN_FULL))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        names = (roles.label, roles.prediction, roles.weight, *(column.name for column in roles.sensitive))
        return tuple(name for name in names if name is not None)

    @property
    def n_rows(self) -> int:
        return sum(tally.rows for pairs in self.counts.values() for tally in pairs.values())

    @property
    def undecided(self) -> int:
        return sum(tally.rows for pairs in self.counts.values() for (_, given), tally in pairs.items() if given is None)

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that occurs, as label or as prediction."""
        found = {name for pairs in self.counts.values() for pair in pairs for name in pair if name is not None}
        return in_order(found)

    def add(self, batch: pa.RecordBatch) -> None:
        cells = self.groups.rows_to_cells(batch)
        given, columns = as_texts(column_of(batch, str(self.roles.prediction)))
        trues: list[str | None] = [None]
        rows = np.zeros(batch.num_rows, np.int64)
        if self.roles.label is not None:
            trues, rows = as_texts(column_of(batch, self.roles.label))
        places = (cells * len(trues) + rows) * len(given) + columns
        for place, tally in tallies_at(places, batch, self.roles.weight):
            rest, column = divmod(place, len(given))
            cell, row = divmod(rest, len(trues))
            self._count(cell, (trues[row], given[column]), tally)
        if len(self.classes) > MOST_CLASSES:
            raise CannotMeasure(f"There are more than {MOST_CLASSES} classes.")

    def merge(self, other: GroupClassCounts) -> None:
        for names, place in other.groups.named_cells():
            mine = self.groups.adopt(names)
            for pair, tally in other.counts.get(place, {}).items():
                self._count(mine, pair, tally)

    def attributes(self, attribute: str | None) -> tuple[str, ...]:
        """The attributes to compare: the one that is named, or every sensitive column."""
        return (attribute,) if attribute is not None else tuple(column.name for column in self.roles.sensitive)

    def by_group(self, attribute: str) -> tuple[tuple[str, ...], WeighedCells]:
        """The groups along one column or crossing, and cells of shape (n_groups, n_classes + 1, n_classes).

        The last true class is the unknown one; rows without a prediction are left out.
        """
        places = self.groups.places_of(attribute)
        groups = self.groups.groups_of(places)
        position = {group: place for place, group in enumerate(groups)}
        column = {name: place for place, name in enumerate(self.classes)}
        shape = (len(groups), len(column) + 1, len(column))
        tallies: dict[tuple[int, ...], Tally] = {}
        for cell, number in self.groups.named_cells():
            group = position[tuple(cell[place] for place in places)]
            for (true, given), tally in self.counts.get(number, {}).items():
                if given is not None:
                    at = group, len(column) if true is None else column[true], column[given]
                    tallies[at] = tallies.get(at, Tally()).plus(tally)
        names = tuple(CROSSED_BY.join(group) for group in groups)
        return names, WeighedCells.of(tallies, shape, weighted=self.roles.weight is not None)

    def to_document(self) -> dict[str, Any]:
        cells, place = [], {name: place for place, name in enumerate(self.classes)}
        for names, number in self.groups.named_cells():
            pairs = sorted(
                self.counts.get(number, {}).items(), key=lambda item: tuple((n is None, n or "") for n in item[0])
            )
            counts = [
                [*(None if name is None else place[name] for name in pair), *tally.written()] for pair, tally in pairs
            ]
            cells.append([list(names), counts])
        return {
            "task": self.roles.task,
            "seed": self.seed,
            "label": self.roles.label,
            "prediction": self.roles.prediction,
            **({} if self.roles.weight is None else {"weight": self.roles.weight}),
            "attributes": [column.to_document() for column in self.roles.sensitive],
            "classes": list(place),
            "cells": cells,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        roles = Roles(
            task=document["task"],
            label=document["label"],
            prediction=document["prediction"],
            weight=document.get("weight"),
            sensitive=tuple(SensitiveColumn.from_document(column) for column in document["attributes"]),
        )
        counts = cls.empty(roles)
        counts.seed = document["seed"]
        # Documents used to name the classes in every cell.
        named: Any = document.get("classes")
        for cell in document["cells"]:
            names, pairs = (cell["groups"], cell["counts"]) if named is None else cell
            number = counts.groups.adopt(tuple(names))
            for true, given, *tally in pairs:
                if named is not None:
                    true, given = (None if place is None else named[place] for place in (true, given))
                counts._count(number, (true, given), Tally.read(*tally))
        return counts

    def _count(self, cell: int, pair: Pair, tally: Tally) -> None:
        pairs = self.counts.setdefault(cell, {})
        pairs[pair] = pairs.get(pair, Tally()).plus(tally)
