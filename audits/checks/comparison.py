"""Which groups can be compared, how far apart are they, and is that more than a policy allows?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure, Finding, Measurement, Report, Severity
from audits.checks.limits import decided_value, deciding, exactly, ruled
from audits.checks.sentences import figure, some
from audits.checks.statistics.group_counts import GroupCounts
from audits.checks.statistics.grouping import Grouping, GroupRate
from audits.checks.statistics.intervals import Interval, percentile
from audits.checks.statistics.rates import NO_LABEL, NO_PREDICTION, MeanOfRates, Named, Rate
from audits.checks.statistics.simultaneous import joint_level, largest_difference, ratios_to_highest

__all__ = [
    "ComparedRates",
    "Extreme",
    "compared",
    "compared_sets",
    "decided_value",
    "deciding",
    "exactly",
    "gap_report",
    "obstacle",
    "parity_report",
    "require_complete",
    "settled",
]


@dataclass(frozen=True)
class ComparedRates:
    """One rate over the groups of one attribute.

    `usable` are the groups with enough rows, `small` the others, `left_out` those that the policy excludes.
    `joint` tells that the intervals hold for all usable groups together. Only then there may be no `drawn` rates.
    """

    attribute: str
    rate: Named
    usable: tuple[GroupRate, ...]
    small: tuple[GroupRate, ...]
    left_out: tuple[GroupRate, ...]
    drawn: NDArray[np.float64] | None
    joint: bool = False

    @cached_property
    def highest(self) -> GroupRate:
        return max(self.usable, key=lambda group: (_value(group), group.group))

    @cached_property
    def lowest(self) -> GroupRate:
        return min(self.usable, key=lambda group: (_value(group), group.group))

    @cached_property
    def difference(self) -> Fraction:
        return _value(self.highest) - _value(self.lowest)

    @cached_property
    def ratio(self) -> Fraction | None:
        """The lowest rate over the highest, undefined when every rate is zero."""
        return _value(self.lowest) / _value(self.highest) if _value(self.highest) else None

    @cached_property
    def estimates(self) -> NDArray[np.float64]:
        return np.array([float(_value(group)) for group in self.usable])

    @property
    def draws(self) -> NDArray[np.float64]:
        assert self.drawn is not None  # noqa: S101 -- figures without draws come with joint intervals
        return self.drawn

    def drawn_differences(self) -> NDArray[np.float64]:
        """The largest difference in each bootstrap draw; NaN when a group's rate is undefined in it."""
        return np.asarray(self.draws.max(axis=1) - self.draws.min(axis=1))

    def drawn_ratios(self) -> NDArray[np.float64]:
        """The smallest ratio in each bootstrap draw; NaN when it is undefined in it."""
        return np.asarray(self.drawn_impact().min(axis=1))

    def drawn_impact(self) -> NDArray[np.float64]:
        """Each group's rate over the highest one in each bootstrap draw, shape (n_draws, n_usable)."""
        highest = self.draws.max(axis=1, keepdims=True)
        return np.divide(self.draws, highest, out=np.full(self.draws.shape, np.nan), where=highest > 0)

    def measurements(self) -> list[Measurement]:
        """The rate of every group, also of those that are too small or left out."""
        measured = []
        for note, groups in (
            ("interval holds for all groups together" if self.joint else "", self.usable),
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


@dataclass(frozen=True)
class Extreme:
    """The largest difference or the smallest ratio between two groups, and the rate it was found in."""

    kind: str
    found_in: ComparedRates
    value: Fraction | None
    low: float | None
    high: float | None


def compared(grouping: Grouping, rate: Rate | MeanOfRates, minimum: int, leave_out: Sequence[str]) -> ComparedRates:
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


def compared_sets(
    grouping: Grouping,
    rates: Sequence[tuple[Rate | MeanOfRates, int]],
    leave_out: Sequence[str],
    *,
    simultaneous: bool = False,
) -> list[ComparedRates]:
    """Every rate over the groups of an attribute; `simultaneous` widens the intervals to hold for all together.

    `rates` pairs each rate with the fewest rows that its denominator must have in a group.
    """
    sets = [compared(grouping, rate, minimum, leave_out) for rate, minimum in rates]
    many = [one for one in sets if len(one.usable) >= 2]
    if not simultaneous or not many:
        return sets
    level = joint_level([one.draws for one in many], [one.estimates for one in many])
    if level is None:
        raise CannotMeasure(f"{grouping.attribute}: too few rows for intervals that hold for all groups together.")
    return [_widened(one, grouping.rates(rate, level)) for one, (rate, _) in zip(sets, rates, strict=True)]


def _widened(one: ComparedRates, rates: Sequence[GroupRate]) -> ComparedRates:
    named = {group.group: group for group in rates}
    usable, small, left_out = (
        tuple(named[group.group] for group in groups) for groups in (one.usable, one.small, one.left_out)
    )
    return replace(one, usable=usable, small=small, left_out=left_out, joint=True)


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


def settled(measurements: list[Measurement], findings: list[Finding], notes: list[str], obstacles: list[str]) -> Report:
    """The report, unless a group could not be judged and nothing was found among the others.

    Then nothing may pass: dropping the rows of a group must not turn a failure into a pass.
    """
    if obstacles and not findings:
        raise CannotMeasure(" ".join(obstacles), Report(tuple(measurements), (), tuple(notes)))
    return Report(tuple(measurements), tuple(findings), (*notes, *obstacles))


def parity_report(
    counts: GroupCounts,
    *,
    check: str,
    rates: Sequence[tuple[Rate | MeanOfRates, int]],
    difference: tuple[str, float | None] | None = None,
    ratio: tuple[str, float | None] | None = None,
    attribute: str | None,
    decide_on: str,
    leave_out: Sequence[str],
    simultaneous: bool,
    labels: bool = True,
) -> Report:
    """Hold the largest difference and the smallest ratio between groups, over all `rates`, against limits.

    `rates` pairs each rate with the fewest rows that its denominator must have in a group. `difference` and `ratio`
    are each the name of a measurement and its limit; a limit of None measures only.
    """
    notes = require_complete(counts, labels=labels)
    sets = {
        name: compared_sets(counts.grouping(name), rates, leave_out, simultaneous=simultaneous)
        for name in counts.attributes(attribute)
    }
    return gap_report(sets, check=check, difference=difference, ratio=ratio, decide_on=decide_on, notes=notes)


def gap_report(
    sets_by_attribute: Mapping[str, Sequence[ComparedRates]],
    *,
    check: str,
    difference: tuple[str, float | None] | None = None,
    ratio: tuple[str, float | None] | None = None,
    decide_on: str,
    notes: Sequence[str] = (),
) -> Report:
    """Hold the largest difference and the smallest ratio in the figures of each attribute against limits."""
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name, sets in sets_by_attribute.items():
        for one in sets:
            measurements += one.measurements()
        obstacles += [hindrance for one in sets if (hindrance := obstacle(one))]
        comparable = [one for one in sets if len(one.usable) >= 2]
        if not comparable:
            continue
        partial = len(comparable) < len(sets) or any(one.small for one in comparable)
        asked = [(_widest, difference, ""), (_closest, ratio, "/ratio" if difference else "")]
        for extreme, wanted, suffix in asked:
            if wanted is not None:
                found = extreme(comparable)
                measurements.append(_measured(found, *wanted, partial=partial))
                if wanted[1] is not None:
                    _judge(found, wanted[0], wanted[1], decide_on, f"{check}/{name}{suffix}", findings, obstacles)
    return settled(measurements, findings, list(notes), obstacles)


def _widest(sets: Sequence[ComparedRates]) -> Extreme:
    widest = max(sets, key=lambda one: one.difference)
    if widest.joint:
        interval = _outermost([largest_difference(one.usable) for one in sets], max)
    else:
        drawn = np.max([one.drawn_differences() for one in sets], axis=0)
        interval = percentile(drawn, float(widest.difference))
    return Extreme("difference", widest, widest.difference, *interval)


def _closest(sets: Sequence[ComparedRates]) -> Extreme:
    undefined = [one for one in sets if one.ratio is None]
    if undefined:
        return Extreme("ratio", undefined[0], None, None, None)
    smallest = min(sets, key=lambda one: one.ratio or 0)
    if smallest.joint:
        interval = _outermost([pair for one in sets for pair in ratios_to_highest(one.usable)], min)
    else:
        interval = percentile(np.min([one.drawn_ratios() for one in sets], axis=0), float(smallest.ratio or 0))
    return Extreme("ratio", smallest, smallest.ratio, *interval)


def _outermost(intervals: Sequence[Interval], outer: Callable[[list[float]], float]) -> Interval:
    ends = []
    for end in zip(*intervals, strict=True):
        known = [value for value in end if value is not None]
        ends.append(outer(known) if len(known) == len(end) else None)
    return ends[0], ends[1]


def _measured(found: Extreme, name: str, limit: float | None, *, partial: bool) -> Measurement:
    rates = found.found_in
    notes = [
        f"{rates.lowest.group} against {rates.highest.group}",
        "interval holds for all groups together" if rates.joint else "",
        "over the comparable groups only" if partial else "",
        "undefined: every rate is zero" if found.value is None else "",
    ]
    return Measurement(
        name=name,
        value=None if found.value is None else float(found.value),
        group=rates.attribute,
        low=found.low,
        high=found.high,
        n=sum(group.n for group in rates.usable),
        ideal=0.0 if found.kind == "difference" else 1.0,
        limit=limit,
        note="; ".join(filter(None, notes)),
    )


def _judge(
    found: Extreme,
    name: str,
    limit: float,
    decide_on: str,
    key: str,
    findings: list[Finding],
    obstacles: list[str],
) -> None:
    rates = found.found_in
    if found.value is None:
        obstacles.append(f"{rates.attribute}: the {rates.rate.words} of every group is zero, so no ratio is defined.")
        return
    is_ratio = found.kind == "ratio"
    ruling = ruled(
        found.value,
        found.low,
        found.high,
        limit,
        decide_on=decide_on,
        rows=sum(group.n for group in rates.usable),
        what=f"{found.kind} in {rates.rate.words} by {rates.attribute}",
        floor=is_ratio,
    )
    if ruling.doubt:
        obstacles.append(ruling.doubt)
    if not ruling.beyond:
        return
    top, bottom = rates.highest, rates.lowest
    findings.append(
        Finding(
            key=key,
            severity=Severity.HIGH,
            sentence=(
                f"The {rates.rate.words} by {rates.attribute} is {figure(top.value)} for {top.group} and "
                f"{figure(bottom.value)} for {bottom.group}: {deciding(decide_on, found.kind)} "
                f"{figure(ruling.value)}, {'below' if is_ratio else 'above'} the limit {figure(limit)}."
            ),
            measurement=name,
        )
    )


def _value(group: GroupRate) -> Fraction:
    assert group.value is not None  # noqa: S101 -- only groups with a value are usable
    return group.value
