"""How many cells of each feature are missing in each group?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, missing_mask
from audits.checks.statistics.groups import CROSSED_BY, MOST_GROUPS_IN_FULL, GroupCells


@dataclass
class GroupMissing:
    """Rows, and missing cells of each feature, by the full crossing of the sensitive columns.

    `counts` has the shape (n_cells, 1 + n_features), rows first. Mergeable; equal for any batch size and order of rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("sensitive", "feature")
    by_attribute: ClassVar[bool] = True

    features: tuple[str, ...]
    groups: GroupCells
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(roles.features, GroupCells(roles.sensitive, MOST_GROUPS_IN_FULL))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*(column.name for column in roles.sensitive), *roles.features)))

    @property
    def n_rows(self) -> int:
        return int(self._wide()[:, 0].sum())

    def add(self, batch: pa.RecordBatch) -> None:
        cells = self.groups.rows_to_cells(batch)
        counts = self._wide()
        counts[:, 0] += np.bincount(cells, minlength=len(counts))
        for place, name in enumerate(self.features, 1):
            counts[:, place] += np.bincount(cells[missing_mask(column_of(batch, name))], minlength=len(counts))

    def merge(self, other: GroupMissing) -> None:
        theirs = other._wide()
        for names, number in other.groups.named_cells():
            mine = self.groups.adopt(names)
            self._wide()[mine] += theirs[number]

    def by_group(self, attribute: str) -> dict[str, NDArray[np.int64]]:
        """Rows and missing cells, shape (1 + n_features,), of each group along one column or crossing."""
        places, counts = self.groups.places_of(attribute), self._wide()
        found = {group: np.zeros(counts.shape[1], np.int64) for group in self.groups.groups_of(places)}
        for names, number in self.groups.named_cells():
            found[tuple(names[place] for place in places)] += counts[number]
        return {CROSSED_BY.join(group): of for group, of in found.items()}

    def _wide(self) -> NDArray[np.int64]:
        """The counts, with a line for every cell that is known by now."""
        if self.counts.shape != (len(self.groups), 1 + len(self.features)):
            wide = np.zeros((len(self.groups), 1 + len(self.features)), np.int64)
            wide[: len(self.counts)] = self.counts if self.counts.size else 0
            self.counts = wide
        return self.counts


@dataclass(frozen=True)
class MissingCells:
    """Rows and missing cells of the groups of each attribute that is looked at, made of GroupMissing."""

    made_of: ClassVar[type[Any]] = GroupMissing
    reads: ClassVar[tuple[str, ...]] = ("attribute",)

    n_rows: int
    features: tuple[str, ...]
    by_attribute: Mapping[str, Mapping[str, tuple[int, ...]]]

    @classmethod
    def kept(cls, cells: GroupMissing, parameters: Mapping[str, Any]) -> Self:
        named = parameters["attribute"]
        attributes = [named] if named is not None else [column.name for column in cells.groups.columns]
        return cls(
            cells.n_rows,
            cells.features,
            {name: {group: tuple(of.tolist()) for group, of in cells.by_group(name).items()} for name in attributes},
        )

    def to_document(self) -> dict[str, Any]:
        groups = [[name, [[group, *of] for group, of in by.items()]] for name, by in self.by_attribute.items()]
        return {"n_rows": self.n_rows, "features": list(self.features), "groups": groups}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        by_attribute = {name: {group: tuple(of) for group, *of in groups} for name, groups in document["groups"]}
        return cls(document["n_rows"], tuple(document["features"]), by_attribute)
