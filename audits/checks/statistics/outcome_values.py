"""How are labels, predictions and lengths of texts spread, so that two tables can be laid side by side?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import pyarrow as pa
import pyarrow.compute as pc

from audits.checks.roles import Roles
from audits.checks.statistics.column_values import ColumnValues
from audits.checks.statistics.columns import as_texts, kind_of


@dataclass
class _Outcomes(ColumnValues):
    """Values by column; those of `classes` are names, also where they are written as numbers."""

    classes: tuple[str, ...] = ()

    @classmethod
    def empty(cls, roles: Roles) -> Self:
        named = () if roles.task == "regression" else (roles.label, roles.prediction)
        return cls(cls.columns(roles), classes=tuple(name for name in named if name is not None))

    def add_column(self, name: str, cells: pa.Array) -> None:
        if name in self.classes:
            texts, codes = as_texts(cells)
            cells = pa.array(texts, pa.string()).take(pa.array(codes))
        super().add_column(name, cells)


@dataclass
class LabelValues(_Outcomes):
    """The spread of the label: classes by name, numbers of a regression by value."""

    needs_roles: ClassVar[tuple[str, ...]] = ("label",)

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return (str(roles.label),)


@dataclass
class PredictionValues(_Outcomes):
    """The spread of the prediction (classes by name) and of the score."""

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return tuple(name for name in (roles.prediction, roles.score) if name is not None)


class TextLengths(ColumnValues):
    """The lengths, in characters without the blanks around them, of the cells of each text feature."""

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.features

    def add_column(self, name: str, cells: pa.Array) -> None:
        if pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if kind_of(cells.type) == "text":
            lengths = pc.utf8_length(pc.utf8_trim_whitespace(cells.cast(pa.large_string()))).cast(pa.int64())
            super().add_column(name, pc.if_else(pc.equal(lengths, 0), pa.scalar(None, pa.int64()), lengths))
