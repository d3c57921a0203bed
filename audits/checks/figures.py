"""What do all figures of a check say together, held against their limits?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from audits.checks.base import CannotMeasure, Finding, Measurement, Report, Severity
from audits.checks.limits import Ruling, deciding, ruled
from audits.checks.sentences import figure, some


@dataclass(frozen=True)
class Figure:
    """A figure with its interval, and the limit that it must not cross.

    With `at_least` the limit is the smallest value allowed, otherwise the largest. `words` name the figure
    in a sentence; without them its name does. A limit of None decides nothing. With `estimate_only` the
    figure has no interval by its nature, and its estimate decides whatever end was asked for.
    """

    name: str
    value: Fraction | float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    limit: float | None = None
    at_least: bool = False
    ideal: float | None = None
    group: str | None = None
    unit: str = "1"
    note: str = ""
    words: str = ""
    estimate_only: bool = False

    def measurement(self) -> Measurement:
        """The figure as a report carries it."""
        undefined = self.value is None and not self.note
        return Measurement(
            name=self.name,
            value=None if self.value is None else float(self.value),
            unit=self.unit,
            group=self.group,
            low=self.low,
            high=self.high,
            n=self.n,
            ideal=self.ideal,
            limit=self.limit,
            note="undefined: nothing to divide by" if undefined else self.note,
        )

    @property
    def said(self) -> str:
        """The figure in words, with the group that it is about."""
        words = self.words or self.name.replace("_", " ")
        return f"{words} of {self.group}" if self.group else words

    def ruling(self, decide_on: str) -> Ruling | None:
        """What holding the figure against its limit came to; None when there is no limit or no figure."""
        if self.limit is None or self.value is None:
            return None
        # Two doubles that print alike are alike: what rounding left must not be told from the limit as written.
        value = self.value if isinstance(self.value, Fraction) else Fraction(repr(self.value))
        return ruled(
            value,
            self.low,
            self.high,
            self.limit,
            decide_on="estimate" if self.estimate_only else decide_on,
            rows=self.n or 0,
            what=self.said,
            floor=self.at_least,
        )


def rows_of_group(
    attribute: str, group: str, rows: int, note: str = "too few rows to compare", fewest: int | None = None
) -> Figure:
    """The rows of a group of which nothing else is measured; `fewest` is the smallest number that is told of it."""
    where = f"{attribute}/{group}"
    return Figure("group_rows", rows, n=rows if fewest is None else fewest, group=where, unit="rows", note=note)


def held(
    check: str,
    figures: Iterable[Figure],
    *,
    severity: Severity,
    decide_on: str = "estimate",
    notes: Sequence[str] = (),
    obstacles: Sequence[str] = (),
) -> Report:
    """Report all figures, with a finding for each that crosses its limit.

    Raises: CannotMeasure when a figure that has a limit is undefined or the rows do not suffice to decide, or
    there is another obstacle, and nothing was found among the others.
    """
    figures = list(figures)
    findings, doubts = [], []
    for one in figures:
        ruling = one.ruling(decide_on)
        if ruling is None:
            continue
        if ruling.doubt:
            doubts.append(ruling.doubt)
        if ruling.beyond:
            side = "below" if one.at_least else "above"
            findings.append(
                Finding(
                    key="/".join(filter(None, (check, one.group or "", one.name if _several(figures, one) else ""))),
                    severity=severity,
                    sentence=(
                        f"The {one.said}: {deciding(decide_on, 'value')} {figure(ruling.value)}, "
                        f"{side} the limit {figure(one.limit)}."
                    ),
                    measurement=one.name,
                )
            )
    undefined = [one.said for one in figures if one.value is None and one.limit is not None]
    hindered = [*obstacles, *doubts, *([f"Undefined on this table: {some(undefined)}."] if undefined else [])]
    measured = tuple(one.measurement() for one in figures)
    if hindered and not findings:
        raise CannotMeasure(" ".join(hindered), Report(measured, (), tuple(notes)))
    return Report(measured, tuple(findings), (*notes, *hindered))


def _several(figures: Sequence[Figure], one: Figure) -> bool:
    """Whether the check holds figures of several names against limits, so that the key must say which."""
    return any(other.name != one.name and other.limit is not None for other in figures)
