"""Is every group as large in the table as in the population that it stands for?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import scipy

from audits.checks import CannotMeasure, Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import settled
from audits.checks.limits import deciding, exactly, ruled
from audits.checks.parameters import DecideOnEvidence, Share
from audits.checks.sentences import figure, some
from audits.checks.statistics.exact_sums import Tally
from audits.checks.statistics.weighed_cells import WeighedCells

_NAME = "fairness.representation"


@check(_NAME, version=1, needs=GroupCounts, roles=("sensitive",))
def representation(
    counts: GroupCounts,
    *,
    attribute: str | None = None,
    population: tuple[str, ...] = (),
    min_ratio: Share = 0.8,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Share of each group in the table, against its share in a declared population.

    Rows count by their weight: so a sample can be held against the population that its weights make it stand for.
    Intervals and test are then those of Kish's effective rows.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3); the table needs neither of the two.
    attribute : str or None, default=None
        Sensitive column, or a crossing, that the population is about; it may be left out when there is only one column.
    population : list of str, default=[]
        The share of every group, such as "Female=0.51"; the shares add up to 1.
    min_ratio : float in [0, 1], default=0.8
        A group whose share is below this part of its share in the population becomes a finding.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the ratio, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    (rows, or weight, of the group / rows, or weight, of all declared groups) / declared share of the group

    Measures
    --------
    share_of_rows : float in [0, 1], unit 1, by group, with Wilson's interval.
    representation_ratio : float of 0 or more, unit 1, ideal 1, by group, with Wilson's interval over
        the declared share.
    p_value : float in [0, 1], unit 1, by attribute, of the chi-square test that rows are drawn from the population;
        undefined for a single group.

    Cannot measure
    --------------
    No declared population, rows that weigh nothing, or rows of groups that it does not name, the unknown ones included
    (unless a group is already found).

    Source
    ------
    Mitchell et al. (2019), Model Cards, doi:10.1145/3287560.3287596; scipy.stats.chisquare; Kish (1965), Survey
    Sampling, section 11.7, for the effective rows.

    Example
    -------
    | sex (sensitive) | rows |
    |---|---|
    | Female | 3 |
    | Male | 7 |

    With `population=["Female=0.5", "Male=0.5"]`:

    - `share_of_rows` of sex/Female: 3/10 = 0.3
    - `representation_ratio` of sex/Female: 0.3/0.5 = 0.6
    - `representation_ratio` of sex/Male: 0.7/0.5 = 1.4
    - `p_value` of sex: chi-square: (3 - 5)^2 / 5 + (7 - 5)^2 / 5 = 1.6; with one degree = 0.2059
    """
    if not population:
        raise CannotMeasure('Declare the share of every group in "population", such as "Female=0.51".')
    names = counts.attributes(attribute)
    if len(names) > 1:
        raise CannotMeasure('Name the column that the population is about in "attribute".')
    shares = _shares(population)
    (name,) = names
    grouping = counts.grouping(name)
    held = dict(zip(grouping.groups, grouping.held(), strict=True))
    strangers = [f"{group} ({one.rows})" for group, one in held.items() if one.rows and group not in shares]
    tallies: dict[tuple[int, ...], Tally] = {(place,): held.get(group, Tally()) for place, group in enumerate(shares)}
    cells = WeighedCells.of(tallies, (len(shares),), weighted=grouping.weights is not None)
    whole = cells.summed(lambda of: np.full(of.shape, of.sum()))
    total, evidence = int(cells.rows.sum()), Fraction(whole.evidence_at((0,)))
    if not total:
        raise CannotMeasure(f"{name}: no row belongs to a group of the declared population.")
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles = [f"{name}: the population does not name {some(strangers)}."] if strangers else []
    of_what = "rows" if grouping.weights is None else "weight of all rows"
    observed: list[float] = []
    for place, (group, declared) in enumerate(shares.items()):
        _, share, low, high = cells.share_of(whole, (place,))
        value, where = share or Fraction(0), f"{name}/{group}"
        observed.append(float(value * evidence))
        measured.append(Measurement("share_of_rows", float(value), group=where, low=low, high=high, n=total))
        lowest, highest = (None if end is None else end / float(declared) for end in (low, high))
        ratio = value / declared
        measured.append(
            Measurement(
                "representation_ratio",
                float(ratio),
                group=where,
                low=lowest,
                high=highest,
                n=total,
                ideal=1.0,
                limit=min_ratio,
                note=f"declared share {figure(declared)}",
            )
        )
        what = f"representation of {group}"
        ruling = ruled(ratio, lowest, highest, min_ratio, decide_on=decide_on, rows=total, what=what, floor=True)
        if ruling.doubt:
            obstacles.append(ruling.doubt)
        if ruling.beyond:
            findings.append(
                Finding(
                    key=f"{_NAME}/{where}",
                    severity=Severity.MEDIUM,
                    sentence=(
                        f"{group} is {figure(value)} of the {of_what} and {figure(declared)} of the population: "
                        f"{deciding(decide_on, 'ratio')} {figure(ruling.value)}, below the limit {figure(min_ratio)}."
                    ),
                    measurement="representation_ratio",
                )
            )
    expected = [float(of * evidence) for of in shares.values()]
    # A single group holds everybody, wherever the rows are from.
    p_value = float(scipy.stats.chisquare(observed, expected).pvalue) if len(shares) > 1 else None
    measured.append(Measurement("p_value", p_value, group=name, n=total, note="chi-square test"))
    return settled(measured, findings, [], obstacles)


def _shares(population: tuple[str, ...]) -> dict[str, Fraction]:
    shares: dict[str, Fraction] = {}
    for text in population:
        group, equals, written = text.rpartition("=")
        try:
            share = Fraction(written.strip())
        except (ValueError, ZeroDivisionError):
            share = Fraction(-1)
        if not equals or not group.strip() or not 0 < share <= 1 or group.strip() in shares:
            raise CannotMeasure(f'"{text}" is no share of a group; write each group once, such as "Female=0.51".')
        shares[group.strip()] = share
    total = sum(shares.values(), Fraction(0))
    if abs(total - 1) > exactly(0.001):
        raise CannotMeasure(f"The declared shares add up to {figure(total)}, not to 1.")
    return {group: share / total for group, share in shares.items()}
