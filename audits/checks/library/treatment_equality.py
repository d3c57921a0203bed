"""Do errors against people and errors in their favour stand in the same proportion in every group?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Amount, Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import error_ratio


@check(
    "fairness.treatment_equality",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "label", "sensitive"),
    advised_by=ScoreHistograms,
)
def treatment_equality(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_difference: Amount | None = None,
    min_ratio: Share | None = 0.8,
    min_errors: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Differences between groups in the ratio of false negatives to false positives.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts by group, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_difference : float of 0 or more or None, default=None
        Differences above this become a finding; None measures without a limit.
    min_ratio : float in [0, 1] or None, default=0.8
        Ratios of the lowest rate to the highest below this become a finding; None measures without a limit.
    min_errors : int, default=30
        Fewest wrong decisions that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the figure, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    FN / FP of each group; the difference and the ratio of the extreme groups

    Measures
    --------
    false_negatives_per_false_positive : float of 0 or more, unit 1, by group, with Wilson's interval of the
        share of false negatives among errors, turned into a ratio.
    treatment_equality_difference : float of 0 or more, unit 1, ideal 0, by attribute, with a bootstrap interval.
    treatment_equality_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few wrong decisions or no false positive
    (unless the others are already beyond a limit). A ratio has no value when the rate of every group is zero.

    Source
    ------
    Berk et al. (2018), doi:10.1177/0049124118782533, treatment equality; counts of
    sklearn.metrics.confusion_matrix.

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

    - `treatment_equality_difference` of sex: 15/4 - 20/10 = 1.75
    - `treatment_equality_ratio` of sex: (20/10) / (15/4) = 0.5333
    """
    return parity_report(
        counts,
        check="fairness.treatment_equality",
        rates=[(error_ratio(counts.favourable), min_errors)],
        difference=("treatment_equality_difference", max_difference),
        ratio=("treatment_equality_ratio", min_ratio),
        attribute=attribute,
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
