"""Did the table as a whole move away from the reference?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import AlignedValues, CannotMeasure, ColumnValues, Finding, Report, Severity, check
from audits.checks.drift import columns_to_compare
from audits.checks.figures import Figure
from audits.checks.limits import exactly
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure, some
from audits.checks.shift import shifts

_NAME = "drift.overall"


@check(_NAME, version=1, needs=ColumnValues, keeps=AlignedValues, tables=("evaluation", "reference"))
def overall(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    columns: tuple[str, ...] = (),
    max_share: Share = 0.3,
    max_distance: Share = 0.1,
    false_discovery_rate: Share = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Share of the columns that moved, by more than chance and by more than a trifle.

    A column moved when its Jensen-Shannon distance is above the limit *and* its chi-square test, corrected for the
    number of columns, is significant. Bins are those of drift.population_stability.

    Parameters
    ----------
    evaluation : AlignedValues
        Values and counts of the features now.
    reference : AlignedValues
        Values and counts of the features in the reference.
    columns : list of str, default=[]
        Columns to compare; an empty list compares every feature, the prediction and the score.
    max_share : float in [0, 1], default=0.3
        A larger share of columns that moved becomes a finding.
    max_distance : float in [0, 1], default=0.1
        Jensen-Shannon distance above which a column can have moved.
    false_discovery_rate : float in [0, 1], default=0.05
        Expected share of false alarms among the columns called significant.
    min_rows : int, default=100
        Fewest filled rows that a column must have in each table.

    Formula
    -------
    columns that moved / columns that can be compared

    Measures
    --------
    moved_share : float in [0, 1], unit 1, ideal 0, among the columns that can be compared.
    moved_columns : int, unit columns, ideal 0.
    jensen_shannon : float in [0, 1], unit 1, ideal 0, by column; base 2, with a bootstrap interval.
    adjusted_p_value : float in [0, 1], unit 1, by column, corrected for the number of columns.

    Cannot measure
    --------------
    A column that cannot be compared, as in drift.population_stability, unless the share is above its limit even if
    all such columns stand still.

    Source
    ------
    evidently, dataset drift, for the share; Benjamini, Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x;
    scipy.spatial.distance.jensenshannon; scipy.stats.chi2_contingency.

    Example
    -------
    | town (feature) | colour (feature) | in (table) | rows |
    |---|---|---|---|
    | Bonn | red | evaluation | 10 |
    | Ulm | red | evaluation | 30 |
    | Bonn | red | reference | 30 |
    | Ulm | red | reference | 10 |

    - `jensen_shannon` of town: m is 1/2 and either KL the same; sqrt(1/4 log2(1/2) + 3/4 log2(3/2)) = 0.4344
    - `jensen_shannon` of colour: all are red in both = 0
    - `adjusted_p_value` of town: chi-square, 20 expected in each of 4 cells: 4 * 10^2 / 20 = 20; with one degree
      0.000007744, the smaller one of two p-values: 2 * 0.000007744 = 0.00001549
    - `adjusted_p_value` of colour: one value cannot move = 1
    - `moved_columns`: the town, further than 0.1 and with less than 0.05 = 1
    - `moved_share`: 1/2 = 0.5
    """
    names = columns_to_compare(evaluation, reference, columns)
    found, obstacles = shifts(evaluation, reference, names, min_rows)
    if not found:
        raise CannotMeasure(some(obstacles))
    moved = [one for one in found if one.moved(max_distance, false_discovery_rate)]
    share = Fraction(len(moved), len(found))
    figures = [
        Figure("moved_share", share, n=len(found), limit=max_share, ideal=0.0),
        Figure("moved_columns", len(moved), n=len(found), ideal=0.0, unit="columns"),
    ]
    for one in found:
        figures += [
            Figure("jensen_shannon", one.distance, one.low, one.high, one.n, ideal=0.0, group=one.column),
            Figure("adjusted_p_value", one.adjusted, n=one.n, group=one.column),
        ]
    measured = tuple(one.measurement() for one in figures)
    if Fraction(len(moved), len(names)) > exactly(max_share):
        sentence = (
            f"{len(moved)} of {len(found)} columns moved, a share of {figure(share)}, above the limit "
            f"{figure(max_share)}: {some([one.column for one in sorted(moved, key=lambda one: -one.distance)])}."
        )
        return Report(measured, (Finding(_NAME, Severity.MEDIUM, sentence, "moved_share"),), tuple(obstacles))
    if obstacles:
        raise CannotMeasure(some(obstacles), Report(measured))
    return Report(measured)
