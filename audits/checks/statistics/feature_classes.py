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
from audits.checks.statistics.column_values import MOST_CATEGORIES
from audits.checks.statistics.columns import as_numbers, as_texts, column_of, kind_of
from audits.checks.statistics.pairs import in_pairs
from audits.checks.statistics.value_table import ValueTable

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
    numbers: dict[str, ValueTable] = field(default_factory=dict)
    texts: dict[str, dict[str, Counts] | None] = field(default_factory=dict)
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
            cells = column_of(batch, feature)
            if kind_of(cells.type) in ("number", "time"):
                self._add_numbers(feature, as_numbers(cells)[known], places)
            else:
                values, value_codes = as_texts(cells)
                self._add_texts(feature, values, value_codes[known], places)

    def merge(self, other: FeatureClasses) -> None:
        self.rows += other.rows
        mapped = np.array([self._class(name) for name in other.classes], np.int64)
        for feature, table in other.numbers.items():
            counts = np.zeros((len(table.keys), len(self.classes)), np.int64)
            counts[:, mapped[: table.counts.shape[1]]] = table.counts
            moved = ValueTable(table.most, table.dropped, table.keys, counts)
            self.numbers.setdefault(feature, ValueTable()).merge(moved)
        for feature, texts in other.texts.items():
            for text, counts in (texts or {}).items():
                moved_counts = np.zeros(len(self.classes), np.int64)
                moved_counts[mapped[: len(counts)]] = counts
                self._count(feature, text, moved_counts)
            if texts is None:
                self.texts[feature] = None

    @classmethod
    def condensed(cls, tables: Mapping[str, Self]) -> dict[str, Self]:
        """The counts of each table in few bins."""
        found = {}
        for name, table in tables.items():
            order = np.argsort(table.classes)
            classes = [table.classes[place] for place in order]
            binned = {feature: table._bins(feature, order) for feature in table.features}
            found[name] = cls(table.label, table.features, classes, {}, {}, binned, table.rows)
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
        return cls(document["label"], tuple(binned), list(document["classes"]), {}, {}, binned, document["rows"])

    def _class(self, name: str | None) -> int:
        if name is None:
            return -1
        if name not in self.classes:
            self.classes.append(name)
            if len(self.classes) > MOST_CLASSES:
                raise CannotMeasure(f'Column "{self.label}" has more than {MOST_CLASSES} classes.')
        return self.classes.index(name)

    def _add_numbers(self, feature: str, numbers: NDArray[np.float64], places: Counts) -> None:
        missing = np.isnan(numbers)
        self._count(feature, MISSING, np.bincount(places[missing], minlength=len(self.classes)))
        # An infinite value is larger than every finite one; the largest double keeps that order.
        table = self.numbers.setdefault(feature, ValueTable())
        if not missing.all():
            table.add(np.nan_to_num(numbers[~missing]), places[~missing], len(self.classes))

    def _add_texts(self, feature: str, texts: list[str | None], codes: Counts, places: Counts) -> None:
        n_classes = len(self.classes)
        pairs, counts = np.unique(codes * n_classes + places, return_counts=True)
        found: dict[str, Counts] = {}
        for pair, n in zip(pairs.tolist(), counts.tolist(), strict=True):
            text = texts[pair // n_classes]
            row = found.setdefault(MISSING if text is None else text, np.zeros(n_classes, np.int64))
            row[pair % n_classes] += n
        for text, row in found.items():
            self._count(feature, text, row)

    def _count(self, feature: str, text: str, counts: Counts) -> None:
        texts = self.texts.setdefault(feature, {})
        if texts is None or not counts.any():
            return
        held = texts.get(text, np.zeros(0, np.int64))
        width = max(len(held), len(counts))
        texts[text] = np.pad(held, (0, width - len(held))) + np.pad(counts, (0, width - len(counts)))
        if len(texts) > MOST_CATEGORIES:
            self.texts[feature] = None

    def _bins(self, feature: str, order: Counts) -> Counts | None:
        texts = self.texts.get(feature, {})
        if texts is None:
            return None
        rows = [_wide(counts, len(order)) for text, counts in sorted(texts.items()) if text != MISSING]
        common = [row for row in rows if row.sum() >= FEWEST_IN_BIN]
        rare = [row for row in rows if row.sum() < FEWEST_IN_BIN]
        bins = [*common, *([np.sum(rare, axis=0)] if rare else [])]
        table = self.numbers.get(feature)
        if table is not None and table.total:
            bins += list(_wide(_in_bins(table), len(order)))
        if MISSING in texts:
            bins.append(_wide(texts[MISSING], len(order)))
        return np.array(bins, np.int64).reshape(-1, len(order))[:, order]


def _in_bins(table: ValueTable) -> Counts:
    """The rows of a table of numbers in bins of about equal weight, shape (n_bins, n_cells)."""
    below = table.counts.sum(axis=1).cumsum()
    n_bins = max(1, min(MOST_BINS, int(below[-1]) // FEWEST_IN_BIN))
    cuts = np.unique(np.searchsorted(below, np.arange(1, n_bins + 1) * below[-1] / n_bins))
    return np.asarray(np.add.reduceat(table.counts, np.append(0, cuts[:-1] + 1), axis=0))


def _wide(counts: Counts, width: int) -> Counts:
    return np.pad(counts, [(0, 0)] * (counts.ndim - 1) + [(0, width - counts.shape[-1])])
