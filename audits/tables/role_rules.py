"""What must hold for every cell of a column that has a role?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from audits.tables.cells import INTEGER, NUMBER, NotANumber, parse_numbers
from audits.tables.declaration import ColumnDeclaration, Declaration
from audits.tables.repeats import RepeatedIds
from audits.tables.unusable import UnusableTable, shorten


@dataclass(frozen=True)
class Cells:
    """Consecutive cells of one column.

    In a delimited file all of them are text, which can stand for a number; text in a Parquet file cannot.
    """

    column: str
    values: pa.Array
    n_before: int
    all_text: bool = False

    @cached_property
    def numbers(self) -> pa.Array:
        """The cells as float64 with missing ones null. Raises NotANumber."""
        kind = self.values.type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return self.values.cast(pa.float64(), safe=False)
        if self.all_text:
            return parse_numbers(self.values)
        if self.values.null_count == len(self.values):
            return pa.nulls(len(self.values), pa.float64())
        raise NotANumber(pc.index(pc.is_valid(self.values), True).as_py())

    def before(self, index: int) -> Cells:
        return Cells(self.column, self.values.slice(0, index), self.n_before, self.all_text)

    def shown(self, index: int) -> str:
        value = self.values[index].as_py()
        if not isinstance(value, str):
            return shorten(str(value))
        return f'"{shorten(value)}"' if self.all_text else f'the text "{shorten(value)}"'

    def error(self, code: str, index: int, detail: str, fix: str) -> UnusableTable:
        return UnusableTable(code, detail, self.column, self.n_before + index + 1, None, fix)


# A rule raises UnusableTable for the first cell that it cannot accept.
Rule = Callable[[Cells], None]


def rules_for(declaration: Declaration) -> Iterator[tuple[str, Rule]]:
    """The names of the columns whose cells are looked at, each with a rule; a column can have several."""
    for column in declaration.columns:
        for role in column.roles:
            rule = _rule_of_role(role, declaration.task)
            if rule is not None:
                yield column.name, rule
        if column.bands is not None:
            yield column.name, refuse_text_in_bands


def _rule_of_role(role: str, task: str) -> Rule | None:
    if role in ("label", "prediction", "incumbent"):
        if task in ("binary", "multi_label"):
            return lambda cells: require_binary(cells, role)
        if task == "regression":
            return lambda cells: require_finite_numbers(cells, role)
        return lambda cells: require_present(cells, role)
    if role in ("score", "lower", "upper"):
        return lambda cells: require_finite_numbers(cells, role)
    if role == "weight":
        return require_weights
    return None


def require_present(cells: Cells, role: str) -> None:
    values = cells.values
    if pa.types.is_string(values.type):
        # Nobody calls a class NaN: it is how a missing value is written by a program that knows no other way.
        values = pc.if_else(pc.equal(pc.utf8_lower(values), "nan"), pa.scalar(None, pa.string()), values)
    _raise_first((pc.is_null(values), _is_missing(cells, role)))


def require_binary(cells: Cells, role: str) -> None:
    def is_other(index: int) -> UnusableTable:
        return cells.error(
            f"{role}_not_binary",
            index,
            f"the {role} is {cells.shown(index)}, not 0 or 1",
            "write 1 for the one outcome and 0 for the other",
        )

    numbers = _numbers(cells, lambda earlier: require_binary(earlier, role), is_other)
    other_values = pc.and_(pc.is_valid(numbers), pc.invert(pc.is_in(numbers, pa.array([0.0, 1.0]))))
    _raise_first((pc.is_null(numbers), _is_missing(cells, role)), (other_values, is_other))


def require_finite_numbers(cells: Cells, role: str, smallest: float = -math.inf) -> None:
    def is_text(index: int) -> UnusableTable:
        return cells.error(
            f"{role}_not_a_number",
            index,
            f"the {role} is {cells.shown(index)}, not a number",
            "write digits with a point, such as 0.73",
        )

    def is_infinite(index: int) -> UnusableTable:
        return cells.error(f"{role}_infinite", index, f"the {role} is {cells.shown(index)}", "write a finite number")

    def is_negative(index: int) -> UnusableTable:
        return cells.error(f"{role}_negative", index, f"the {role} is {cells.shown(index)}, below 0", "write 0 or more")

    numbers = _numbers(cells, lambda earlier: require_finite_numbers(earlier, role, smallest), is_text)
    _raise_first(
        (pc.is_null(numbers), _is_missing(cells, role)),
        (pc.is_inf(numbers), is_infinite),
        (pc.less(numbers, smallest), is_negative),
    )


def require_weights(cells: Cells) -> None:
    require_finite_numbers(cells, "weight", smallest=0)


def refuse_text_in_bands(cells: Cells) -> None:
    """A missing value is allowed: the checks count it as a group of its own."""
    try:
        cells.numbers  # noqa: B018 - the reading itself is the test
    except NotANumber as other:
        raise cells.error(
            "bands_on_text",
            other.index,
            f"the column has bands, and {cells.shown(other.index)} is not a number",
            "write a number or leave the cell empty, or declare no bands",
        ) from None


def must_hold_numbers(column: ColumnDeclaration, task: str) -> bool:
    """Whether the declaration leaves no other reading of the column than as numbers."""
    if column.bands is not None or {"score", "weight", "lower", "upper"} & set(column.roles):
        return True
    return task == "regression" and bool({"label", "prediction", "incumbent"} & set(column.roles))


class UniqueIds:
    """The rule that no id is missing and none comes twice; the second half is known after the last row."""

    def __init__(self, column: ColumnDeclaration) -> None:
        self.column = column.name
        self._ids = RepeatedIds()

    def __call__(self, cells: Cells) -> None:
        first = _first(pc.is_null(cells.values))
        if first is not None:
            raise cells.error("id_missing", first, "the id is missing", "give every row an id")
        self._ids.add(cells.values)

    def finish(self, again: Iterable[pa.Array]) -> None:
        """Raise UnusableTable for the first id that came before; `again` gives the same cells once more."""
        repeat = self._ids.first_repeat(again)
        if repeat is not None:
            shown = f'"{shorten(str(repeat.value))}"'
            raise UnusableTable(
                "id_repeated",
                f"the id {shown} stands in row {repeat.first_row} already",
                column=self.column,
                row=repeat.row,
                fix="give every row its own id, or declare no id",
            )


def require_comparable(declaration: Declaration, types: dict[str, str]) -> None:
    """Raise UnusableTable where predictions could never equal labels because one of them is text."""
    label, prediction = declaration.one("label"), declaration.one("prediction")
    if label is None or prediction is None:
        return
    numeric = [types[column.name] in (INTEGER, NUMBER) for column in (label, prediction)]
    if numeric[0] != numeric[1]:
        raise UnusableTable(
            "incomparable_types",
            f'the prediction is {types[prediction.name]} and the label "{label.name}" is {types[label.name]}',
            column=prediction.name,
            fix="write both in the same way",
        )


Problem = Callable[[int], UnusableTable]


def _numbers(cells: Cells, rule: Rule, is_text: Problem) -> pa.Array:
    """The numbers of the cells; for a cell that is none, the cells before it have their say first."""
    try:
        return cells.numbers
    except NotANumber as other:
        rule(cells.before(other.index))
        raise is_text(other.index) from None


def _raise_first(*problems: tuple[pa.Array, Problem]) -> None:
    """Raise for the earliest cell that a mask of shape (n_rows,) marks."""
    firsts = [(index, problem) for mask, problem in problems if (index := _first(mask)) is not None]
    if firsts:
        index, problem = min(firsts, key=lambda first: first[0])
        raise problem(index)


def _is_missing(cells: Cells, role: str) -> Problem:
    return lambda index: cells.error(
        f"{role}_missing", index, f"the {role} is missing", f"leave rows without a {role} out of the table"
    )


def _first(mask: pa.Array) -> int | None:
    index = pc.index(mask, True).as_py()
    return None if index < 0 else index
