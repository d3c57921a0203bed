"""What of the columns of two tables does a comparison need, once the tables are laid side by side?

Counts in the same bins, in the same order: what the bins are called, a number or a text of somebody's, changes no
figure and is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from audits.checks.statistics.column_values import RARE, ColumnValues, ValuesOfColumn
from audits.checks.statistics.side_by_side import AREA, SideBySide
from audits.checks.statistics.value_table import ValueTable, to_keys


class AlignedValues(ColumnValues):
    """The columns of evaluation or reference in bins that are counted through, 0 the first; made of ColumnValues.

    The numbers of a column are the places of their thresholds in ascending order, its texts the places of the texts
    of both tables in alphabetical order.
    """

    made_of: ClassVar[type[Any]] = ColumnValues
    reads: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[str, ...]] = ("name", "kind", "rows", "missing", "counts", "edges", "widest", "inside")

    @classmethod
    def kept_of_all(cls, tables: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Self]:
        """Of both tables, each column in the bins that the two have together."""
        found = {name: cls(values.names, dict(values.by_name)) for name, values in tables.items()}
        for column in dict.fromkeys(column for values in tables.values() for column in values.by_name):
            held = {name: values.by_name[column] for name, values in tables.items() if column in values.by_name}
            for kind in ("numbers", "texts"):
                alike = {name: one for name, one in held.items() if one.is_numeric == (kind == "numbers")}
                aligned = _numbers(alike) if kind == "numbers" else _texts(alike)
                for name, one in aligned.items():
                    found[name].by_name[column] = one
        return found

    def to_document(self) -> dict[str, Any]:
        columns = []
        for one in self.by_name.values():
            beside = {} if one.beside is None else one.beside.to_document()
            told = {**beside, "name": one.name, "kind": one.kind, "rows": one.rows, "missing": one.missing}
            told |= {"counts": _counts(one), "inside": one.inside}
            if "edges" in told:
                told["edges"] = list(map(int, told["edges"]))
            columns.append([told.get(name) for name in self.fields])
        return {"names": list(self.names), "fields": list(self.fields), "columns": columns}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        columns = [dict(zip(document["fields"], column, strict=True)) for column in document["columns"]]
        return cls(tuple(document["names"]), {column["name"]: _read(column) for column in columns})


class AlignedAreas(AlignedValues):
    """As AlignedValues, with the area between the two distribution functions of a column and its deviation."""

    asks: ClassVar[tuple[str, ...]] = (AREA,)
    fields: ClassVar[tuple[str, ...]] = (*AlignedValues.fields, "deviation", "wasserstein")


def _numbers(held: Mapping[str, ValuesOfColumn]) -> dict[str, ValuesOfColumn]:
    sides = {name: one.beside for name, one in held.items()}
    ends = [one.numbers.values() for one in held.values()] + [side.edges for side in sides.values() if side is not None]
    thresholds = np.unique(np.concatenate(ends)) if ends else np.empty(0)
    found = {}
    for name, one in held.items():
        counts = np.zeros((len(thresholds), 1), np.int64)
        counts[np.searchsorted(thresholds, one.numbers.values())] = one.numbers.counts
        side = sides[name]
        edges = None if side is None else np.searchsorted(thresholds, side.edges).astype(np.float64)
        found[name] = replace(
            one,
            table=_counted(counts),
            beside=None if side is None or edges is None else replace(side, edges=edges),
            waiting=[],
        )
    return found


def _texts(held: Mapping[str, ValuesOfColumn]) -> dict[str, ValuesOfColumn]:
    texts = {name: one.texts for name, one in held.items()}
    profile = next((one.texts for one in held.values() if one.inside is not None and one.texts is not None), None)
    if profile is not None:
        texts = {name: None if counted is None else folded(counted, profile) for name, counted in texts.items()}
    bins = sorted({text for counted in texts.values() for text in counted or ()})
    return {
        name: replace(one, texts=None if (own := texts[name]) is None else _named([own.get(text, 0) for text in bins]))
        for name, one in held.items()
    }


def folded(texts: Mapping[str, int], profile: Mapping[str, int]) -> dict[str, int]:
    """A profile does not say which texts were rare: those that it does not name count as such, if there were any."""
    if RARE not in profile:
        return dict(texts)
    named = {text: rows for text, rows in texts.items() if text in profile and text != RARE}
    return {**named, RARE: sum(texts.values()) - sum(named.values())}


def _counts(one: ValuesOfColumn) -> list[int] | None:
    if one.is_numeric:
        found: list[int] = one.numbers.counts[:, 0].tolist()
        return found
    return None if one.texts is None else list(one.texts.values())


def _read(column: Mapping[str, Any]) -> ValuesOfColumn:
    one = ValuesOfColumn(column["name"], column["kind"], column["rows"], column["missing"], inside=column["inside"])
    counts = column["counts"]
    if not one.is_numeric:
        return replace(one, texts=None if counts is None else _named(counts))
    beside = None
    if column["edges"] is not None:
        known = column.keys() & SideBySide.__dataclass_fields__
        beside = SideBySide.from_document({name: column[name] for name in known})
    return replace(one, table=_counted(np.array(counts, np.int64)[:, None]), beside=beside)


def _counted(counts: np.ndarray[Any, np.dtype[np.int64]]) -> ValueTable:
    return ValueTable(keys=to_keys(np.arange(len(counts), dtype=np.float64)), counts=counts)


def _named(counts: list[int]) -> dict[str, int]:
    """Counts under names that sort as they stand."""
    return {f"{place:06d}": rows for place, rows in enumerate(counts)}
