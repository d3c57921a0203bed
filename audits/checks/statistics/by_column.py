"""How does a statistic of single columns become one of a table?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import pyarrow as pa

from audits.checks.roles import Roles
from audits.checks.statistics.columns import column_of, kind_of


class OfColumn(Protocol):
    """What is kept of one column. Mergeable."""

    name: str
    rows: int

    def __init__(self, name: str, kind: str) -> None: ...

    def add(self, cells: pa.Array) -> None: ...

    def merge(self, other: Self) -> None: ...

    def to_document(self) -> dict[str, Any]: ...

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self: ...


Part = TypeVar("Part", bound=OfColumn)


@dataclass
class ByColumn(Generic[Part]):
    """The same statistic of several columns. Mergeable; equal for any batch size and order of rows.

    A subclass says in `part` what is kept of a column, and in `columns` which columns it takes.
    """

    needs_roles: ClassVar[tuple[str, ...]] = ()
    by_column: ClassVar[bool] = True
    part: ClassVar[type[Any]]

    names: tuple[str, ...]
    by_name: dict[str, Part] = field(default_factory=dict)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        """The columns that are read, given what the columns of the table mean."""
        raise NotImplementedError

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        return cls(cls.columns(roles))

    def started(self, name: str, kind: str) -> Part:
        """What is kept of a column before its first cell."""
        begun: Part = self.part(name, kind)
        return begun

    @property
    def n_rows(self) -> int:
        return max((part.rows for part in self.by_name.values()), default=0)

    def of(self, names: Sequence[str]) -> Self:
        """The statistic of these columns alone, in this order; it shares what is kept of them."""
        narrow = copy(self)
        narrow.by_name = {name: self.by_name[name] for name in names if name in self.by_name}
        narrow.names = tuple(names)
        return narrow

    def add(self, batch: pa.RecordBatch) -> None:
        for name in self.names:
            self.add_column(name, column_of(batch, name))

    def add_column(self, name: str, cells: pa.Array) -> None:
        """Take the next cells of one column."""
        if name not in self.by_name:
            self.by_name[name] = self.started(name, kind_of(cells.type))
        self.by_name[name].add(cells)

    def merge(self, other: Self) -> None:
        for name, part in other.by_name.items():
            if name in self.by_name:
                self.by_name[name].merge(part)
            else:
                self.by_name[name] = deepcopy(part)

    def to_document(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "columns": [self.by_name[name].to_document() for name in self.names if name in self.by_name],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        parts = [cls.part.from_document(column) for column in document["columns"]]
        return cls(tuple(document["names"]), {part.name: part for part in parts})
