"""Were groups selected alike among people who are alike in what may count?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import require_complete, settled
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import figure, some
from audits.checks.statistics.contingency import Half, Stratified, cochran_mantel_haenszel
from audits.checks.statistics.groups import CROSSED_BY
from audits.checks.statistics.intervals import percentile
from audits.checks.statistics.rates import selection_rate

_NAME = "fairness.conditional_parity"


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


@check(_NAME, version=1, needs=GroupCounts, roles=("prediction", "sensitive"))
def conditional_parity(
    counts: GroupCounts,
    *,
    attribute: str | None = None,
    control: str | None = None,
    max_difference: Share = 0.10,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Difference in selection rate between groups inside the strata of a control column, pooled over the strata.

    The control is a column that may explain a difference, such as the department that was applied to; it is declared
    among the sensitive columns. A pooled difference that points the other way than the one without strata is
    Simpson's paradox, and a note says so.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    attribute : str or None, default=None
        Sensitive column to look at; None looks at every one but the control.
    control : str or None, default=None
        Column whose values are the strata; without one nothing is measured.
    max_difference : float in [0, 1], default=0.10
        Pooled differences above this become a finding. Unit: difference of proportions.
    min_group_size : int, default=30
        Fewest rows that a group must have over all strata.
    leave_out : list of str, default=[]
        Groups that are not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    sum over strata of w (a / n - b / m) / sum of w, with w = n m / (n + m), for a of n people of one group and
    b of m of another chosen in the stratum; the largest over pairs of groups

    Measures
    --------
    conditional_parity_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.
    unconditional_parity_difference : float in [0, 1], unit 1, ideal 0, by attribute, of the same two groups.
    common_odds_ratio : float of 0 or more, unit 1, ideal 1, by attribute, after Mantel and Haenszel.
    p_value : float in [0, 1], unit 1, by attribute, of the Cochran-Mantel-Haenszel test without correction.

    Cannot measure
    --------------
    No control column, rows without a prediction, fewer than two groups, a group with too few rows, or two groups
    that never meet in a stratum (unless the others already exceed the limit).

    Source
    ------
    Greenland, Robins (1985), Estimation of a common effect parameter from sparse follow-up data, Biometrics 41, for
    the pooled difference; Mantel, Haenszel (1959), JNCI 22, for ratio and test; Kamiran, Zliobaite, Calders (2013),
    Quantifying explainable discrimination, doi:10.1007/s10115-012-0584-8.

    Example
    -------
    | sex (sensitive) | dept (sensitive) | decision (prediction) | rows |
    |---|---|---|---|
    | Female | art | 1 | 7 |
    | Female | art | 0 | 1 |
    | Male | art | 1 | 24 |
    | Male | art | 0 | 8 |
    | Female | law | 1 | 8 |
    | Female | law | 0 | 24 |
    | Male | law | 1 | 1 |
    | Male | law | 0 | 7 |

    With `control="dept"`:

    - `conditional_parity_difference` of sex: w, in both departments: 8 * 32 / 40 = 6.4;
      (6.4 (7/8 - 24/32) + 6.4 (8/32 - 1/8)) / 12.8 = 0.125
    - `unconditional_parity_difference` of sex: the other way round, 25/40 - 15/40 = 0.25
    - `common_odds_ratio` of sex: (7 * 8 / 40 + 8 * 7 / 40) / (1 * 24 / 40 + 24 * 1 / 40) = 2.333
    - `p_value` of sex: 15 women were chosen, expected are: 8 * 31/40 + 32 * 9/40 = 13.4; variance:
      2 * 8 * 32 * 31 * 9 / (40^2 * 39) = 2.289; chi-square: (15 - 13.4)^2 / 2.289 = 1.118; with one degree = 0.2903
    """
    if control is None:
        raise CannotMeasure('Name the column whose values are the strata in "control".')
    notes = list(require_complete(counts, labels=False))
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name in (name for name in counts.attributes(attribute) if name != control):
        pairs, hindrance = _pairs(counts, control, name, min_group_size, leave_out)
        obstacles += hindrance
        if not pairs:
            continue
        widest = max(pairs, key=lambda pair: (abs(pair.pooled), pair.first, pair.second))
        low, high = percentile(np.max([np.abs(pair.drawn) for pair in pairs], axis=0), float(abs(widest.pooled)))
        measured += _measurements(widest, name, low, high, max_difference)
        notes += [_paradox(pair, name, control) for pair in pairs if pair.pooled * pair.crude < 0]
        what = f"difference in selection rate by {name} inside {control}"
        ruling = ruled(abs(widest.pooled), low, high, max_difference, decide_on=decide_on, rows=widest.n, what=what)
        if ruling.doubt:
            obstacles.append(ruling.doubt)
        if ruling.beyond:
            better, worse = (widest.first, widest.second) if widest.pooled > 0 else (widest.second, widest.first)
            findings.append(
                Finding(
                    key=f"{_NAME}/{name}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"With {control} alike {better} was selected more often than {worse}: "
                        f"{deciding(decide_on, 'difference')} {figure(ruling.value)}, above the limit "
                        f"{figure(max_difference)}."
                    ),
                    measurement="conditional_parity_difference",
                )
            )
    if not measured and not obstacles:
        obstacles.append(f"There is no sensitive column beside the control {control}.")
    return settled(measured, findings, notes, obstacles)


