"""Does the model answer otherwise than it did on the reference?"""

from __future__ import annotations

from audits.checks import AlignedValues, PredictionValues, Report, check
from audits.checks.parameters import Count, Share
from audits.checks.shift import shift_report

_NAME = "drift.prediction"


@check(_NAME, version=1, needs=PredictionValues, keeps=AlignedValues, tables=("evaluation", "reference"))
def prediction(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    max_distance: Share = 0.1,
    false_discovery_rate: Share = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Jensen-Shannon distance between the predictions, and the scores, of the reference and those of now.

    Classes are compared by name, numbers between the deciles of the reference. No label is needed, so that a change
    shows before outcomes are known. A column moved when the distance is above its limit *and* the test is significant.

    Parameters
    ----------
    evaluation : AlignedValues
        Values and counts of prediction and score now.
    reference : AlignedValues
        Values and counts of prediction and score in the reference.
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
    No prediction or score under the same name in both tables, too few filled rows, or more than 1,000 classes.

    Source
    ------
    Breck et al. (2017), The ML Test Score, doi:10.1109/BigData.2017.8258038, Monitor 3;
    scipy.spatial.distance.jensenshannon; scipy.stats.chi2_contingency; scipy.stats.false_discovery_control.

    Example
    -------
    | decision (prediction) | in (table) | rows |
    |---|---|---|
    | 0 | evaluation | 2 |
    | 1 | evaluation | 2 |
    | 0 | reference | 4 |

    - `jensen_shannon` of decision: m is 3/4 and 1/4;
      sqrt((1/2 log2(2/3) + 1/2 log2(2) + log2(4/3)) / 2) = 0.5579
    - `population_stability_index` of decision: (1/2 - 1) ln(1/2) + (1/2 - 0.0001) ln(0.5/0.0001) = 4.604
    - `p_value` of decision: chi-square: 2 * 1^2 / 3 + 2 * 1^2 / 1 = 2.667; with one degree = 0.1025
    - `adjusted_p_value` of decision: of one column the same = 0.1025
    """
    return shift_report(
        _NAME,
        evaluation,
        reference,
        reference.names,
        what="The prediction",
        max_distance=max_distance,
        false_discovery_rate=false_discovery_rate,
        min_rows=min_rows,
    )
