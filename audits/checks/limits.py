"""Is a figure beyond its limit, and do the rows at hand suffice to say so?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from audits.checks.base import CannotMeasure
from audits.checks.sentences import figure


@dataclass(frozen=True)
class Ruling:
    """What holding a figure against its limit came to.

    `value` is the number that decided, `beyond` whether the limit is exceeded. `doubt` says why the rows do not
    suffice for either answer; then nothing is beyond the limit and nothing may pass.
    """

    value: float | Fraction | None
    beyond: bool
    doubt: str = ""


def exactly(limit: float) -> Fraction:
    """The limit as it was written: 0.1 is one tenth, not the double next to it."""
    return Fraction(repr(limit))


def decided_value(
    estimate: float | Fraction | None, low: float | None, high: float | None, decide_on: str
) -> float | Fraction:
    """The figure that is held against the limit; an end of an interval that does not exist decides nothing."""
    chosen = {"estimate": estimate, "lower": low, "upper": high}[decide_on]
    if chosen is None:
        end = "value" if decide_on == "estimate" else f"{decide_on} end of the interval"
        raise CannotMeasure(f"The {end} is undefined on this table, so nothing can be decided on it.")
    return chosen


def deciding(decide_on: str, what: str) -> str:
    """The words before the figure that decided."""
    if decide_on == "estimate":
        return f"a {what} of"
    end = "nearer" if decide_on == "interval" else decide_on
    return f"the {end} end of the {what}'s interval is"


def ruled(
    estimate: float | Fraction | None,
    low: float | None,
    high: float | None,
    limit: float,
    *,
    decide_on: str,
    rows: int,
    what: str,
    floor: bool = False,
) -> Ruling:
    """Hold a figure against a limit: a ceiling, or a `floor` that it may not fall below.

    On "interval" the limit is exceeded when the whole interval lies beyond it and kept when the whole interval lies
    within; a limit inside the interval leaves the question open, with the number of rows that would settle it.
    `what` are the words for the figure, `rows` how many it rests on.
    """
    if decide_on != "interval":
        try:
            value = decided_value(estimate, low, high, decide_on)
        except CannotMeasure as refusal:
            return Ruling(None, False, f"{what[:1].upper()}{what[1:]}: {refusal.sentence}")
        edge = exactly(limit) if isinstance(value, Fraction) else limit
        return Ruling(value, value < edge if floor else value > edge)
    best, worst = (high, low) if floor else (low, high)
    if estimate is None or best is None or worst is None:
        return Ruling(None, False, f"The {what} has no interval on this table, so nothing can be decided on it.")
    if best < limit if floor else best > limit:
        return Ruling(best, True)
    if worst >= limit if floor else worst <= limit:
        return Ruling(worst, False)
    near = worst if (estimate >= limit if floor else estimate <= limit) else best
    reach = near - float(estimate)
    return Ruling(
        estimate, False, _doubt(what, float(estimate), (min(best, worst), max(best, worst)), limit, reach, rows)
    )


def rows_to_settle(estimate: float, reach: float, limit: float, rows: int) -> int | None:
    """About how many rows would take the limit out of the interval; None when no number would.

    The end of the interval on the limit's side is `reach` away from the estimate. It comes closer with the square
    root of the number of rows, as long as further rows are like those at hand. An estimate on the limit stays there.
    """
    distance = abs(estimate - limit)
    if distance == 0:
        return None
    return max(rows + 1, math.ceil(round(rows * (reach / distance) ** 2, 6)))


def _doubt(what: str, estimate: float, interval: tuple[float, float], limit: float, reach: float, rows: int) -> str:
    needed = rows_to_settle(estimate, reach, limit, rows)
    settles = (
        "the estimate lies on the limit, so more rows like these would not settle it"
        if needed is None
        else f"about {needed:,} rows like these {rows:,} would settle it"
    )
    return (
        f"Not enough evidence: the {what} is {figure(estimate)} with an interval from {figure(interval[0])} to "
        f"{figure(interval[1])}, and the limit {figure(limit)} lies inside; {settles}."
    )
