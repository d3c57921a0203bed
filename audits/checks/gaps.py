"""Is the largest gap between groups more than a policy allows, and what would pass?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from audits.checks.base import Finding, Measurement, Report, Severity
from audits.checks.comparison import ComparedRates, compared_sets, doubted, obstacle, require_complete, settled
from audits.checks.limits import deciding, ruled
from audits.checks.sentences import figure
from audits.checks.statistics.group_counts import GroupCounts
from audits.checks.statistics.grouping import Grouping
from audits.checks.statistics.intervals import Interval, percentile
from audits.checks.statistics.rates import MeanOfRates, Rate
from audits.checks.statistics.score_steps import ScoreSteps
from audits.checks.statistics.simultaneous import largest_difference, ratios_to_highest
from audits.checks.would_pass import Sought, advice


@dataclass(frozen=True)
class Extreme:
    """The largest difference or the smallest ratio between two groups, and the rate it was found in."""

    kind: str
    found_in: ComparedRates
    value: Fraction | None
    low: float | None
    high: float | None


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
    scores: ScoreSteps | None = None,
) -> Report:
    """Hold the largest difference and the smallest ratio between groups, over all `rates`, against limits.

    `rates` pairs each rate with the fewest rows that its denominator must have in a group. `difference` and `ratio`
    are each the name of a measurement and its limit; a limit of None measures only. `scores` help to say what would
    pass.
    """
    notes = require_complete(
        counts,
        labels=any(rate.reads_labels for rate, _ in rates),
        predictions=any(rate.reads_predictions for rate, _ in rates),
    )

    def sets_of(grouping: Grouping) -> list[ComparedRates]:
        return compared_sets(grouping, rates, leave_out, simultaneous=simultaneous)

    def would_pass(found: Extreme, limit: float) -> str:
        grouping = counts.grouping(found.found_in.attribute)
        return advice_on(grouping, sets_of, found.kind, limit, decide_on, scores)

    return gap_report(
        {name: sets_of(counts.grouping(name)) for name in counts.attributes(attribute)},
        check=check,
        difference=difference,
        ratio=ratio,
        decide_on=decide_on,
        notes=notes,
        would_pass=would_pass,
    )


def advice_on(
    grouping: Grouping,
    sets_of: Callable[[Grouping], list[ComparedRates]],
    kind: str,
    limit: float,
    decide_on: str,
    scores: ScoreSteps | None,
) -> str:
    """What would pass instead of the counts of this grouping: a "difference" or a "ratio" is beyond its limit."""
    sets = [one for one in sets_of(grouping) if len(one.usable) >= 2]
    usable = {group.group for one in sets for group in one.usable}

    def passes(changed: Grouping) -> bool:
        comparable = [one for one in sets_of(changed) if len(one.usable) >= 2]
        found = _EXTREMES[kind](comparable) if comparable else None
        if found is None or found.value is None or {g.group for one in comparable for g in one.usable} != usable:
            return False
        rows, what = sum(group.n for group in found.found_in.usable), found.found_in.rate.words
        ruling = ruled(
            found.value, found.low, found.high, limit, decide_on=decide_on, rows=rows, what=what, floor=kind == "ratio"
        )
        return not ruling.beyond and not ruling.doubt

    place_of = {name: place for place, name in enumerate(grouping.groups)}
    rates = tuple(
        (one.rate, tuple(place_of[group.group] for group in one.usable))
        for one in sets
        if isinstance(one.rate, Rate | MeanOfRates)
    )
    return advice(Sought(grouping, rates, limit, kind == "ratio", passes), scores)


def gap_report(
    sets_by_attribute: Mapping[str, Sequence[ComparedRates]],
    *,
    check: str,
    difference: tuple[str, float | None] | None = None,
    ratio: tuple[str, float | None] | None = None,
    decide_on: str,
    notes: Sequence[str] = (),
    would_pass: Callable[[Extreme, float], str] = lambda found, limit: "",
) -> Report:
    """Hold the largest difference and the smallest ratio in the figures of each attribute against limits.

    `would_pass` gives advice on a figure that is beyond its limit.
    """
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
        asked = [("difference", difference, ""), ("ratio", ratio, "/ratio" if difference else "")]
        for kind, wanted, suffix in asked:
            if wanted is None:
                continue
            found = _EXTREMES[kind](comparable)
            measurements.append(_measured(found, *wanted, partial=partial))
            if wanted[1] is not None:
                finding = _judge(
                    found, wanted[0], wanted[1], decide_on, f"{check}/{name}{suffix}", obstacles, comparable
                )
                if finding is not None:
                    findings.append(replace(finding, would_pass=would_pass(found, wanted[1])))
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


_EXTREMES: Mapping[str, Callable[[Sequence[ComparedRates]], Extreme]] = {"difference": _widest, "ratio": _closest}


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
    obstacles: list[str],
    drawn_with: Sequence[ComparedRates],
) -> Finding | None:
    rates = found.found_in
    if found.value is None:
        obstacles.append(f"{rates.attribute}: the {rates.rate.words} of every group is zero, so no ratio is defined.")
        return None
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
        obstacles.append(doubted(ruling, found.low, drawn_with))
    if not ruling.beyond:
        return None
    top, bottom = rates.highest, rates.lowest
    return Finding(
        key=key,
        severity=Severity.HIGH,
        sentence=(
            f"The {rates.rate.words} by {rates.attribute} is {figure(top.value)} for {top.group} and "
            f"{figure(bottom.value)} for {bottom.group}: {deciding(decide_on, found.kind)} "
            f"{figure(ruling.value)}, {'below' if is_ratio else 'above'} the limit {figure(limit)}."
        ),
        measurement=name,
    )
