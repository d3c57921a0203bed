"""Given what people deserved, did every group get right and wrong decisions as often?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import false_positive_rate, true_positive_rate


@check(
    "fairness.equalized_odds_difference",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "label", "sensitive"),
    advised_by=ScoreHistograms,
)
def equalized_odds_difference(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_difference: Share = 0.10,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """The larger of the differences in true positive rate and in false positive rate between two groups.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts by group, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_difference : float in [0, 1], default=0.10
        Differences above this become a finding. Unit: difference of proportions.
    min_positives : int, default=30
        Fewest actual positives a group must have.
    min_negatives : int, default=30
        Fewest actual negatives a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    the larger of the differences in P(decision | label, group) and in P(decision | no label, group)

    Measures
    --------
    true_positive_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    false_positive_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    equalized_odds_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few actual positives or negatives
    (unless the others already exceed the limit).

    Source
    ------
    Hardt, Price, Srebro (2016), Equality of Opportunity in Supervised Learning, definition 2.1;
    fairlearn.metrics.equalized_odds_difference with agg="worst_case".

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

    - `true_positive_rate` of sex/Male: 35/50 = 0.7
    - `false_positive_rate` of sex/Male: 4/50 = 0.08
    - `equalized_odds_difference` of sex: 10/50 - 4/50 = 0.12
    """
    return parity_report(
        counts,
        check="fairness.equalized_odds_difference",
        rates=[
            (true_positive_rate(counts.favourable), min_positives),
            (false_positive_rate(counts.favourable), min_negatives),
        ],
        attribute=attribute,
        difference=("equalized_odds_difference", max_difference),
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
