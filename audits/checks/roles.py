"""What does each column of a table mean to the checks?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

MISSING = "(missing)"


@dataclass(frozen=True)
class SensitiveColumn:
    """A column that sorts people into groups: by its text, or by bands of its numbers.

    `bands` are ascending cuts; cuts 40 and 55 give "under 40", "40 to under 55", "55 and over".
    `labels` maps the text of a cell to the group name that is printed.
    """

    name: str
    bands: tuple[float, ...] | None = None
    labels: Mapping[str, str] | None = None

    def declared_groups(self) -> tuple[str, ...]:
        """Groups that exist by declaration, whether or not the table holds a row of them."""
        if self.bands:
            cuts = [f"{cut:g}" for cut in self.bands]
            between = [f"{low} to under {high}" for low, high in pairwise(cuts)]
            return (f"under {cuts[0]}", *between, f"{cuts[-1]} and over")
        return tuple(sorted(set((self.labels or {}).values())))

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "bands": None if self.bands is None else list(self.bands),
            "labels": None if self.labels is None else dict(self.labels),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        bands = document["bands"]
        return cls(document["name"], None if bands is None else tuple(bands), document["labels"])


@dataclass(frozen=True)
class Roles:
    """The declared meaning of a table's columns, as the checks see it.

    `incumbent` is what the version that is live now predicts for the same row; `lower` and `upper` are the
    bounds between which a regression expects the label. `time` says when what a row holds was known, `fold` which
    part of a cross-validation it was held back in, `query` which question it is one of the answers to.
    The columns of `key` together name what a row is about. A multi_label task has `labels` in place of one label, and
    as many `predictions` in the same order, or none.
    """

    task: str
    favourable: int | None = None
    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    weight: str | None = None
    id: str | None = None
    incumbent: str | None = None
    lower: str | None = None
    upper: str | None = None
    time: str | None = None
    fold: str | None = None
    query: str | None = None
    labels: tuple[str, ...] = ()
    predictions: tuple[str, ...] = ()
    sensitive: tuple[SensitiveColumn, ...] = ()
    features: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    def has(self, role: str) -> bool:
        """Whether at least one column is declared with the role."""
        found = self.features if role == "feature" else getattr(self, role)
        return found not in (None, ())

    def columns(self, *, with_id: bool = True) -> tuple[str, ...]:
        """Every column that has a role, once, in a fixed order."""
        single = (self.id if with_id else None, self.label, self.prediction, self.score, self.weight)
        others = (self.incumbent, self.lower, self.upper, self.time, self.fold, self.query)
        many = (*self.labels, *self.predictions)
        names = [*single, *others, *many, *(column.name for column in self.sensitive), *self.features, *self.key]
        found = dict.fromkeys(name for name in names if name is not None)
        if not with_id:
            found.pop(self.id or "", None)
        return tuple(found)
