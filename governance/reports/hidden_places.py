"""Which figures of a check tell of few people, or would let them be worked out?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

# A share of all rows counts the rows of its group, whatever it is a share of.
_SHARES_OF_ALL = {"share_of_rows", "representation_ratio"}
_ASIDE = {"too few rows to compare", "left out of the comparison by the policy"}
_CROSSED_BY = " x "
# What rounding leaves of a whole number of people, when it is worked out from a share of up to a billion of them.
_ROUNDING = 1e-6


def hidden_places(measurements: Sequence[Row], fewest: int, *, of_shares: bool) -> dict[int, str]:
    """The places of the figures that must not be shown, with why.

    `of_shares` tells that shares are shares of people, so that few of them on one side tell of few people.
    """
    rows = _rows(measurements)
    grouped = [place for place, row in enumerate(measurements) if "/" in str(row.get("group") or "")]
    small = {place for place in grouped if (n := rows[place]) is not None and 0 < n < fewest}
    why = dict.fromkeys(small, f"fewer than {fewest} rows: not shown")
    if of_shares:
        few = [place for place in grouped if place not in small and _has_few(measurements[place], fewest)]
        told = _telling(measurements, grouped, few)
        why |= dict.fromkeys(told - small, f"fewer than {fewest} rows on one side: not shown")
    if not why:
        return {}
    gaps = {_attribute(measurements[place]) for place in why if measurements[place].get("note") not in _ASIDE}
    beside = _beside(measurements, grouped, rows, set(why))
    why |= dict.fromkeys(beside, "not shown, because a smaller group could be worked out from it")
    for place, row in enumerate(measurements):
        if row.get("group") in gaps:
            why[place] = f"not shown, because a figure of fewer than {fewest} rows is among those compared"
    return why


def _rows(measurements: Sequence[Row]) -> list[int | None]:
    """The rows of the group that each figure is about."""
    shares = {
        row.get("group"): round(row["value"] * row["n"])
        for row in measurements
        if row.get("name") == "share_of_rows" and row.get("value") is not None and row.get("n") is not None
    }
    return [shares.get(row.get("group")) if row.get("name") in _SHARES_OF_ALL else row.get("n") for row in measurements]


def _is_share(row: Row) -> bool:
    """Whether the figure is a whole number of its rows over them; anything else that is one by chance is taken for it.

    Of rows that weigh differently it is not: the sums of their weights are no number of people.
    """
    value, n = row.get("value"), row.get("n")
    if value is None or not n or row.get("unit") != "1" or row.get("name") in _SHARES_OF_ALL or not 0 <= value <= 1:
        return False
    return bool(abs(value * n - round(value * n)) <= _ROUNDING)


def _has_few(row: Row, fewest: int) -> bool:
    if not _is_share(row):
        return False
    inside = round(row["value"] * row["n"])
    return 0 < inside < fewest or 0 < row["n"] - inside < fewest


def _telling(measurements: Sequence[Row], grouped: Sequence[int], few: Sequence[int]) -> set[int]:
    """The figures that have few people on one side, and those of the same groups that are made of them.

    Another share of the same group among other people, such as a false positive rate beside a true positive rate,
    stays.
    """
    among = defaultdict(set)
    for place in few:
        among[measurements[place]["group"]].add(measurements[place]["n"])
    return {
        place
        for place in grouped
        if (row := measurements[place])["group"] in among
        and (row.get("n") in among[row["group"]] or not _is_share(row))
    }


def _beside(
    measurements: Sequence[Row], grouped: Sequence[int], rows: Sequence[int | None], hidden: set[int]
) -> set[int]:
    """Beside a single hidden cell of a line the next smallest one: else the hidden one is the total less the others.

    A line holds the groups of an attribute, and of a crossing those that differ in one attribute alone: their total is
    a cell of a table with one attribute less.
    """
    through = {place: _lines(measurements[place]) for place in grouped if measurements[place].get("n")}
    lines = defaultdict(list)
    for place, own in through.items():
        for line in own:
            lines[line].append(place)
    gone = {line: sum(place in hidden for place in places) for line, places in lines.items()}

    def cost(place: int) -> tuple[int, int, int]:
        """How many lines it would be the first to leave, which then need another one; then how many rows it has."""
        return sum(not gone[line] for line in through[place]), rows[place] or 0, place

    found: set[int] = set()
    waiting = list(lines)
    while waiting:
        line = waiting.pop()
        shown = [place for place in lines[line] if place not in hidden and place not in found]
        if gone[line] != 1 or not shown:
            continue
        chosen = min(shown, key=cost)
        found.add(chosen)
        for other in through[chosen]:
            gone[other] += 1
        waiting += through[chosen]
    return found


def _lines(row: Row) -> list[tuple[Any, ...]]:
    attribute, _, group = str(row.get("group")).partition("/")
    names = group.split(_CROSSED_BY)
    if len(names) != len(attribute.split(_CROSSED_BY)):
        names = [group]
    return [(row.get("name"), attribute, at, *names[:at], *names[at + 1 :]) for at in range(len(names))]


def _attribute(row: Row) -> str:
    return str(row.get("group") or "").partition("/")[0]
