"""How well is a table told from another one by a few thousand rows of each?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.drawing import drawn
from audits.checks.statistics.row_kinds import RowKinds
from audits.checks.statistics.telling_apart import Side, TellingApart, told_apart

MOST_ROWS = 5_000


@dataclass
class RowSample:
    """The kinds of rows with the smallest digests, at most 5,000, and how many rows there are of each.

    Mergeable, in any order of rows. What is stored is `apart`: how well a classifier tells this table from the other
    one by 5,000 rows drawn of these. It holds counts and no rows.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("feature",)

    features: tuple[str, ...]
    rows: int = 0
    seed: int = 0
    kinds: RowKinds = field(init=False)
    apart: TellingApart | None = None

    def __post_init__(self) -> None:
        self.kinds = RowKinds(self.features, MOST_ROWS)

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(tuple(sorted(roles.features)))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.features

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        self.kinds.add(batch)

    def merge(self, other: RowSample) -> None:
        self.rows += other.rows
        self.kinds.merge(other.kinds)

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """How well each table is told from the other one."""
        found = {name: cls(table.features, table.rows) for name, table in tables.items()}
        if len(tables) == 2:
            (evaluation, now), (_, then) = sorted(tables.items(), key=lambda pair: pair[0] == "reference")
            ours, theirs = now.kinds.values, then.kinds.values
            common = [feature for feature in now.features if feature in ours and feature in theirs]
            shared = [name for name in common if (ours[name].dtype == object) == (theirs[name].dtype == object)]
            if shared:
                found[evaluation].apart = told_apart(now._drawn(shared), then._drawn(shared))
        return found

    def to_document(self) -> dict[str, Any]:
        return {
            "features": list(self.features),
            "rows": self.rows,
            "apart": None if self.apart is None else self.apart.to_document(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        apart = document["apart"]
        found = cls(tuple(document["features"]), document["rows"])
        found.apart = None if apart is None else TellingApart.from_document(apart)
        return found

    def _drawn(self, features: list[str]) -> Side:
        """Rows that stand for those which are kept, as often as these come."""
        kinds = self.kinds
        places = np.sort(drawn(kinds.digests, kinds.counts[:, 0], MOST_ROWS, self.seed))
        return {name: kinds.values[name][places] for name in features}, kinds.digests[places]
