"""Did groups fare alike among people who are alike in what may count?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure, Finding, Measurement, Report, Severity
from audits.checks.comparison import require_complete, settled, too_few
from audits.checks.limits import deciding, ruled
from audits.checks.sentences import figure, some
from audits.checks.statistics.contingency import Half, Stratified, cochran_mantel_haenszel
from audits.checks.statistics.group_counts import GroupCounts
from audits.checks.statistics.groups import CROSSED_BY
from audits.checks.statistics.intervals import percentile
from audits.checks.statistics.rates import Rate


@dataclass(frozen=True)
class _Pair:
    """Two groups inside the strata: the pooled difference first minus second, and the one without strata."""

    first: str
    second: str
    pooled: Fraction
    crude: Fraction
    drawn: NDArray[np.float64]
    test: Stratified
    n: int


def conditional_report(
    counts: GroupCounts,
    rate: Rate,
    *,
    check: str,
    named: str,
    said: str,
    attribute: str | None,
    control: str | None,
    max_difference: float,
    min_group_size: int,
    leave_out: Sequence[str],
    decide_on: str,
) -> Report:
    """Hold the difference of a rate inside the strata of a control column against a limit.

    `named` stands in the names of the measurements, `said` is what happened to people at that rate: "was selected".
    """
    if control is None:
        raise CannotMeasure('Name the column whose values are the strata in "control".')
    notes = list(require_complete(counts, labels=rate.reads_labels, predictions=rate.reads_predictions))
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name in (name for name in counts.attributes(attribute) if name != control):
        pairs, hindrance = _pairs(counts, rate, control, name, min_group_size, leave_out)
        obstacles += hindrance
        if not pairs:
            continue
        widest = max(pairs, key=lambda pair: (abs(pair.pooled), pair.first, pair.second))
        low, high = percentile(np.max([np.abs(pair.drawn) for pair in pairs], axis=0), float(abs(widest.pooled)))
        measured += _measurements(widest, named, name, low, high, max_difference)
        notes += [_paradox(pair, said, name, control) for pair in pairs if pair.pooled * pair.crude < 0]
        what = f"difference in {rate.words} by {name} inside {control}"
        ruling = ruled(abs(widest.pooled), low, high, max_difference, decide_on=decide_on, rows=widest.n, what=what)
        if ruling.doubt:
            obstacles.append(ruling.doubt)
        if ruling.beyond:
            better, worse = (widest.first, widest.second) if widest.pooled > 0 else (widest.second, widest.first)
            findings.append(
                Finding(
                    key=f"{check}/{name}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"With {control} alike {better} {said} more often than {worse}: "
                        f"{deciding(decide_on, 'difference')} {figure(ruling.value)}, above the limit "
                        f"{figure(max_difference)}."
                    ),
                    measurement=f"conditional_{named}_difference",
                )
            )
    if not measured and not obstacles:
        obstacles.append(f"There is no sensitive column beside the control {control}.")
    return settled(measured, findings, notes, obstacles)


def _pairs(
    counts: GroupCounts, rate: Rate, control: str, attribute: str, minimum: int, leave_out: Sequence[str]
) -> tuple[list[_Pair], list[str]]:
    names = counts.grouping(attribute).groups
    crossing = counts.grouping(f"{control}{CROSSED_BY}{attribute}")
    shape = (-1, len(names))
    chosen = np.array(crossing.totals(rate.numerator), dtype=object).reshape(shape)
    size = np.array(crossing.totals(rate.denominator), dtype=object).reshape(shape)
    drawn = [crossing.drawn_sums(mask).reshape(-1, *chosen.shape) for mask in (rate.numerator, rate.denominator)]
    rows = crossing.counts[:, rate.denominator].sum(axis=1).reshape(shape).sum(axis=0)
    wanted = [place for place, name in enumerate(names) if name not in leave_out]
    small = {names[place]: int(rows[place]) for place in wanted if rows[place] < minimum}
    usable = [place for place in wanted if rows[place] >= minimum]
    obstacles = [f"{attribute}: too few rows of {too_few(small, int(rows.sum()), minimum)}"] if small else []
    if len(usable) < 2:
        obstacles.append(f"{attribute}: fewer than two groups to compare.")
    apart, pairs = [], []
    for one, other in combinations(usable, 2):
        pooled = _pooled(chosen[:, one], size[:, one], chosen[:, other], size[:, other])
        if pooled is None:
            apart.append(f"{names[one]} and {names[other]}")
            continue
        crude = sum(chosen[:, one]) / sum(size[:, one]) - sum(chosen[:, other]) / sum(size[:, other])
        redrawn = _drawn(*(drawn[kind][:, :, place] for place in (one, other) for kind in (0, 1)))
        counted = crossing.counts.reshape(*chosen.shape, 3, 3)
        strata = [(_half(counted[k, one], rate), _half(counted[k, other], rate)) for k in range(len(chosen))]
        test = cochran_mantel_haenszel(strata)
        n = int(rows[one] + rows[other])
        pairs.append(_Pair(names[one], names[other], pooled, crude, redrawn, test, n))
    if apart:
        obstacles.append(f"{attribute}: {some(apart)} never meet in one value of {control}.")
    return pairs, obstacles


def _half(pairs: NDArray[np.int64], rate: Rate) -> Half:
    return int(pairs[rate.numerator].sum()), int(pairs[rate.denominator & ~rate.numerator].sum())


def _pooled(
    chosen: NDArray[np.object_], size: NDArray[np.object_], other: NDArray[np.object_], other_size: NDArray[np.object_]
) -> Fraction | None:
    surplus, weight = Fraction(0), Fraction(0)
    for a, n, b, m in zip(chosen, size, other, other_size, strict=True):
        if n and m:
            surplus += (a * m - b * n) / (n + m)
            weight += n * m / (n + m)
    return surplus / weight if weight else None


def _drawn(
    chosen: NDArray[np.float64], size: NDArray[np.float64], other: NDArray[np.float64], other_size: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The pooled difference in each draw; each argument has the shape (n_draws, n_strata)."""
    both = np.maximum(size + other_size, 1e-300)
    surplus = ((chosen * other_size - other * size) / both).sum(axis=1)
    weight = (size * other_size / both).sum(axis=1)
    return np.divide(surplus, weight, out=np.full(len(weight), np.nan), where=weight > 0)


def _measurements(
    pair: _Pair, named: str, attribute: str, low: float | None, high: float | None, limit: float
) -> list[Measurement]:
    note = f"{pair.first} against {pair.second}"
    odds = None if pair.test.odds_ratio is None else float(pair.test.odds_ratio)
    return [
        Measurement(
            f"conditional_{named}_difference",
            float(abs(pair.pooled)),
            group=attribute,
            low=low,
            high=high,
            n=pair.n,
            ideal=0.0,
            limit=limit,
            note=note,
        ),
        Measurement(
            f"unconditional_{named}_difference", float(abs(pair.crude)), group=attribute, n=pair.n, ideal=0.0, note=note
        ),
        Measurement("common_odds_ratio", odds, group=attribute, n=pair.n, ideal=1.0, note=note),
        Measurement("p_value", pair.test.p_value, group=attribute, n=pair.n, note=note),
    ]


def _paradox(pair: _Pair, said: str, attribute: str, control: str) -> str:
    over, under = (pair.first, pair.second) if pair.crude > 0 else (pair.second, pair.first)
    return (
        f"Simpson's paradox in {attribute}: overall {over} {said} more often than {under} by "
        f"{figure(abs(pair.crude))}, but inside {control} {under} more often than {over} by {figure(abs(pair.pooled))}."
    )
