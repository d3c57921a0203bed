"""Do outcomes come in other proportions than in the reference?"""

from __future__ import annotations

from audits.checks import AlignedValues, LabelValues, Report, check
from audits.checks.parameters import Count, Share
from audits.checks.shift import shift_report

_NAME = "drift.label"


@check(_NAME, version=1, needs=LabelValues, keeps=AlignedValues, tables=("evaluation", "reference"))
def label(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    max_distance: Share = 0.1,
    false_discovery_rate: Share = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Jensen-Shannon distance between the labels of the reference and those of now.

    Classes are compared by name, numbers of a regression between the deciles of the reference. The label moved when
    the distance is above its limit *and* the test is significant. Where labels come later than predictions there is
    nothing to compare yet: that is inconclusive, never passed.

    Parameters
    ----------
    evaluation : AlignedValues
        Values and counts of the label now.
    reference : AlignedValues
        Values and counts of the label in the reference.
    max_distance : float in [0, 1], default=0.1
        Jensen-Shannon distances above this, if significant, become a finding.
    false_discovery_rate : float in [0, 1], default=0.05
        Expected share of false alarms among the columns called significant.
    min_rows : int, default=100
        Fewest filled rows that a column must have in each table.

    Formula
    -------
    square root of (KL(p, m) + KL(q, m)) / 2 with m = (p + q) / 2, logarithms to base 2

    Measures
    --------
    jensen_shannon : float in [0, 1], unit 1, ideal 0, by column; base 2, with a bootstrap interval.
    population_stability_index : float, at least 0, unit 1, ideal 0, by column.
    p_value : float in [0, 1], unit 1, by column, of Pearson's chi-square test over the same bins.
    adjusted_p_value : float in [0, 1], unit 1, by column, corrected for the number of columns.

    Cannot measure
    --------------
    No column is declared as label in either table, as long as labels have not come; too few rows with a label, or
    more than 1,000 classes.

    Source
    ------
    Lipton et al. (2018), Detecting and Correcting for Label Shift, arXiv:1802.03916;
    scipy.spatial.distance.jensenshannon; scipy.stats.chi2_contingency; scipy.stats.false_discovery_control.

    Example
    -------
    | truth (label) | in (table) | rows |
    |---|---|---|
    | 0 | evaluation | 1 |
    | 1 | evaluation | 3 |
    | 0 | reference | 3 |
    | 1 | reference | 1 |

    - `jensen_shannon` of truth: m is 1/2 and either KL the same; sqrt(1/4 log2(1/2) + 3/4 log2(3/2)) = 0.4344
    - `population_stability_index` of truth: (1/4 - 3/4) ln(1/3) + (3/4 - 1/4) ln 3 = 1.099
    - `p_value` of truth: chi-square, 2 expected in each of 4 cells: 4 * 1^2 / 2 = 2; with one degree = 0.1573
    - `adjusted_p_value` of truth: of one column the same = 0.1573
    """
    return shift_report(
        _NAME,
        evaluation,
        reference,
        reference.names,
        what="The label",
        max_distance=max_distance,
        false_discovery_rate=false_discovery_rate,
        min_rows=min_rows,
    )
