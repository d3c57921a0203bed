"""Among people who deserved the favourable outcome, did every group get it as often?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import true_positive_rate


@check(
    "fairness.equal_opportunity_gap",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "label", "sensitive"),
    advised_by=ScoreHistograms,
)
def equal_opportunity_gap(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_gap: Share = 0.10,
    min_ratio: Share | None = None,
    min_positives: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Largest difference in true positive rate between two groups, and the ratio of the two.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts by group, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_gap : float in [0, 1], default=0.10
        Gaps above this become a finding. Unit: difference of proportions.
    min_ratio : float in [0, 1] or None, default=None
        Ratios of the lowest rate to the highest below this become a finding; None measures without a limit.
    min_positives : int, default=30
        Fewest actual positives a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the figure, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    max over groups of P(decision | label, group) - min over groups of the same, and min / max

    Measures
    --------
    true_positive_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    equal_opportunity_gap : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.
    equal_opportunity_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few actual positives (unless the
    others are already beyond a limit). A ratio has no value when the rate of every group is zero.

    Source
    ------
    Hardt, Price, Srebro (2016), Equality of Opportunity in Supervised Learning, section 2;
    fairlearn.metrics.equal_opportunity_difference and equal_opportunity_ratio.

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

    - `equal_opportunity_gap` of sex: 35/50 - 30/50 = 0.1
    - `equal_opportunity_ratio` of sex: (30/50) / (35/50) = 0.8571
    """
    return parity_report(
        counts,
        check="fairness.equal_opportunity_gap",
        rates=[(true_positive_rate(counts.favourable), min_positives)],
        attribute=attribute,
        difference=("equal_opportunity_gap", max_gap),
        ratio=("equal_opportunity_ratio", min_ratio),
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
