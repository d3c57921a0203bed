"""What of the shapes of columns does a contract look at?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Self

from audits.checks.base import CannotMeasure
from audits.checks.contracts import MAY_BE_UNIQUE, ColumnContract, inferred, parsed
from audits.checks.statistics.column_shapes import REPEATS, ColumnShapes, ShapeOfColumn

_FIELDS = (
    "name",
    "kind",
    "rows",
    "missing",
    "whole",
    "low",
    "high",
    "ascends",
    "descends",
    "texts",
    "masks",
    "repeated",
)


class _JudgedShapes(ColumnShapes):
    """Shapes without the texts that no rule asks for; of those that only have to be counted the number is written."""

    def to_document(self) -> dict[str, Any]:
        columns = [{**one.to_document(), "texts": _counted(one.texts), "masks": _counted(one.masks)} for one in self]
        return {"fields": list(_FIELDS), "columns": [[column[name] for name in _FIELDS] for column in columns]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        columns = [dict(zip(document["fields"], column, strict=True)) for column in document["columns"]]
        sets = [{name: _numbered(column[name]) for name in ("texts", "masks")} for column in columns]
        shapes = [ShapeOfColumn(**{**column, **found}) for column, found in zip(columns, sets, strict=True)]
        return cls(tuple(one.name for one in shapes), {one.name: one for one in shapes})

    def __iter__(self) -> Iterator[ShapeOfColumn]:
        return iter(self.by_name.values())


class DeclaredShapes(_JudgedShapes):
    """The shapes of the columns in a declared contract, with the texts and patterns that it does not allow."""

    made_of: ClassVar[type[Any]] = ColumnShapes
    reads: ClassVar[tuple[str, ...]] = ("columns",)

    @staticmethod
    def asks(parameters: Mapping[str, Any]) -> tuple[str, ...]:
        try:
            contracts = [parsed(line) for line in parameters["columns"]]
        except CannotMeasure:
            # The check will say what is wrong with a line.
            return ()
        return tuple(ColumnShapes.repeats_of(contract.name) for contract in contracts if contract.unique)

    @classmethod
    def kept(cls, shapes: ColumnShapes, parameters: Mapping[str, Any]) -> Self:
        contracts = [parsed(line) for line in parameters["columns"]]
        named = dict.fromkeys(contract.name for contract in contracts if contract.name in shapes.by_name)
        held = {
            name: _judged(shapes.by_name[name], [contract for contract in contracts if contract.name == name])
            for name in named
        }
        return cls(tuple(held), held)


class AgreedShapes(_JudgedShapes):
    """The shapes of the columns of a reference, and those of the same columns now.

    Of the reference the texts and patterns are counted, and those of now are kept that the reference does not have.
    """

    made_of: ClassVar[type[Any]] = ColumnShapes
    reads: ClassVar[tuple[str, ...]] = ("range_margin", "max_categories", "min_rows")
    asks: ClassVar[tuple[str, ...]] = (REPEATS,)

    @classmethod
    def kept_of_all(cls, tables: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Self]:
        now, then = tables["evaluation"].by_name, tables["reference"].by_name
        contracts = {
            name: inferred(shape, **{word: parameters[word] for word in cls.reads}) for name, shape in then.items()
        }
        agreed = {
            name: replace(
                _ended(shape, asks_whether_unique=contracts[name].type in MAY_BE_UNIQUE),
                texts=_numbered(_number(shape.texts)),
                masks=_numbered(_number(shape.masks)),
            )
            for name, shape in then.items()
        }
        held = {name: _judged(now[name], [contract]) for name, contract in contracts.items() if name in now}
        return {"evaluation": cls(tuple(held), held), "reference": cls(tuple(agreed), agreed)}


def _judged(shape: ShapeOfColumn, contracts: Sequence[ColumnContract]) -> ShapeOfColumn:
    """The shape with the texts and patterns alone that a contract does not allow."""
    texts = [partial(contract.not_agreed, shape) for contract in contracts if contract.categories is not None]
    masks = [contract.off_pattern for contract in contracts if contract.patterns is not None]
    is_asked = any(contract.unique for contract in contracts)
    judged = _ended(shape, asks_whether_unique=is_asked)
    return replace(judged, texts=_beyond(shape.texts, texts), masks=_beyond(shape.masks, masks))


def _beyond(found: set[str] | None, asked: Sequence[Callable[[set[str]], set[str]]]) -> set[str] | None:
    """What is found beyond what is allowed; too much to tell stays so, where anything is asked."""
    if found is None:
        return None if asked else set()
    return set().union(*(beyond(found) for beyond in asked))


def _ended(shape: ShapeOfColumn, *, asks_whether_unique: bool) -> ShapeOfColumn:
    """The shape of a column to which no more rows are added; digests are sorted only where somebody asks."""
    repeated = shape.repeats if asks_whether_unique else None
    return replace(shape, first=None, last=None, repeated=repeated, digests=[], looked_at=0)


# No text begins with a blank, so that these stand for no text.
def _numbered(texts: int | list[str] | None) -> set[str] | None:
    return {f" {place}" for place in range(texts)} if isinstance(texts, int) else None if texts is None else set(texts)


def _number(texts: set[str] | None) -> int | None:
    return None if texts is None else len(texts)


def _counted(texts: set[str] | None) -> int | list[str] | None:
    return texts if texts is None else len(texts) if any(text.startswith(" ") for text in texts) else sorted(texts)
