"""What does a contract ask of a column, and does the column keep it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from audits.checks.base import CannotMeasure, Finding, Measurement, Report, Severity
from audits.checks.sentences import figure, some
from audits.checks.statistics.column_shapes import ShapeOfColumn, masks_of
from audits.checks.statistics.columns import as_text

TYPES = ("integer", "number", "text", "time")
# Of these types a column that holds no value twice is taken to be meant so.
MAY_BE_UNIQUE = ("integer", "text")

# A file that knows true and false is read as holding 1 and 0.
_TRUTH = {"true": "1", "false": "0"}
_RANGE = re.compile(r"from (\S+) to (\S+)")


@dataclass(frozen=True)
class ColumnContract:
    """What must hold for the cells of one column; None and False ask for nothing."""

    name: str
    type: str | None = None
    required: bool = False
    low: float | None = None
    high: float | None = None
    categories: frozenset[str] | None = None
    patterns: frozenset[str] | None = None
    unique: bool = False
    order: str | None = None

    def broken(self, shape: ShapeOfColumn) -> Iterator[tuple[str, str]]:
        """The rules that the column breaks, each with what was found instead."""
        if shape.filled and self.type is not None and not _is_a(shape, self.type):
            yield "type", f"holds {_type_of(shape)} cells where {self.type} is agreed"
            return
        for rule, asked, kinds in (
            ("range", self.low is not None or self.high is not None, ("number", "time")),
            ("categories", self.categories is not None, ("number", "text")),
            ("pattern", self.patterns is not None, ("text",)),
            ("order", self.order is not None, ("number", "time")),
        ):
            if asked and shape.filled and shape.kind not in kinds:
                yield rule, f"holds {shape.kind} cells, of which none can keep such a rule"
        if self.required and shape.missing:
            yield "required", f"is missing in {shape.missing} of {shape.rows} rows"
        if self.low is not None and shape.low is not None and shape.low < self.low:
            yield "range", f"reaches down to {figure(shape.low)}, below {figure(self.low)}"
        elif self.high is not None and shape.high is not None and shape.high > self.high:
            yield "range", f"reaches up to {figure(shape.high)}, above {figure(self.high)}"
        if self.categories is not None:
            if shape.texts is None:
                yield "categories", f"holds more than 200 different values, and {len(self.categories)} are agreed"
            elif new := sorted(self.not_agreed(shape, shape.texts)):
                yield "categories", f"holds {some([_quoted(text) for text in new])}, which is not agreed"
        if self.patterns is not None:
            if shape.masks is None:
                yield "pattern", f"follows more than 50 patterns, and {len(self.patterns)} are agreed"
            elif new := sorted(self.off_pattern(shape.masks)):
                yield "pattern", f"follows the pattern {some([_quoted(mask) for mask in new])}, which is not agreed"
        if self.unique and shape.repeats is None:
            raise CannotMeasure(
                f'Column "{self.name}" holds fractions in {shape.filled:,} rows, and whether one comes twice is looked '
                'at in up to 1,048,576: leave "unique" out, or give it the role key for data_quality.duplicate_keys.'
            )
        if self.unique and shape.repeats:
            yield "unique", "holds a value twice"
        if self.order == "ascending" and not shape.ascends:
            yield "order", "does not ascend"
        if self.order == "descending" and not shape.descends:
            yield "order", "does not descend"

    def not_agreed(self, shape: ShapeOfColumn, found: set[str]) -> set[str]:
        """What was found and stands in no category; numbers are compared as numbers, true and false as 1 and 0."""
        agreed: set[str] = set(self.categories or ())
        if shape.kind == "number":
            agreed |= {text for category in agreed if (text := _as_number(category)) is not None}
        return found - agreed

    def off_pattern(self, found: set[str]) -> set[str]:
        """The patterns that were found and are not agreed."""
        return found - (self.patterns or set())


def inferred(shape: ShapeOfColumn, *, range_margin: float, max_categories: int, min_rows: int) -> ColumnContract:
    """What the reference keeps, read as a contract; ranges are wider by a margin, a share of the range."""
    contract = ColumnContract(shape.name, required=shape.missing == 0)
    if not shape.filled:
        return contract
    contract = replace(contract, type=_type_of(shape))
    enough = shape.filled >= min_rows
    if shape.low is not None and shape.high is not None and shape.kind == "number":
        room = range_margin * (shape.high - shape.low)
        contract = replace(contract, low=shape.low - room, high=shape.high + room)
    if shape.kind == "text":
        if shape.texts is not None and len(shape.texts) <= max_categories and len(shape.texts) * 2 <= shape.filled:
            contract = replace(contract, categories=frozenset(shape.texts))
        elif shape.masks is not None and enough:
            contract = replace(contract, patterns=frozenset(shape.masks))
    if enough and contract.type in MAY_BE_UNIQUE and not shape.repeats:
        contract = replace(contract, unique=True)
    if enough and shape.kind in ("number", "time") and shape.ascends != shape.descends:
        contract = replace(contract, order="ascending" if shape.ascends else "descending")
    return contract


def parsed(line: str) -> ColumnContract:
    """Read "age: integer; required; from 0 to 120" and the like; raises CannotMeasure for what means nothing."""
    name, colon, rules = line.partition(":")
    contract = ColumnContract(name.strip())
    if not colon or not contract.name:
        raise _meaningless(line)
    for rule in filter(None, (part.strip() for part in rules.split(";"))):
        within = _RANGE.fullmatch(rule)
        word, _, listed = rule.partition(" ")
        if rule in TYPES:
            contract = replace(contract, type=rule)
        elif rule == "required":
            contract = replace(contract, required=True)
        elif rule == "unique":
            contract = replace(contract, unique=True)
        elif rule in ("ascending", "descending"):
            contract = replace(contract, order=rule)
        elif within:
            try:
                contract = replace(contract, low=float(within[1]), high=float(within[2]))
            except ValueError:
                raise _meaningless(rule) from None
        elif rule.startswith("one of "):
            contract = replace(contract, categories=_several(rule.removeprefix("one of ")))
        elif word == "pattern" and listed:
            contract = replace(contract, patterns=frozenset(masks_of(pa.array(_several(listed))).to_pylist()))
        else:
            raise _meaningless(rule)
    return contract


def contract_report(
    check: str, contracts: Sequence[ColumnContract], shapes: dict[str, ShapeOfColumn], ignore: Sequence[str]
) -> Report:
    """A finding for each rule that is broken, unless its column, or "column.rule", is to be ignored."""
    measured, findings = [], []
    for contract in contracts:
        name, shape = contract.name, shapes.get(contract.name)
        broken = [("column", "is not declared in the evaluation table")] if shape is None else contract.broken(shape)
        kept = [(rule, what) for rule, what in broken if not {name, f"{name}.{rule}"} & set(ignore)]
        rows = None if shape is None else shape.rows
        measured.append(Measurement("broken_rules", float(len(kept)), "rules", name, n=rows, ideal=0.0, limit=0.0))
        findings += [
            Finding(f"{check}/{name}/{rule}", Severity.MEDIUM, f'Column "{name}" {what}.', "broken_rules")
            for rule, what in kept
        ]
    return Report(tuple(measured), tuple(findings))


def _type_of(shape: ShapeOfColumn) -> str:
    return "integer" if shape.kind == "number" and shape.whole else shape.kind


def _is_a(shape: ShapeOfColumn, kind: str) -> bool:
    return _type_of(shape) == kind or (kind == "number" and shape.kind == "number")


def _as_number(category: str) -> str | None:
    """The number that a category names, written as those of a column are."""
    try:
        return as_text(float(_TRUTH.get(category, category)))
    except ValueError:
        return None


def _several(text: str) -> frozenset[str]:
    return frozenset(filter(None, (part.strip() for part in text.split("|"))))


def _quoted(text: str) -> str:
    return f'"{text[:40]}"'


def _meaningless(text: str) -> CannotMeasure:
    return CannotMeasure(
        f'"{text}" is no rule of a contract; write lines such as "age: integer; required; from 0 to 120", '
        '"sex: one of female | male", "zip: pattern 99999" or "id: unique; ascending".'
    )
