"""Did a feature move in one group of people, which all rows together may not show?"""

from __future__ import annotations

from audits.checks import CannotMeasure, Finding, GroupValues, Report, Severity, check
from audits.checks.divergence import chi_square_p_value, jensen_shannon, redrawn_interval
from audits.checks.figures import Figure
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure
from audits.checks.shifted_groups import GroupShifts, groups_aside, rows_by_group

_NAME = "drift.by_group"


@check(_NAME, version=1, needs=GroupValues, keeps=GroupShifts, tables=("evaluation", "reference"))
def by_group(
    evaluation: GroupShifts,
    reference: GroupShifts,
    *,
    attribute: str | None = None,
    columns: tuple[str, ...] = (),
    max_distance: Share = 0.1,
    false_discovery_rate: Share = 0.05,
    min_group_size: Count = 100,
    leave_out: tuple[str, ...] = (),
) -> Report:
    """Jensen-Shannon distance of every feature inside each group, with a test that is corrected for all of them.

    What moves in one group, or in two groups in opposite directions, may stand still among all rows together. A column
    moved in a group when the distance is above the limit *and* the chi-square test, corrected for the number of pairs
    of a group and a column (Benjamini, Hochberg), is significant. Of each column the group that moved the most is
    reported and stored. Each group has bins of its own: numbers between the deciles of its reference, of texts the
    nine that are most common in both tables and all others together. Deciles are exact up to 4,096 distinct numbers of
    a column; a note says otherwise. A group that only one table has is named, and like one that is too small it leaves
    the outcome open until it is left out.

    Parameters
    ----------
    evaluation : GroupShifts
        Rows of each group now, and the largest shift of each column.
    reference : GroupShifts
        Rows of each group in the reference.
    attribute : str or None, default=None
        Sensitive column to look at; None looks at every one.
    columns : list of str, default=[]
        Columns to compare; an empty list compares every feature, the prediction and the score.
    max_distance : float in [0, 1], default=0.1
        Distances above this, if significant, become a finding for that column.
    false_discovery_rate : float in [0, 1], default=0.05
        Expected share of false alarms among the pairs called significant.
    min_group_size : int, default=100
        Fewest rows that a group must have in each table, and fewest of them in which the column is filled.
    leave_out : list of str, default=[]
        Groups that are not compared, by name.

    Formula
    -------
    root of (KL(p, m) + KL(q, m)) / 2, m = (p + q) / 2, to base 2, p and q the shares of rows of one group now and in
    the reference; the largest over groups

    Measures
    --------
    jensen_shannon : float in [0, 1], unit 1, ideal 0, by group and column, of the group that moved the most, with a
        bootstrap interval.
    p_value : float in [0, 1], unit 1, by group and column, of Pearson's chi-square test.
    adjusted_p_value : float in [0, 1], unit 1, by group and column, corrected for all pairs.
    moved_pairs : int, unit pairs, ideal 0, of a group and a column.
    group_rows : int, unit rows, by group that cannot be compared: new, gone or too small.

    Cannot measure
    --------------
    A group that only one table has or that has too few rows; a column that is absent from either table, is filled in
    too few rows, holds more than 1,000 different texts, or has numbers in one table and texts in the other (unless
    there is a finding among the others).

    Source
    ------
    scipy.spatial.distance.jensenshannon; scipy.stats.chi2_contingency; Benjamini, Hochberg (1995),
    doi:10.1111/j.2517-6161.1995.tb02031.x; scipy.stats.false_discovery_control.

    Example
    -------
    | sex (sensitive) | town (feature) | in (table) | rows |
    |---|---|---|---|
    | women | Bonn | evaluation | 30 |
    | women | Ulm | evaluation | 10 |
    | men | Bonn | evaluation | 40 |
    | men | Ulm | evaluation | 40 |
    | women | Bonn | reference | 10 |
    | women | Ulm | reference | 30 |
    | men | Bonn | reference | 60 |
    | men | Ulm | reference | 20 |

    - `jensen_shannon` of town by sex/women: m is 1/2 and either KL the same; sqrt(3/4 log2(3/2) + 1/4 log2(1/2)) =
      0.4344
    - `adjusted_p_value` of town by sex/women: chi-square, 20 expected in each of 4 cells: 4 * 10^2 / 20 = 20; with one
      degree 0.000007744, the smaller one of two p-values: 2 * 0.000007744 = 0.00001549
    - `moved_pairs`: the town, of women and of men; in both tables 70 of all 120 are in Bonn = 2
    """
    aside, obstacles = groups_aside(rows_by_group(evaluation.sizes, reference.sizes, leave_out), min_group_size)
    obstacles += evaluation.refused
    figures = [Figure("moved_pairs", evaluation.moved, n=evaluation.pairs, ideal=0.0, unit="pairs")]
    findings = []
    for one in sorted(evaluation.largest, key=lambda shift: -shift.distance):
        where, n = f"{one.column} by {one.attribute}", int(one.bins.current.sum())
        group = f"{where}/{one.group}"
        low, high = redrawn_interval(one.bins, jensen_shannon)
        note = f"moved the most of {one.compared} groups"
        note += "; more than 4,096 distinct numbers, rounded" if one.column in evaluation.rounded else ""
        figures += [
            Figure("jensen_shannon", one.distance, low, high, n, max_distance, ideal=0.0, group=group, note=note),
            Figure("p_value", chi_square_p_value(one.bins), n=n, group=group),
            Figure("adjusted_p_value", one.adjusted, n=n, group=group),
        ]
        if one.moved:
            sentence = (
                f'"{one.column}" moved among {one.group} of {one.attribute}: Jensen-Shannon distance '
                f"{figure(one.distance)}, above the limit {figure(max_distance)}, with an adjusted p-value of "
                f"{figure(one.adjusted)}; it moved in {one.moved} of {one.compared} groups."
            )
            findings.append(Finding(f"{_NAME}/{where}", Severity.MEDIUM, sentence, "jensen_shannon"))
    measured = tuple(one.measurement() for one in (*figures, *aside))
    if not evaluation.pairs and not obstacles:
        obstacles.append("There is no column to compare beside the sensitive one.")
    if obstacles and not findings:
        raise CannotMeasure(" ".join(obstacles), Report(measured))
    return Report(measured, tuple(findings), tuple(obstacles))
