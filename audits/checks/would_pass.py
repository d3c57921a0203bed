"""What is the smallest change of decisions with which a gap between groups would be within its limit?

The answer is advice. Nothing is applied, and other thresholds for other groups may themselves be unlawful.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from audits.checks.limits import exactly
from audits.checks.sentences import figure, some
from audits.checks.statistics.grouping import Grouping
from audits.checks.statistics.rates import KNOWN, STATES, MeanOfRates, Rate, accuracy
from audits.checks.statistics.score_split import ScoreSplit
from audits.checks.statistics.score_steps import ScoreSteps

AnyRate = Rate | MeanOfRates

# So many thresholds of a group, thresholds in all, and windows of rates are looked at; small tables have fewer.
_MOST_OF_GROUP, _MOST_IN_ALL, _MOST_WINDOWS = 400, 4_000, 2_500
# Where the rates of thousands of groups could come to lie is tried at fewer places, so that the work stays the same.
_MOST_MOVES = 500_000
_MOST_NAMED = 8
# Each try draws all groups again, which takes minutes for ten thousand of them.
_MOST_GROUPS = 2_000
# The limit is aimed at first, then less and less of it: an interval must fit in, too.
_AIMS = tuple(Fraction(part, 8) for part in range(8, -1, -1))


@dataclass(frozen=True)
class Sought:
    """A limit that the rates of some groups are beyond: a largest difference, or a smallest ratio.

    `rates` pairs each rate with the places of the groups that are compared in it. `passes` says whether changed counts
    would be within the limit.
    """

    grouping: Grouping
    rates: tuple[tuple[AnyRate, tuple[int, ...]], ...]
    limit: float
    is_ratio: bool
    passes: Callable[[Grouping], bool]

    @property
    def places(self) -> tuple[int, ...]:
        """The groups that are compared in any rate."""
        return tuple(sorted({place for _, places in self.rates for place in places}))

    def aims(self) -> Iterator[Fraction]:
        """The limit, then limits that are stricter, down to no gap at all."""
        limit = exactly(self.limit)
        yield from dict.fromkeys(1 - (1 - limit) * part if self.is_ratio else limit * part for part in _AIMS)

    def upper(self, lowest: NDArray[np.float64], aim: Fraction) -> NDArray[np.float64]:
        """The highest rate beside a lowest one of each window."""
        if not self.is_ratio:
            return lowest + float(aim) + 1e-12
        return np.full(lowest.shape, math.inf) if aim == 0 else lowest / float(aim) + 1e-12


def advice(sought: Sought, scores: ScoreSteps | None) -> str:
    """A sentence that says what would pass, or that nothing does; empty where rows weigh differently.

    With scores it names a threshold for each group: those that change the fewest decisions and, with labels, those
    that keep the most decisions right. Without scores it names how many decisions have to change.
    """
    if sought.grouping.weights is not None:
        return ""
    if len(sought.places) > _MOST_GROUPS:
        return f"What would pass is worked out for up to {_MOST_GROUPS:,} groups."
    # Whether all have a score is asked first: the steps are made for the first finding that needs them.
    if scores is None or scores.unscored:
        return _by_decisions(sought)
    return _by_thresholds(sought, scores)


@dataclass(frozen=True)
class _Options:
    """The thresholds of one group, each with the counts that it gives: of shape (n_options, 3, 3).

    `rates` are those of each option, None for a rate in which the group is not compared.
    """

    group: str
    thresholds: NDArray[np.float64]
    counts: NDArray[np.int64]
    rates: tuple[NDArray[np.float64] | None, ...]
    more: NDArray[np.int64]
    right: NDArray[np.int64]


def _by_thresholds(sought: Sought, scores: ScoreSteps) -> str:
    splits = {split.group: split for split in scores.split(sought.grouping.attribute)}
    most = max(20, min(_MOST_OF_GROUP, _MOST_IN_ALL // len(sought.places)))
    groups = [_options(sought, place, splits[sought.grouping.groups[place]], most) for place in sought.places]
    rows = int(sought.grouping.counts.sum())
    # Of two equally small changes the one that is better for people counts.
    fewest = _first_that_passes(sought, groups, lambda one: one.more - np.abs(one.more) * (2 * rows + 1))
    if fewest is None:
        return "No thresholds by group would pass on these rows."
    favourable = sought.grouping.favourable
    said = f"Would pass, as advice only: {_thresholds(groups, fewest, favourable)}; {_changes(groups, fewest)}"
    before = _accuracy(sought, sought.grouping)
    if before is None:
        return f"{said}."
    after = _accuracy(sought, _changed(sought, groups, fewest))
    said += f", and accuracy goes from {figure(before)} to {figure(after)}."
    best = _first_that_passes(sought, groups, lambda one: one.right)
    if best is None or best == fewest:
        return said
    kept = _accuracy(sought, _changed(sought, groups, best))
    return f"{said} With the highest accuracy, {figure(kept)}: {_thresholds(groups, best, favourable)}."


def _options(sought: Sought, place: int, split: ScoreSplit, most: int) -> _Options:
    held = np.flatnonzero(split.rows)
    counts, values = np.stack(split.by_label, axis=1)[held], split.values[held]
    # The first option is everybody, the last one nobody.
    taken = np.vstack([np.cumsum(counts[::-1], axis=0)[::-1], np.zeros((1, STATES), np.int64)])
    kept = np.unique(np.linspace(0, len(taken) - 1, min(most, len(taken))).round().astype(int))
    table = np.zeros((len(kept), STATES, STATES), np.int64)
    table[:, :, sought.grouping.favourable] = taken[kept]
    table[:, :, 1 - sought.grouping.favourable] = taken[0] - taken[kept]
    rates = tuple(_rates(table, rate) if place in places else None for rate, places in sought.rates)
    now = sought.grouping.counts[place][:, sought.grouping.favourable].sum()
    # A step stands under its lowest score. Turned round, the one that is no longer taken says where to stop.
    ends = np.append(values, math.inf) if sought.grouping.favourable == 1 else np.append(-math.inf, values)
    thresholds = ends[kept]
    thresholds[0], thresholds[-1] = -math.inf, math.inf
    right = table[:, 0, 0] + table[:, 1, 1]
    return _Options(split.group, thresholds, table, rates, taken[kept].sum(axis=1) - now, right)


def _rates(counts: NDArray[np.int64], rate: AnyRate) -> NDArray[np.float64]:
    """The rate at each option, NaN where it is undefined."""
    if isinstance(rate, MeanOfRates):
        return np.asarray(np.mean([_rates(counts, part) for part in rate.parts], axis=0))
    part, whole = counts[:, rate.numerator].sum(axis=1), counts[:, rate.denominator].sum(axis=1)
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _first_that_passes(
    sought: Sought, groups: Sequence[_Options], worth: Callable[[_Options], NDArray[np.int64]]
) -> list[int] | None:
    """The option of each group that is worth most and passes; the same decision for everybody is no advice."""
    for aim in sought.aims():
        chosen = _best(sought, groups, [worth(one) for one in groups], aim)
        if chosen is None:
            continue
        thresholds = {float(one.thresholds[option]) for one, option in zip(groups, chosen, strict=True)}
        if thresholds in ({-math.inf}, {math.inf}):
            continue
        if sought.passes(_changed(sought, groups, chosen)):
            return chosen
    return None


def _best(
    sought: Sought, groups: Sequence[_Options], worth: Sequence[NDArray[np.int64]], aim: Fraction
) -> list[int] | None:
    """The best options whose rates all lie in one window: the lowest rate of some group and what may stand above."""
    most = math.floor(_MOST_WINDOWS ** (1 / len(sought.rates)))
    lows = []
    for number in range(len(sought.rates)):
        seen = np.unique(np.concatenate([rates for one in groups if (rates := one.rates[number]) is not None]))
        seen = seen[~np.isnan(seen)]
        lows.append(seen[np.unique(np.linspace(0, len(seen) - 1, min(most, len(seen))).round().astype(int))])
    if any(len(low) == 0 for low in lows):
        return None
    windows = np.array(list(product(*lows)))
    total = np.zeros(len(windows))
    choices = []
    for one, value in zip(groups, worth, strict=True):
        inside = np.ones((len(windows), len(value)), bool)
        for number, rates in enumerate(one.rates):
            if rates is None:
                continue
            low = windows[:, number]
            inside &= (rates >= low[:, None]) & (rates <= sought.upper(low, aim)[:, None])
        held = np.where(inside, value.astype(float), -math.inf)
        choices.append(held.argmax(axis=1))
        total += held.max(axis=1)
    best = int(total.argmax())
    return None if total[best] == -math.inf else [int(choice[best]) for choice in choices]


def _changed(sought: Sought, groups: Sequence[_Options], chosen: Sequence[int]) -> Grouping:
    counts = sought.grouping.counts.copy()
    for place, one, option in zip(sought.places, groups, chosen, strict=True):
        counts[place] = one.counts[option]
    return replace(sought.grouping, counts=counts)


def _accuracy(sought: Sought, grouping: Grouping) -> float | None:
    """The accuracy over the groups that are compared; None without labels."""
    counts = grouping.counts[list(sought.places)]
    known = int(counts[:, KNOWN].sum())
    return int(counts[:, accuracy().numerator].sum()) / known if known else None


def _thresholds(groups: Sequence[_Options], chosen: Sequence[int], favourable: int) -> str:
    said = []
    for one, option in zip(groups, chosen, strict=True):
        threshold = float(one.thresholds[option])
        if math.isinf(threshold):
            words = "always" if threshold < 0 else "never"
        else:
            words = f"from a score of {threshold!r} on" if favourable == 1 else f"below a score of {-threshold!r}"
        said.append(f"{one.group} {words}")
    return f"decide favourably for {some(said, _MOST_NAMED)}"


def _changes(groups: Sequence[_Options], chosen: Sequence[int]) -> str:
    moved = [(one.group, int(one.more[option])) for one, option in zip(groups, chosen, strict=True)]
    return f"that is {_more(moved) or 'as many favourable decisions as now'}"


def _more(moved: Sequence[tuple[str, int]]) -> str:
    """7 more favourable decisions for one group, 2 fewer for another; empty where nothing changes."""
    changed = [(group, by) for group, by in moved if by]
    said: list[str] = []
    for group, by in changed[:_MOST_NAMED]:
        decisions = "" if said else " favourable decision" if abs(by) == 1 else " favourable decisions"
        said.append(f"{abs(by):,} {'more' if by > 0 else 'fewer'}{decisions} for {group}")
    unnamed = len(changed) - len(said)
    return ", ".join(said) + (f" and others for {unnamed:,} more groups" if unnamed else "")


def _by_decisions(sought: Sought) -> str:
    """How many decisions have to change when nobody says which; for rates among people whom no decision adds."""
    steered = [(rate, places) for rate, places in sought.rates if isinstance(rate, Rate) and _is_steered(rate)]
    if len(steered) < len(sought.rates):
        return ""
    for aim in sought.aims():
        grouping, said = sought.grouping, []
        for rate, places in steered:
            moves = _fewest(grouping, places, rate, aim, is_ratio=sought.is_ratio)
            grouping = _moved(grouping, rate, moves)
            favourable = bool(rate.numerator[:, grouping.favourable].any())
            by = [(grouping.groups[place], n if favourable else -n) for place, n in moves.items()]
            if any(n for _, n in by):
                said.append(f"{_among(rate, grouping.favourable)}{_more(by)}")
        if said and sought.passes(grouping):
            return f"Would pass, as advice only: {'; '.join(said)}."
    return ""


def _is_steered(rate: Rate) -> bool:
    """Whether the rate depends on decisions and is a share of people who are the same whatever is decided."""
    known = rate.denominator[:, :2]
    return rate.reads_predictions and rate.is_share and bool((known[:, 0] == known[:, 1]).all())


def _among(rate: Rate, favourable: int) -> str:
    labels = np.flatnonzero(rate.denominator[:, :2].all(axis=1)).tolist()
    if len(labels) != 1:
        return ""
    return f"among those whose label is {'favourable' if labels[0] == favourable else 'unfavourable'}, "


def _fewest(grouping: Grouping, places: Sequence[int], rate: Rate, aim: Fraction, *, is_ratio: bool) -> dict[int, int]:
    """How many more of each group have to be counted in the numerator, as few as possible over all groups."""
    chosen = {place: int(grouping.counts[place][rate.numerator].sum()) for place in places}
    among = {place: int(grouping.counts[place][rate.denominator].sum()) for place in places}
    rates = [Fraction(chosen[place], among[place]) for place in places]
    lowest = {*rates, *(value * aim if is_ratio else value - aim for value in rates)}

    def moves(low: Fraction) -> dict[int, int]:
        high = (low / aim if aim else Fraction(1)) if is_ratio else low + aim
        found = {}
        for place in places:
            least, most = math.ceil(low * among[place]), math.floor(min(high, Fraction(1)) * among[place])
            # A window narrower than one person holds no whole number of them: the nearest one is taken.
            found[place] = min(max(chosen[place], least), max(most, least)) - chosen[place]
        return found

    # Of two equally small changes the one that is better for people counts.
    better = 1 if rate.numerator[:, grouping.favourable].any() else -1
    candidates = sorted(low for low in lowest if low >= 0)
    step = -(-len(candidates) * len(places) // _MOST_MOVES)
    tried = [moves(low) for low in candidates[:: max(step, 1)]]
    return min(tried, key=lambda move: (sum(map(abs, move.values())), -better * sum(move.values())))


def _moved(grouping: Grouping, rate: Rate, moves: dict[int, int]) -> Grouping:
    """The counts with so many people taken over into the numerator, or out of it."""
    counts = grouping.counts.copy()
    for place, n in moves.items():
        for label in np.flatnonzero(rate.numerator.any(axis=1)):
            (into,) = np.flatnonzero(rate.numerator[label])
            out_of = 1 - into
            step = max(-int(counts[place, label, into]), min(n, int(counts[place, label, out_of])))
            counts[place, label, into] += step
            counts[place, label, out_of] -= step
            n -= step
    return replace(grouping, counts=counts)
