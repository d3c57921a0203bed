"""Which groups can be compared, and how far apart are they?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure, Finding, Measurement, Report
from audits.checks.limits import Ruling, decided_value, deciding, exactly
from audits.checks.sentences import some
from audits.checks.statistics.group_counts import GroupCounts
from audits.checks.statistics.grouping import Grouping, GroupRate
from audits.checks.statistics.rates import NO_LABEL, NO_PREDICTION, MeanOfRates, Named, Rate
from audits.checks.statistics.simultaneous import joint_level

__all__ = [
    "ComparedRates",
    "compared",
    "compared_sets",
    "decided_value",
    "deciding",
    "doubted",
    "exactly",
    "obstacle",
    "require_complete",
    "settled",
    "too_few",
]


@dataclass(frozen=True)
class ComparedRates:
    """One rate over the groups of one attribute.

    `usable` are the groups with `minimum` rows or more, `small` the others, `left_out` those that the policy excludes.
    `joint` tells that the intervals hold for all usable groups together. Only then there may be no `drawn` rates, which
    are drawn when they are first asked for.
    """

    attribute: str
    rate: Named
    usable: tuple[GroupRate, ...]
    small: tuple[GroupRate, ...]
    left_out: tuple[GroupRate, ...]
    drawn: Callable[[], NDArray[np.float64]] | None
    joint: bool = False
    minimum: int = 1

    @cached_property
    def highest(self) -> GroupRate:
        return max(self._at(self.estimates.max()), key=lambda group: (_value(group), group.group))

    @cached_property
    def lowest(self) -> GroupRate:
        return min(self._at(self.estimates.min()), key=lambda group: (_value(group), group.group))

    @cached_property
    def difference(self) -> Fraction:
        return _value(self.highest) - _value(self.lowest)

    @cached_property
    def ratio(self) -> Fraction | None:
        """The lowest rate over the highest, undefined when every rate is zero."""
        return _value(self.lowest) / _value(self.highest) if _value(self.highest) else None

    @cached_property
    def estimates(self) -> NDArray[np.float64]:
        return np.array([value.numerator / value.denominator for value in map(_value, self.usable)])

    def _at(self, estimate: float) -> list[GroupRate]:
        """The groups with this rate as a double; only among these must fractions be compared."""
        return [self.usable[place] for place in np.flatnonzero(self.estimates == estimate)]

    @cached_property
    def draws(self) -> NDArray[np.float64]:
        """The rate of every usable group in each bootstrap draw, shape (n_draws, n_usable)."""
        assert self.drawn is not None  # noqa: S101 -- figures without draws come with joint intervals
        return self.drawn()

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
                    value=group.estimate,
                    group=f"{self.attribute}/{group.group}",
                    low=group.low,
                    high=group.high,
                    n=group.n,
                    note=note,
                )
                for group in groups
            ]
        return measured


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
    places = [place for place, _ in chosen]

    def drawn() -> NDArray[np.float64]:
        rates = grouping.drawn_rates(rate)
        return rates if len(places) == len(grouping.groups) else rates.T[places].T

    usable = tuple(group for _, group in chosen)
    return ComparedRates(grouping.attribute, rate, usable, tuple(small), tuple(excluded), drawn, minimum=minimum)


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
        few = f"{grouping.attribute}: too few rows for intervals that hold for all groups together."
        raise CannotMeasure(f"{few} {_rows_to_draw(many)}".strip())
    return [_widened(one, grouping.rates(rate, level)) for one, (rate, _) in zip(sets, rates, strict=True)]


def _widened(one: ComparedRates, rates: Sequence[GroupRate]) -> ComparedRates:
    named = {group.group: group for group in rates}
    usable, small, left_out = (
        tuple(named[group.group] for group in groups) for groups in (one.usable, one.small, one.left_out)
    )
    return replace(one, usable=usable, small=small, left_out=left_out, joint=True)


def require_complete(counts: GroupCounts, *, labels: bool, predictions: bool = True) -> tuple[str, ...]:
    """Refuse a table with missing decisions; say in a note how many rows have no label, each where it is asked for.

    A row without a decision could be any decision: leaving it out would let a table hide the very
    people whom the rate is about.
    """
    everybody = counts.everybody()
    undecided = everybody.rows(NO_PREDICTION)
    if predictions and undecided:
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
        groups = (*compared_rates.usable, *compared_rates.small, *compared_rates.left_out)
        small = {group.group: group.n for group in compared_rates.small}
        few = too_few(small, sum(group.n for group in groups), compared_rates.minimum)
        return f"{compared_rates.attribute}: too few rows for the {compared_rates.rate.words} of {few}"
    if len(compared_rates.usable) < 2:
        return f"{compared_rates.attribute}: fewer than two groups to compare."
    return None


def too_few(small: Mapping[str, int], rows: int, minimum: int) -> str:
    """Groups with too few of all `rows`, each with its own, and what to do.

    Of a group that nobody is in no table tells how many rows to look at.
    """
    needed, fewest = max(minimum, 1), min(small.values())
    if not 0 < fewest < needed:
        more = "collect more rows" if fewest else f"collect at least {needed:,} of each"
    else:
        like_these = math.ceil(rows * needed / fewest)
        more = f"collect at least {needed:,} of each, about {like_these:,} rows like these {rows:,},"
    named = some([f"{group} ({n})" for group, n in small.items()])
    return f'{named}; {more} or name the group in "leave_out".'


def doubted(ruling: Ruling, low: float | None, drawn_with: Sequence[ComparedRates]) -> str:
    """The doubt of a ruling; without an interval, with the rows that would give one to what was drawn together."""
    return ruling.doubt if low is not None else f"{ruling.doubt} {_rows_to_draw(drawn_with)}".strip()


def _rows_to_draw(sets: Sequence[ComparedRates]) -> str:
    fewest, least = min(((one, group) for one in sets for group in one.usable), key=lambda pair: pair[1].n)
    if fewest.joint:
        return ""
    rows = sum(group.n for group in fewest.usable)
    return rows_to_draw(fewest.rate.words, least.group, least.n, rows, sum(len(one.usable) for one in sets))


def rows_to_draw(what: str, smallest: str, n: int, rows: int, drawn: int) -> str:
    """How many rows would give an interval, where draws miss the smallest of the groups too often: see `percentile`.

    `what` is drawn of so many groups together; the smallest has `n` of all `rows`.
    """
    # A draw misses a group of n rows with a chance of about exp(-n), and all groups together in one of twenty at most.
    needed = math.ceil(rows * math.log(20 * drawn) / n)
    if needed <= rows:
        return ""
    return f"The {what} of {smallest} rests on {n} of {rows:,} rows: about {needed:,} rows like these would give one."


def settled(measurements: list[Measurement], findings: list[Finding], notes: list[str], obstacles: list[str]) -> Report:
    """The report, unless a group could not be judged and nothing was found among the others.

    Then nothing may pass: dropping the rows of a group must not turn a failure into a pass.
    """
    if obstacles and not findings:
        raise CannotMeasure(" ".join(obstacles), Report(tuple(measurements), (), tuple(notes)))
    return Report(tuple(measurements), tuple(findings), (*notes, *obstacles))


def _value(group: GroupRate) -> Fraction:
    assert group.value is not None  # noqa: S101 -- only groups with a value are usable
    return group.value
