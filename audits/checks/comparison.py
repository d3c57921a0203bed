"""Which groups can be compared, how far apart are they, and is that more than a policy allows?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure, Finding, Measurement, Report, Severity
from audits.checks.sentences import figure, some
from audits.checks.statistics.group_counts import GroupCounts, Grouping, GroupRate
from audits.checks.statistics.intervals import percentile
from audits.checks.statistics.rates import NO_LABEL, NO_PREDICTION, Rate


@dataclass(frozen=True)
class ComparedRates:
    """One rate over the groups of one attribute.

    `usable` are the groups with enough rows, `small` the others, `left_out` those that the policy excludes.
    """

    attribute: str
    rate: Rate
    usable: tuple[GroupRate, ...]
    small: tuple[GroupRate, ...]
    left_out: tuple[GroupRate, ...]
    drawn: NDArray[np.float64]

    @property
    def highest(self) -> GroupRate:
        return max(self.usable, key=lambda group: (_value(group), group.group))

    @property
    def lowest(self) -> GroupRate:
        return min(self.usable, key=lambda group: (_value(group), group.group))

    @property
    def difference(self) -> Fraction:
        return _value(self.highest) - _value(self.lowest)

    def drawn_differences(self) -> NDArray[np.float64]:
        """The largest difference in each bootstrap draw; NaN when a group's rate is undefined in it."""
        return np.asarray(self.drawn.max(axis=1) - self.drawn.min(axis=1))

    def measurements(self) -> list[Measurement]:
        """The rate of every group, also of those that are too small or left out."""
        measured = []
        for note, groups in (
            ("", self.usable),
            ("too few rows to compare", self.small),
            ("left out of the comparison by the policy", self.left_out),
        ):
            measured += [
                Measurement(
                    name=self.rate.name,
                    value=None if group.value is None else float(group.value),
                    group=f"{self.attribute}/{group.group}",
                    low=group.low,
                    high=group.high,
                    n=group.n,
                    note=note,
                )
                for group in groups
            ]
        return measured


def compared(grouping: Grouping, rate: Rate, minimum: int, leave_out: Sequence[str]) -> ComparedRates:
    """Sort the groups of an attribute into usable, too small and left out."""
    rates = grouping.rates(rate)
    chosen, small, excluded = [], [], []
    for place, group in enumerate(rates):
        if group.group in leave_out:
            excluded.append(group)
        elif group.n < minimum or group.value is None:
            small.append(group)
        else:
            chosen.append((place, group))
    drawn = grouping.drawn_rates(rate)[:, [place for place, _ in chosen]]
    usable = tuple(group for _, group in chosen)
    return ComparedRates(grouping.attribute, rate, usable, tuple(small), tuple(excluded), drawn)


def require_complete(counts: GroupCounts, *, labels: bool) -> tuple[str, ...]:
    """Refuse a table with missing decisions; say in a note how many rows have no label.

    A row without a decision could be any decision: leaving it out would let a table hide the very
    people whom the rate is about.
    """
    everybody = counts.everybody()
    undecided = everybody.rows(NO_PREDICTION)
    if undecided:
        raise CannotMeasure(
            f'{undecided} of {counts.n_rows} rows have no value in column "{counts.roles.prediction}"; '
            "give every row a prediction."
        )
    unlabelled = everybody.rows(NO_LABEL)
    if labels and unlabelled:
        return (f'{unlabelled} of {counts.n_rows} rows have no label in "{counts.roles.label}" and are left out.',)
    return ()


def obstacle(compared_rates: ComparedRates) -> str | None:
    """Why an attribute cannot be judged, or None when every group of it can be compared."""
    if compared_rates.small:
        named = some([f"{group.group} ({group.n})" for group in compared_rates.small])
        return (
            f"{compared_rates.attribute}: too few rows for the {compared_rates.rate.words} of {named}; "
            'collect more rows or name the group in "leave_out".'
        )
    if len(compared_rates.usable) < 2:
        return f"{compared_rates.attribute}: fewer than two groups to compare."
    return None


def decided_value(
    estimate: float | Fraction | None, low: float | None, high: float | None, decide_on: str
) -> float | Fraction:
    """The figure that is held against the limit; an end of an interval that does not exist decides nothing."""
    chosen = {"estimate": estimate, "lower": low, "upper": high}[decide_on]
    if chosen is None:
        end = "value" if decide_on == "estimate" else f"{decide_on} end of the interval"
        raise CannotMeasure(f"The {end} is undefined on this table, so nothing can be decided on it.")
    return chosen


def exactly(limit: float) -> Fraction:
    """The limit as it was written: 0.1 is one tenth, not the double next to it."""
    return Fraction(repr(limit))


def settled(measurements: list[Measurement], findings: list[Finding], notes: list[str], obstacles: list[str]) -> Report:
    """The report, unless a group could not be judged and nothing was found among the others.

    Then nothing may pass: dropping the rows of a group must not turn a failure into a pass.
    """
    if obstacles and not findings:
        raise CannotMeasure(" ".join(obstacles), Report(tuple(measurements), (), tuple(notes)))
    return Report(tuple(measurements), tuple(findings), (*notes, *obstacles))


def difference_report(
    counts: GroupCounts,
    *,
    check: str,
    measurement: str,
    rates: Sequence[tuple[Rate, int]],
    attribute: str | None,
    limit: float | None,
    decide_on: str,
    leave_out: Sequence[str],
    labels: bool,
) -> Report:
    """Hold the largest difference between groups, over all `rates`, against a limit for each attribute.

    `rates` pairs each rate with the fewest rows that its denominator must have in a group.
    """
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    notes = list(require_complete(counts, labels=labels))
    obstacles: list[str] = []
    for name in counts.attributes(attribute):
        grouping = counts.grouping(name)
        sets = [compared(grouping, rate, minimum, leave_out) for rate, minimum in rates]
        for one in sets:
            measurements += one.measurements()
            hindrance = obstacle(one)
            if hindrance:
                obstacles.append(hindrance)
        comparable = [one for one in sets if len(one.usable) >= 2]
        if not comparable:
            continue
        widest = max(comparable, key=lambda one: one.difference)
        drawn = np.max([one.drawn_differences() for one in comparable], axis=0)
        low, high = percentile(drawn, float(widest.difference))
        measurements.append(
            Measurement(
                name=measurement,
                value=float(widest.difference),
                group=name,
                low=low,
                high=high,
                n=sum(group.n for group in widest.usable),
                ideal=0.0,
                limit=limit,
                note="" if len(comparable) == len(sets) and not widest.small else "over the comparable groups only",
            )
        )
        if limit is None:
            continue
        value = decided_value(widest.difference, low, high, decide_on)
        if value > exactly(limit):
            top, bottom = widest.highest, widest.lowest
            findings.append(
                Finding(
                    key=f"{check}/{name}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"The {widest.rate.words} by {name} is {figure(top.value)} for {top.group} and "
                        f"{figure(bottom.value)} for {bottom.group}: {deciding(decide_on, 'difference')} "
                        f"{figure(value)}, above the limit {figure(limit)}."
                    ),
                    measurement=measurement,
                )
            )
    return settled(measurements, findings, notes, obstacles)


def deciding(decide_on: str, what: str) -> str:
    """The words before the figure that decided."""
    return f"a {what} of" if decide_on == "estimate" else f"the {decide_on} end of the {what}'s interval is"


def _value(group: GroupRate) -> Fraction:
    assert group.value is not None  # noqa: S101 -- only groups with a value are usable
    return group.value
