"""Which share of each group got the favourable decision?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import selection_rate as selection


@check(
    "fairness.selection_rate",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "sensitive"),
    advised_by=ScoreHistograms,
)
def selection_rate(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_difference: Share | None = None,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Selection rate of every group, and the largest difference between two of them.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_difference : float in [0, 1] or None, default=None
        Differences above this become a finding; None measures without a limit.
    min_group_size : int, default=30
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    P(decision | group); the difference of the highest and the lowest

    Measures
    --------
    selection_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    selection_rate_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few rows (unless the others
    already exceed the limit).

    Source
    ------
    Feldman et al. (2015), Certifying and Removing Disparate Impact, doi:10.1145/2783258.2783311;
    fairlearn.metrics.selection_rate.

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

    - `selection_rate` of sex/Female: 40/100 = 0.4
    - `selection_rate_difference` of sex: 40/100 - 39/100 = 0.01
    """
    return parity_report(
        counts,
        check="fairness.selection_rate",
        rates=[(selection(counts.favourable), min_group_size)],
        attribute=attribute,
        difference=("selection_rate_difference", max_difference),
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