def _pairs(
    counts: GroupCounts, control: str, attribute: str, minimum: int, leave_out: Sequence[str]
) -> tuple[list[_Pair], list[str]]:
    rate = selection_rate(counts.favourable)
    names = counts.grouping(attribute).groups
    crossing = counts.grouping(f"{control}{CROSSED_BY}{attribute}")
    shape = (-1, len(names))
    chosen = np.array(crossing.totals(rate.numerator), dtype=object).reshape(shape)
    size = np.array(crossing.totals(rate.denominator), dtype=object).reshape(shape)
    drawn = [crossing.drawn_sums(mask).reshape(-1, *chosen.shape) for mask in (rate.numerator, rate.denominator)]
    rows = crossing.counts[:, rate.denominator].sum(axis=1).reshape(shape).sum(axis=0)
    wanted = [place for place, name in enumerate(names) if name not in leave_out]
    small = [f"{names[place]} ({rows[place]})" for place in wanted if rows[place] < minimum]
    usable = [place for place in wanted if rows[place] >= minimum]
    obstacles = [f"{attribute}: too few rows of {some(small)}."] if small else []
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
        strata = [
            (_half(counted[k, one], rate.numerator), _half(counted[k, other], rate.numerator))
            for k in range(len(chosen))
        ]
        test = cochran_mantel_haenszel(strata)
        n = int(rows[one] + rows[other])
        pairs.append(_Pair(names[one], names[other], pooled, crude, redrawn, test, n))
    if apart:
        obstacles.append(f"{attribute}: {some(apart)} never meet in one value of {control}.")
    return pairs, obstacles


def _half(pairs: NDArray[np.int64], mask: NDArray[np.bool_]) -> Half:
    chosen = int(pairs[mask].sum())
    return chosen, int(pairs.sum()) - chosen


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
    pair: _Pair, attribute: str, low: float | None, high: float | None, limit: float
) -> list[Measurement]:
    note = f"{pair.first} against {pair.second}"
    odds = None if pair.test.odds_ratio is None else float(pair.test.odds_ratio)
    return [
        Measurement(
            "conditional_parity_difference",
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
            "unconditional_parity_difference", float(abs(pair.crude)), group=attribute, n=pair.n, ideal=0.0, note=note
        ),
        Measurement("common_odds_ratio", odds, group=attribute, n=pair.n, ideal=1.0, note=note),
        Measurement("p_value", pair.test.p_value, group=attribute, n=pair.n, note=note),
    ]


def _paradox(pair: _Pair, attribute: str, control: str) -> str:
    over, under = (pair.first, pair.second) if pair.crude > 0 else (pair.second, pair.first)
    return (
        f"Simpson's paradox in {attribute}: overall {over} was selected more often than {under} by "
        f"{figure(abs(pair.crude))}, but inside {control} {under} more often than {over} by {figure(abs(pair.pooled))}."
    )
