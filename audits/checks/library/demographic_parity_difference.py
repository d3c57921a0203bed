"""Did every group get the favourable decision about as often?"""

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import selection_rate


@check(
    "fairness.demographic_parity_difference",
    version=1,
    needs=GroupCounts,
    roles=("prediction", "sensitive"),
    advised_by=ScoreHistograms,
)
def demographic_parity_difference(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    max_difference: Share = 0.10,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Largest difference in selection rate between two groups.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_difference : float in [0, 1], default=0.10
        Differences above this become a finding. Unit: difference of proportions.
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
    max over groups of P(decision | group) - min over groups of the same

    Measures
    --------
    selection_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    demographic_parity_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, or a group with too few rows (unless the others
    already exceed the limit).

    Source
    ------
    Agarwal et al. (2018), A Reductions Approach to Fair Classification, definition 1;
    fairlearn.metrics.demographic_parity_difference.

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

    - `demographic_parity_difference` of sex: 40/100 - 39/100 = 0.01
    """
    return parity_report(
        counts,
        check="fairness.demographic_parity_difference",
        rates=[(selection_rate(counts.favourable), min_group_size)],
        attribute=attribute,
        difference=("demographic_parity_difference", max_difference),
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
        scores=scores,
    )
