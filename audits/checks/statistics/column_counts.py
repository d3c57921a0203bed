"""How many cells of each column are filled, and how many different values do they hold?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from audits.checks.statistics.column_profiles import ColumnProfiles


@dataclass(frozen=True)
class CountsOfColumn:
    """One column; the number of distinct values is an estimate where `is_distinct_exact` is false."""

    name: str
    rows: int
    missing: int
    distinct: int
    is_distinct_exact: bool


@dataclass(frozen=True)
class ColumnCounts:
    """The counts of every column, made of ColumnProfiles."""

    made_of: ClassVar[type[Any]] = ColumnProfiles
    reads: ClassVar[tuple[str, ...]] = ()

    columns: tuple[CountsOfColumn, ...]

    @classmethod
    def kept(cls, profiles: ColumnProfiles, parameters: Mapping[str, Any]) -> Self:
        return cls(
            tuple(
                CountsOfColumn(one.name, one.rows, one.missing, one.distinct, one.is_distinct_exact)
                for one in profiles.by_name.values()
            )
        )

    @property
    def n_rows(self) -> int:
        return max((column.rows for column in self.columns), default=0)

    def to_document(self) -> dict[str, Any]:
        return {"columns": [dict(vars(column)) for column in self.columns]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(tuple(CountsOfColumn(**column) for column in document["columns"]))
