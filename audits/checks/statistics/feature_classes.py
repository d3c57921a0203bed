"""How often does each class of the label stand beside each value of a feature?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.roles import MISSING, Roles
from audits.checks.statistics.class_counts import MOST_CLASSES
from audits.checks.statistics.columns import as_texts, column_of
from audits.checks.statistics.pairs import in_pairs
from audits.checks.statistics.value_table import ValueTable
from audits.checks.statistics.values_by_cell import ValuesByCell, wide

MOST_BINS = 64
FEWEST_IN_BIN = 20
RARE = "(rare)"

Counts = NDArray[np.int64]


@dataclass
class FeatureClasses:
    """Counts of rows by feature, bin of the feature and class of the label. Mergeable, in any order of rows.

    While a table is read up to 4,096 distinct numbers of a feature are told apart (beyond that neighbours are
    one), and up to 1,000 texts (beyond that the feature is None). What is stored is `binned`: numbers in at most 64
    bins of equal weight and of 20 rows or more, texts by themselves, those of fewer than 20 rows together, and
    missing cells as a bin of their own; shape (n_bins, n_classes), written bin after bin.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ("label", "feature")

    label: str
    features: tuple[str, ...]
    classes: list[str] = field(default_factory=list)
    values: dict[str, ValuesByCell] = field(default_factory=dict)
    binned: dict[str, Counts | None] | None = None
    rows: int = 0

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        if roles.task not in ("binary", "multiclass"):
            raise CannotMeasure("Classes are counted for a binary or multiclass task only.")
        return cls(str(roles.label), roles.features)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(dict.fromkeys((str(roles.label), *roles.features)))

    @property
    def n_rows(self) -> int:
        return self.rows

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        names, codes = as_texts(column_of(batch, self.label))
        known = codes < len(names) - 1
        known &= np.array([name is not None for name in names])[codes]
        places = np.array([self._class(name) for name in names])[codes][known]
        for feature in self.features:
            self._of(feature).add(column_of(batch, feature), places, len(self.classes), known)

    def merge(self, other: FeatureClasses) -> None:
        self.rows += other.rows
        classes = np.array([self._class(name) for name in other.classes], np.int64)
        for feature, values in other.values.items():
            self._of(feature).merge(values, classes, len(self.classes))

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table in few bins."""
        found = {}
        for name, table in tables.items():
            order = np.argsort(table.classes)
            classes = [table.classes[place] for place in order]
            binned = {feature: table._bins(feature, order) for feature in table.features}
            found[name] = cls(table.label, table.features, classes, {}, binned, table.rows)
        return found

    def counts(self, feature: str) -> Counts | None:
        """Rows by bin and class, shape (n_bins, n_classes); None for more than 1,000 different texts."""
        if self.binned is None:
            return self._bins(feature, np.arange(len(self.classes)))
        return self.binned[feature]

    def to_document(self) -> dict[str, Any]:
        binned = {feature: self.counts(feature) for feature in self.features}
        return {
            "label": self.label,
            "classes": self.classes,
            "rows": self.rows,
            "features": [
                [name, None if counts is None else counts.ravel().tolist()] for name, counts in binned.items()
            ],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        n_classes = len(document["classes"])
        binned = {
            name: None if counts is None else np.array(counts, np.int64).reshape(-1, n_classes)
            for name, counts in in_pairs(document["features"])
        }
        return cls(document["label"], tuple(binned), list(document["classes"]), {}, binned, document["rows"])

    def _class(self, name: str | None) -> int:
        if name is None:
            return -1
        if name not in self.classes:
            self.classes.append(name)
            if len(self.classes) > MOST_CLASSES:
                raise CannotMeasure(f'Column "{self.label}" has more than {MOST_CLASSES} classes.')
        return self.classes.index(name)

    def _of(self, feature: str) -> ValuesByCell:
        return self.values.setdefault(feature, ValuesByCell())

    def _bins(self, feature: str, order: Counts) -> Counts | None:
        values = self._of(feature)
        if values.texts is None:
            return None
        rows = [wide(counts, len(order)) for text, counts in sorted(values.texts.items()) if text != MISSING]
        common = [row for row in rows if row.sum() >= FEWEST_IN_BIN]
        rare = [row for row in rows if row.sum() < FEWEST_IN_BIN]
        bins = [*common, *([np.sum(rare, axis=0)] if rare else [])]
        if values.is_numeric:
            bins += list(wide(_in_bins(values.numbers), len(order)))
        if MISSING in values.texts:
            bins.append(wide(values.texts[MISSING], len(order)))
        return np.array(bins, np.int64).reshape(-1, len(order))[:, order]


def _in_bins(table: ValueTable) -> Counts:
    """The rows of a table of numbers in bins of about equal weight, shape (n_bins, n_cells)."""
    below = table.counts.sum(axis=1).cumsum()
    n_bins = max(1, min(MOST_BINS, int(below[-1]) // FEWEST_IN_BIN))
    cuts = np.unique(np.searchsorted(below, np.arange(1, n_bins + 1) * below[-1] / n_bins))
    return np.asarray(np.add.reduceat(table.counts, np.append(0, cuts[:-1] + 1), axis=0))
