"""Are decisions right as often in every group?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import accuracy


@check(
    "fairness.accuracy_parity",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "label", "sensitive"),
    advised_by=ScoreHistograms,
)
def accuracy_parity(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_difference: Share | None = 0.10,
    min_ratio: Share | None = None,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Differences in accuracy between groups.

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
    min_group_size : int, default=30
        Fewest rows with a known label that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the figure, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    (TP + TN) / n of each group; the difference and the ratio of the extreme groups

    Measures
    --------
    accuracy : float in [0, 1], unit 1, by group, with Wilson's interval.
    accuracy_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.
    accuracy_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few labelled rows
    (unless the others are already beyond a limit). A ratio has no value when the rate of every group is zero.

    Source
    ------
    Berk et al. (2018), doi:10.1177/0049124118782533, overall accuracy equality;
    sklearn.metrics.accuracy_score by fairlearn.metrics.MetricFrame.

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

    - `accuracy_difference` of sex: 81/100 - 70/100 = 0.11
    - `accuracy_ratio` of sex: (70/100) / (81/100) = 0.8642
    """
    return parity_report(
        counts,
        check="fairness.accuracy_parity",
        rates=[(accuracy(), min_group_size)],
        difference=("accuracy_difference", max_difference),
        ratio=("accuracy_ratio", min_ratio),
        attribute=attribute,
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
