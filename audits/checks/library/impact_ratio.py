"""How often was each group selected, compared with the group that was selected most often?"""

from __future__ import annotations

from audits.checks import GroupCounts, Report, ScoreHistograms, ScoreSteps, check
from audits.checks.comparison import ComparedRates, compared_sets, require_complete
from audits.checks.gaps import advice_on
from audits.checks.impact import ratio_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics import Grouping
from audits.checks.statistics.rates import selection_rate


@check(
    "fairness.impact_ratio", version=1, needs=GroupCounts, roles=("prediction", "sensitive"), advised_by=ScoreHistograms
)
def impact_ratio(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    min_ratio: Share = 0.8,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Selection rate of each group divided by the highest one, with the four-fifths mark as the usual limit.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    min_ratio : float in [0, 1], default=0.8
        Ratios below this become a finding for that group.
    min_group_size : int, default=30
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the ratio, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.
    simultaneous : bool, default=False
        Whether the intervals hold for all groups and differences of an attribute together, not each on its own.

    Formula
    -------
    P(decision | group) / max over groups of the same

    Measures
    --------
    selection_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    impact_ratio : float in [0, 1], unit 1, ideal 1, by group, with a bootstrap interval.
    smallest_impact_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, nobody selected at all, or a group with too few rows
    (unless another one is already below the limit).

    Source
    ------
    29 CFR 1607.4(D) for the four-fifths mark; 6 RCNY 5-300 for the ratio to the highest rate.

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

    - `impact_ratio` of sex/Male: (39/100) / (40/100) = 0.975
    """
    notes = require_complete(counts, labels=False)
    rate = selection_rate(counts.favourable)

    def sets_of(grouping: Grouping) -> list[ComparedRates]:
        return compared_sets(grouping, [(rate, min_group_size)], leave_out, simultaneous=simultaneous)

    return ratio_report(
        {name: sets_of(counts.grouping(name))[0] for name in counts.attributes(attribute)},
        check="fairness.impact_ratio",
        ratio="impact_ratio",
        said="selected",
        limit=min_ratio,
        decide_on=decide_on,
        notes=notes,
        would_pass=lambda name: advice_on(counts.grouping(name), sets_of, "ratio", min_ratio, decide_on, scores),
    )
