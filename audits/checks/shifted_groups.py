"""In which group did a column move the most?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from audits.checks.base import CannotMeasure
from audits.checks.divergence import chi_square_p_value, jensen_shannon
from audits.checks.drift import Binned
from audits.checks.figures import Figure, rows_of_group
from audits.checks.limits import exactly
from audits.checks.sentences import listed, some
from audits.checks.spread_in_groups import SpreadInGroups, spreads
from audits.checks.statistics.group_values import GroupValues
from audits.checks.statistics.tails import adjusted

Sizes = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class ShiftInGroup:
    """A column in the group in which it moved the most, among all that are compared by this attribute.

    `adjusted` is the p-value, corrected for all pairs of a group and a column. The column `moved` in so many of the
    `compared` groups.
    """

    attribute: str
    column: str
    group: str
    bins: Binned
    adjusted: float
    moved: int
    compared: int

    @property
    def distance(self) -> float:
        return float(jensen_shannon(self.bins.current, self.bins.reference))


@dataclass(frozen=True)
class GroupShifts:
    """Rows of each group of the attributes that are looked at and, of the evaluation, the largest shift of each column.

    Made of GroupValues of both tables; no number and no text of anybody is kept. Of the columns that are `rounded` the
    deciles are not exact; `refused` says which columns and groups cannot be compared.
    """

    made_of: ClassVar[type[Any]] = GroupValues
    reads: ClassVar[tuple[str, ...]] = (
        *("attribute", "columns", "max_distance", "false_discovery_rate", "min_group_size", "leave_out"),
    )

    n_rows: int
    sizes: Sizes
    largest: tuple[ShiftInGroup, ...] = ()
    pairs: int = 0
    moved: int = 0
    rounded: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @classmethod
    def kept_of_all(cls, tables: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Self]:
        now, then = tables["evaluation"], tables["reference"]
        named = parameters["attribute"]
        attributes = (named,) if named is not None else now.attributes
        for table, values in tables.items():
            absent = [name for name in attributes if name not in values.attributes]
            if absent:
                raise CannotMeasure(
                    f"{listed(absent)} is no sensitive column of the {table} table; declared are: "
                    f"{', '.join(values.attributes)}."
                )
        sizes = {table: _sizes(values, attributes) for table, values in tables.items()}
        minimum = parameters["min_group_size"]
        usable: dict[str, list[str]] = defaultdict(list)
        for name, group, *rows in rows_by_group(sizes["evaluation"], sizes["reference"], parameters["leave_out"]):
            if min(rows) >= minimum:
                usable[name].append(group)
        laid, refused = spreads(now, then, parameters["columns"])
        found, few = _pairs(now, then, usable, laid, minimum)
        if few:
            refused.append(f"Too few filled rows of {some(few)}; {minimum} are needed in each table.")
        largest, moved = _largest(found, parameters["max_distance"], parameters["false_discovery_rate"])
        rounded = tuple(name for name, spread in laid.items() if spread.is_rounded)
        return {
            "evaluation": cls(now.n_rows, sizes["evaluation"], largest, len(found), moved, rounded, tuple(refused)),
            "reference": cls(then.n_rows, sizes["reference"]),
        }

    def to_document(self) -> dict[str, Any]:
        by_attribute: dict[str, list[list[Any]]] = defaultdict(list)
        for one in self.largest:
            counts = [one.bins.current.tolist(), one.bins.reference.tolist()]
            by_attribute[one.attribute].append([one.column, one.group, *counts, one.adjusted, one.moved, one.compared])
        return {
            "n_rows": self.n_rows,
            "groups": [[name, [[group, n] for group, n in rows.items()]] for name, rows in self.sizes.items()],
            "largest": [[name, shifts] for name, shifts in by_attribute.items()],
            "pairs": self.pairs,
            "moved": self.moved,
            "rounded": list(self.rounded),
            "refused": list(self.refused),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        largest = [
            ShiftInGroup(name, column, group, Binned(np.array(now), np.array(then), ""), *rest)
            for name, shifts in document["largest"]
            for column, group, now, then, *rest in shifts
        ]
        return cls(
            document["n_rows"],
            {name: dict(rows) for name, rows in document["groups"]},
            tuple(largest),
            document["pairs"],
            document["moved"],
            tuple(document["rounded"]),
            tuple(document["refused"]),
        )


def rows_by_group(now: Sizes, then: Sizes, leave_out: Sequence[str]) -> list[tuple[str, str, int, int]]:
    """Attribute, group, rows now and rows in the reference, of every group that either table has."""
    return [
        (name, group, now[name].get(group, 0), then[name].get(group, 0))
        for name in now
        for group in dict.fromkeys((*now[name], *then[name]))
        if group not in leave_out
    ]


def groups_aside(rows: Sequence[tuple[str, str, int, int]], minimum: int) -> tuple[list[Figure], list[str]]:
    """The groups that cannot be compared, as figures, and what is to be said of them."""
    figures = []
    new, gone, small = [], [], []
    for name, group, n, before in rows:
        if min(n, before) >= minimum:
            continue
        if not before:
            new.append(f"{name}/{group} ({n})")
            note = "new since the reference"
        elif not n:
            gone.append(f"{name}/{group} ({before})")
            note = f"no longer there; {before} in the reference"
        else:
            small.append(f"{name}/{group} ({n} now, {before} then)")
            note = f"too few rows to compare; {before} in the reference"
        figures.append(rows_of_group(name, group, n, note, fewest=min(filter(None, (n, before)))))
    said = [
        f"New since the reference, with nothing to compare with: {some(new)}." if new else "",
        f"In the reference, but no longer there: {some(gone)}." if gone else "",
        f"Too few rows in {some(small)}; {minimum} are needed in each table." if small else "",
    ]
    return figures, [sentence for sentence in said if sentence]


def _sizes(values: GroupValues, attributes: Sequence[str]) -> Sizes:
    return {
        name: {group: int(values.sizes[cell]) for group, cell in values.groups(name).items()} for name in attributes
    }


def _pairs(
    now: GroupValues,
    then: GroupValues,
    usable: Mapping[str, Sequence[str]],
    spreads: Mapping[str, SpreadInGroups],
    minimum: int,
) -> tuple[list[tuple[str, str, str, Binned]], list[str]]:
    """Attribute, column, group and counts of every pair that can be compared; the pairs with too few filled rows."""
    found, few = [], []
    for attribute, groups in usable.items():
        cells, before = now.groups(attribute), then.groups(attribute)
        for column, spread in spreads.items():
            for group in groups if column != attribute else ():
                places = cells[group], before[group]
                if (filled := spread.filled(*places)) < minimum:
                    few.append(f"{column} by {attribute}/{group} ({filled})")
                else:
                    found.append((attribute, column, group, spread.binned(*places)))
    return found, few


def _largest(
    pairs: Sequence[tuple[str, str, str, Binned]], max_distance: float, false_discovery_rate: float
) -> tuple[tuple[ShiftInGroup, ...], int]:
    """Of each attribute and column the group that moved the most, and how many pairs moved.

    A group that moved by more than chance comes before one that only seems to have moved further.
    """
    raised = adjusted([chi_square_p_value(bins) for *_, bins in pairs])
    together = defaultdict(list)
    for (attribute, column, group, bins), p_value in zip(pairs, raised, strict=True):
        distance = float(jensen_shannon(bins.current, bins.reference))
        has_moved = p_value <= false_discovery_rate and distance > exactly(max_distance)
        together[attribute, column].append((has_moved, distance, p_value, group, bins))
    largest = []
    for (attribute, column), groups in together.items():
        _, _, p_value, group, bins = max(groups, key=lambda one: one[:2])
        moved = sum(has_moved for has_moved, *_ in groups)
        largest.append(ShiftInGroup(attribute, column, group, bins, p_value, moved, len(groups)))
    return tuple(largest), sum(one.moved for one in largest)
