"""Which crossing of the sensitive columns is treated most differently from everybody else?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import require_complete, rows_to_draw, settled
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics import Grouping
from audits.checks.statistics.groups import CROSSED_BY
from audits.checks.statistics.intervals import Interval
from audits.checks.statistics.rates import Rate, false_positive_rate, selection_rate, true_positive_rate
from audits.checks.statistics.simultaneous import difference_of, joint_level_of

_NAME = "fairness.intersectional_parity"
_RATES = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
}


@dataclass(frozen=True)
class _Crossing:
    """One group of one crossing, by the places of its cells in the full crossing, against everybody else."""

    attribute: str
    group: str
    inside: NDArray[np.bool_]
    n: int
    n_others: int
    value: Fraction
    others: Fraction

    @property
    def gap(self) -> Fraction:
        return self.value - self.others


@check(_NAME, version=1, needs=GroupCounts, roles=("prediction", "sensitive"))
def intersectional_parity(
    counts: GroupCounts,
    *,
    attribute: str | None = None,
    rate: Literal["selection_rate", "true_positive_rate", "false_positive_rate"] = "selection_rate",
    max_order: Annotated[int, Between(1, 6)] = 3,
    max_gap: Share = 0.10,
    min_group_size: Count = 30,
    max_share_unjudged: Share = 0.05,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "lower",
) -> Report:
    """Largest gap between a group of any crossing of the sensitive columns and everybody outside it.

    Who looks at many crossings finds a gap by chance. So the intervals hold for all of them together, and a limit is by
    default held against the end of the interval that is nearer to no gap.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    attribute : str or None, default=None
        Columns to cross, such as "sex x race"; None crosses all of them.
    rate : {"selection_rate", "true_positive_rate", "false_positive_rate"}, default="selection_rate"
        Rate that is compared.
    max_order : int in [1, 6], default=3
        Most columns that are crossed with each other; 1 looks at the columns alone.
    max_gap : float in [0, 1], default=0.10
        Gaps above this become a finding for that group. Unit: difference of proportions.
    min_group_size : int, default=30
        Fewest rows in the denominator of the rate that a group must have to be judged.
    max_share_unjudged : float in [0, 1], default=0.05
        Largest share of the rows that may lie in smaller groups of a crossing before nothing can pass.
    leave_out : list of str, default=[]
        Groups of a crossing that are not judged, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="lower"
        What is held against the limit: the gap, an end of its interval, or the whole interval; a limit inside the
        interval is then not enough evidence.

    Formula
    -------
    |P(decision | crossing) - P(decision | everybody else)| of every crossing, or of the rate that is asked for

    Measures
    --------
    gap_to_others : float in [0, 1], unit 1, ideal 0, by group of every crossing, with an interval that holds for all.
    worst_gap_to_others : float in [0, 1], unit 1, ideal 0, of the crossing that is furthest from the others.

    Cannot measure
    --------------
    Rows without a prediction, no group with enough rows, or more than `max_share_unjudged` of the rows in groups of a
    crossing that are too small (unless another group already exceeds the limit).

    Source
    ------
    Kearns et al. (2018), Preventing Fairness Gerrymandering, proceedings.mlr.press/v80/kearns18a; Foulds et al. (2020),
    doi:10.1109/ICDE48307.2020.00203; Newcombe (1998), method 10, at the joint level of Montiel Olea and
    Plagborg-Møller (2019), doi:10.1002/jae.2656, for the intervals.

    Example
    -------
    | sex (sensitive) | town (sensitive) | decision (prediction) | rows |
    |---|---|---|---|
    | Female | Bonn | 1 | 10 |
    | Female | Bonn | 0 | 30 |
    | Female | Ulm | 1 | 30 |
    | Female | Ulm | 0 | 10 |
    | Male | Bonn | 1 | 30 |
    | Male | Bonn | 0 | 10 |
    | Male | Ulm | 1 | 30 |
    | Male | Ulm | 0 | 10 |

    - `gap_to_others` of sex/Female: |40/80 - 60/80| = 0.25
    - `gap_to_others` of sex x town/Female x Ulm: |30/40 - 70/120| = 0.1667
    - `worst_gap_to_others` of sex x town/Female x Bonn: |10/40 - 90/120| = 0.5
    """
    measured_rate = _RATES[rate](counts.favourable)
    notes = list(require_complete(counts, labels=rate != "selection_rate"))
    columns = attribute.split(CROSSED_BY) if attribute else [column.name for column in counts.roles.sensitive]
    full = counts.grouping(CROSSED_BY.join(columns))
    crossings, obstacles = _crossings(counts, full, columns, max_order, measured_rate, min_group_size, leave_out)
    small = [text for text, share in obstacles if share <= max_share_unjudged]
    hindrances = [text for text, share in obstacles if share > max_share_unjudged]
    if not crossings:
        raise CannotMeasure(" ".join([*hindrances, *small, "No group has enough rows to be compared."]))
    intervals = _intervals(full, crossings, measured_rate)
    if intervals is None:
        least = min(crossings, key=lambda crossing: crossing.n)
        rows = full.rows(measured_rate.rows)
        more = rows_to_draw(measured_rate.words, least.group, least.n, rows, len(crossings))
        raise CannotMeasure(f"Too few rows for an interval that holds for all crossings together. {more}".strip())
    measured: list[Measurement] = []
    findings: list[Finding] = []
    for crossing, (low, high) in zip(crossings, intervals, strict=True):
        gap = abs(crossing.gap)
        note = f"{figure(crossing.value)} against {figure(crossing.others)} of {crossing.n_others} others"
        where = f"{crossing.attribute}/{crossing.group}"
        measured.append(
            Measurement("gap_to_others", float(gap), "1", where, low, high, 0.95, crossing.n, 0.0, max_gap, note)
        )
        what = f"gap in {measured_rate.words} of {crossing.group}"
        ruling = ruled(gap, low, high, max_gap, decide_on=decide_on, rows=full.rows(measured_rate.rows), what=what)
        if ruling.doubt:
            hindrances.append(ruling.doubt)
        if ruling.beyond:
            findings.append(
                Finding(
                    key=f"{_NAME}/{where}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"The {measured_rate.words} of {crossing.group} is {figure(crossing.value)}, that of everybody "
                        f"else {figure(crossing.others)}: {deciding(decide_on, 'gap')} {figure(ruling.value)}, above "
                        f"the limit {figure(max_gap)}, with {len(crossings)} groups looked at."
                    ),
                    measurement="gap_to_others",
                )
            )
    worst = max(range(len(crossings)), key=lambda place: (abs(crossings[place].gap), crossings[place].group))
    measured.append(_worst(crossings[worst], *intervals[worst], max_gap))
    findings.sort(key=lambda finding: finding.key != f"{_NAME}/{crossings[worst].attribute}/{crossings[worst].group}")
    return settled(measured, findings, [*notes, *small], hindrances)


def _crossings(
    counts: GroupCounts,
    full: Grouping,
    columns: Sequence[str],
    max_order: int,
    rate: Rate,
    minimum: int,
    leave_out: Sequence[str],
) -> tuple[list[_Crossing], list[tuple[str, float]]]:
    """The groups to judge, and for each crossing with groups too small to judge a sentence and their share of rows."""
    levels = [counts.grouping(column).groups for column in columns]
    codes = np.indices([len(names) for names in levels]).reshape(len(columns), -1)
    rows = full.counts[:, rate.denominator].sum(axis=1)
    chosen, among = full.totals(rate.numerator), full.totals(rate.denominator)
    whole, everybody = sum(among, Fraction(0)), sum(chosen, Fraction(0))
    found, small = [], []
    for order in range(1, min(max_order, len(columns)) + 1):
        for places in combinations(range(len(columns)), order):
            name = CROSSED_BY.join(columns[place] for place in places)
            left, total, alone, least = 0, 0, False, minimum
            for number, group in enumerate(counts.grouping(name).groups):
                picked = np.unravel_index(number, [len(levels[place]) for place in places])
                inside = np.all([codes[place] == code for place, code in zip(places, picked, strict=True)], axis=0)
                n = int(rows[inside].sum())
                if group in leave_out or n == 0:
                    continue
                total += n
                size = sum((among[place] for place in np.flatnonzero(inside)), Fraction(0))
                if n < minimum or size in (0, whole):
                    left, least = left + n, min(least, n)
                    alone |= n >= minimum and size == whole
                    continue
                taken = sum((chosen[place] for place in np.flatnonzero(inside)), Fraction(0))
                others = (everybody - taken) / (whole - size)
                n_others = int(rows.sum()) - n
                found.append(_Crossing(name, group, inside, n, n_others, taken / size, others))
            if left:
                why = "one group, with nobody to compare with" if alone else "in groups too small to judge"
                more = f"; of about {math.ceil(total * minimum / least):,} rows like these none would be"
                small.append(
                    (f"{name}: {left} of {total} rows are {why}{more if least < minimum else ''}.", left / total)
                )
    return found, small


def _intervals(full: Grouping, crossings: Sequence[_Crossing], rate: Rate) -> list[Interval] | None:
    """Bounds of the absolute gap of every group, holding together."""
    chosen, among = full.drawn_sums(rate.numerator), full.drawn_sums(rate.denominator)
    inside = np.array([crossing.inside for crossing in crossings], float).T
    drawn = _shares(chosen @ inside, among @ inside) - _shares(chosen @ (1 - inside), among @ (1 - inside))
    level = joint_level_of(drawn, np.array([float(crossing.gap) for crossing in crossings]))
    if level is None:
        return None
    bounds: list[Interval] = []
    for crossing in crossings:
        merged = full.merged((crossing.inside, ~crossing.inside))
        low, high = difference_of(*merged.rates(rate, level))
        bounds.append((max(low, -high, 0.0), max(-low, high)))
    return bounds


def _shares(chosen: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(chosen, among, out=np.full(among.shape, np.nan), where=among > 0)


def _worst(crossing: _Crossing, low: float | None, high: float | None, limit: float) -> Measurement:
    return Measurement(
        "worst_gap_to_others",
        float(abs(crossing.gap)),
        group=f"{crossing.attribute}/{crossing.group}",
        low=low,
        high=high,
        n=crossing.n,
        ideal=0.0,
        limit=limit,
        note="interval holds for all groups together",
    )
