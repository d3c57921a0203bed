"""Is as much known about every group?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from audits.checks import CannotMeasure, MissingCells, Report, Severity, check
from audits.checks.figures import Figure, held, rows_of_group
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import some
from audits.checks.statistics import GroupMissing
from audits.checks.statistics.intervals import LEVEL, wilson

_NAME = "data_quality.missing_by_group"


@check(_NAME, version=1, needs=GroupMissing, keeps=MissingCells)
def missing_by_group(
    cells: MissingCells,
    *,
    attribute: str | None = None,
    max_gap: Share = 0.1,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Share of missing cells of each feature, and the largest difference of it between two groups.

    Where less is known about a group its members are judged by what was filled in for them. A cell is missing when it
    is empty, blank or no number; texts that only say so are for `data_quality.disguised_missing`. The interval of a
    difference holds for all pairs of groups of the attribute (Bonferroni), not for all features together. Every row
    counts once, whatever it weighs.

    Parameters
    ----------
    cells : MissingCells
        Rows and missing cells by group, integers of shape (n_groups, 1 + n_features).
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_gap : float in [0, 1], default=0.1
        A larger difference of a feature becomes a finding.
    min_group_size : int, default=30
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limit; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    the highest less the lowest share of missing cells of a group

    Measures
    --------
    missing_gap : float in [0, 1], unit 1, ideal 0, by feature and attribute, with the interval of Zou and Donner.
    missing_share : float in [0, 1], unit 1, ideal 0, by feature and group, of features with missing cells, for the
        group with most and the one with fewest, with Wilson's interval.
    group_rows : int, unit rows, by group that has too few to compare.

    Cannot measure
    --------------
    Fewer than two groups, or a group with too few rows (unless there is a finding among the others).

    Source
    ------
    Fernando et al. (2021), Missing the missing values: The ugly duckling of fairness in machine learning,
    doi:10.1002/int.22415; Zou, Donner (2008), doi:10.1002/sim.3095, for the interval.

    Example
    -------
    | sex (sensitive) | income (feature) | rows |
    |---|---|---|
    | women |  | 3 |
    | women | 10 | 7 |
    | men |  | 1 |
    | men | 10 | 9 |

    - `missing_gap` of income by sex: 3/10 - 1/10 = 0.2
    - `missing_share` of income by sex/women: 3/10 = 0.3
    - `missing_share` of income by sex/men: 1/10 = 0.1
    """
    figures, obstacles = [], []
    for name, groups in cells.by_attribute.items():
        kept = {group: of for group, of in groups.items() if of[0] and group not in leave_out}
        small = {group: of[0] for group, of in kept.items() if of[0] < min_group_size}
        usable = {group: of for group, of in kept.items() if group not in small}
        figures += [rows_of_group(name, group, n) for group, n in small.items()]
        if small:
            named = some([f"{name}/{group} ({n})" for group, n in small.items()])
            obstacles.append(f"Too few rows in {named}; {min_group_size} are needed.")
        if len(usable) < 2:
            obstacles.append(f"{name} has {len(usable)} groups to compare; two are needed.")
            continue
        for place, feature in enumerate(cells.features, 1):
            if feature not in name.split(" x "):
                figures += _gap(name, feature, {group: (of[place], of[0]) for group, of in usable.items()}, max_gap)
    if not figures and not obstacles:
        raise CannotMeasure("There is no feature besides the sensitive columns.")
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, obstacles=obstacles)


def _gap(attribute: str, feature: str, groups: Mapping[str, tuple[int, int]], max_gap: float) -> list[Figure]:
    """The difference of the extreme groups and, where anything is missing, their shares; groups as (missing, rows).

    The groups of a feature are a table of their own: reports leave a figure of few people out with those beside it.
    """
    shares = {group: Fraction(missing, rows) for group, (missing, rows) in groups.items()}
    most, fewest = max(shares, key=lambda group: shares[group]), min(shares, key=lambda group: shares[group])
    level = 1 - (1 - LEVEL) / math.comb(len(groups), 2)
    (low, high), (least, up_to) = (wilson(*groups[group], level) for group in (most, fewest))
    value = shares[most] - shares[fewest]
    below = math.hypot(float(shares[most]) - (low or 0.0), (up_to or 0.0) - float(shares[fewest]))
    above = math.hypot((high or 0.0) - float(shares[most]), float(shares[fewest]) - (least or 0.0))
    n = groups[most][1] + groups[fewest][1]
    figures = [
        Figure(
            "missing_gap",
            value,
            max(0.0, float(value) - below),
            min(1.0, float(value) + above),
            n,
            max_gap,
            ideal=0.0,
            group=f"{feature} by {attribute}",
            words=f"difference of missing cells between {most} and {fewest}",
        )
    ]
    if shares[most]:
        for group in dict.fromkeys((most, fewest)):
            missing, rows = groups[group]
            of = f"{feature} by {attribute}/{group}"
            figures.append(Figure("missing_share", shares[group], *wilson(missing, rows), rows, ideal=0.0, group=of))
    return figures
