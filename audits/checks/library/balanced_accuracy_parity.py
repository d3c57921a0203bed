"""Are both kinds of people judged right as often in every group?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import balanced_accuracy


@check(
    "fairness.balanced_accuracy_parity",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "label", "sensitive"),
    advised_by=ScoreHistograms,
)
def balanced_accuracy_parity(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_difference: Share | None = 0.10,
    min_ratio: Share | None = None,
    min_per_label: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Differences in balanced accuracy, the mean of true positive and true negative rate, between groups.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts by group, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_difference : float in [0, 1] or None, default=0.10
        Differences above this become a finding; None measures without a limit.
    min_ratio : float in [0, 1] or None, default=None
        Ratios of the lowest rate to the highest below this become a finding; None measures without a limit.
    min_per_label : int, default=30
        Fewest actual positives, and fewest actual negatives, that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the figure, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    (TP / (TP + FN) + TN / (TN + FP)) / 2 of each group; the difference and the ratio of the extreme groups

    Measures
    --------
    balanced_accuracy : float in [0, 1], unit 1, by group, with the interval of
        Zou and Donner (2008).
    balanced_accuracy_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.
    balanced_accuracy_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few rows of either label
    (unless the others are already beyond a limit). A ratio has no value when the rate of every group is zero.

    Source
    ------
    Brodersen et al. (2010), doi:10.1109/ICPR.2010.764; sklearn.metrics.balanced_accuracy_score by
    fairlearn.metrics.MetricFrame.

    Example
    -------
    | sex (sensitive) | truth (label) | decision (prediction) | rows |
    |---|---|---|---|
    | Female | 1 | 1 | 30 |
    | Female | 0 | 1 | 10 |
    | Female | 1 | 0 | 20 |
    | Female | 0 | 0 | 40 |
    | Male | 1 | 1 | 35 |
    | Male | 0 | 1 | 4 |
    | Male | 1 | 0 | 15 |
    | Male | 0 | 0 | 46 |

    - `balanced_accuracy_difference` of sex: (35/50 + 46/50) / 2 - (30/50 + 40/50) / 2 = 0.11
    """
    return parity_report(
        counts,
        check="fairness.balanced_accuracy_parity",
        rates=[(balanced_accuracy(counts.favourable), min_per_label)],
        difference=("balanced_accuracy_difference", max_difference),
        ratio=("balanced_accuracy_ratio", min_ratio),
        attribute=attribute,
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
