"""Did texts become longer or shorter?"""

from __future__ import annotations

from audits.checks import AlignedValues, Report, TextLengths, check
from audits.checks.parameters import Count, Share
from audits.checks.shift import shift_report

_NAME = "drift.text_length"


@check(_NAME, version=1, needs=TextLengths, keeps=AlignedValues, tables=("evaluation", "reference"))
def text_length(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    max_distance: Share = 0.1,
    false_discovery_rate: Share = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Jensen-Shannon distance between the lengths of texts in the reference and now, for every text feature.

    Lengths count characters without the blanks around them, between the deciles of the reference. A feature moved
    when the distance is above its limit *and* the test, corrected for the number of features, is significant.

    Parameters
    ----------
    evaluation : AlignedValues
        Lengths of the text features now.
    reference : AlignedValues
        Lengths of the text features in the reference.
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
    No text feature, one that is text in one table only, or too few filled rows (unless another one is found to have
    moved).

    Source
    ------
    evidently, text descriptors, for the idea;
    scipy.spatial.distance.jensenshannon; scipy.stats.chi2_contingency; scipy.stats.false_discovery_control.

    Example
    -------
    | note (feature) | in (table) | rows |
    |---|---|---|
    | no | evaluation | 1 |
    | maybe | evaluation | 4 |
    | no | reference | 4 |
    | maybe | reference | 1 |

    - `jensen_shannon` of note: of lengths 2 and 5 either KL is the same; sqrt(1/5 log2(2/5) + 4/5 log2(8/5)) = 0.5273
    - `population_stability_index` of note: (1/5 - 4/5) ln(1/4) + (4/5 - 1/5) ln 4 = 1.664
    - `p_value` of note: chi-square, 2.5 expected in each of 4 cells: 4 * 1.5^2 / 2.5 = 3.6; with one degree = 0.05778
    - `adjusted_p_value` of note: of one column the same = 0.05778
    """
    return shift_report(
        _NAME,
        evaluation,
        reference,
        list(evaluation.by_name),
        what="The length of",
        max_distance=max_distance,
        false_discovery_rate=false_discovery_rate,
        min_rows=min_rows,
    )
