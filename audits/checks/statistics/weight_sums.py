"""How are the weights of the rows spread?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.columns import as_numbers, column_of, kind_of
from audits.checks.statistics.exact_sums import Sums


@dataclass
class WeightSums:
    """Exact sums of the weights above zero and of their squares, and counts of all others.

    Mergeable; equal for any batch size and order of rows. `others` counts weights that are "missing", "negative",
    "infinite" or "zero".
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("weight",)
    weighs: ClassVar[bool] = True

    name: str
    sums: Sums = field(default_factory=lambda: Sums(("weight", "square")))
    others: dict[str, int] = field(default_factory=dict)
    largest: float = 0.0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(str(roles.weight))

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return (str(roles.weight),)

    @property
    def n_rows(self) -> int:
        return self.sums.n + sum(self.others.values())

    def add(self, batch: pa.RecordBatch) -> None:
        cells = column_of(batch, self.name)
        is_number = kind_of(cells.type) == "number"
        weights = as_numbers(cells) if is_number else np.full(len(cells), np.nan)
        kinds = {
            "missing": np.isnan(weights),
            "negative": weights < 0,
            "infinite": weights == np.inf,
            "zero": weights == 0,
        }
        for kind, mask in kinds.items():
            self.others[kind] = self.others.get(kind, 0) + int(mask.sum())
        usable = weights[(weights > 0) & np.isfinite(weights)]
        with np.errstate(over="ignore"):
            squares = np.minimum(usable * usable, np.finfo(float).max)
        self.sums.add({"weight": usable, "square": squares})
        self.largest = max(self.largest, float(usable.max(initial=0.0)))

    def merge(self, other: WeightSums) -> None:
        self.sums.merge(other.sums)
        self.largest = max(self.largest, other.largest)
        for kind, n in other.others.items():
            self.others[kind] = self.others.get(kind, 0) + n

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sums": self.sums.to_document(),
            "others": dict(sorted(self.others.items())),
            "largest": self.largest,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        sums = Sums.from_document(document["sums"])
        return cls(document["name"], sums, dict(document["others"]), document["largest"])
