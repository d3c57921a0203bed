"""Do the scores tell favourable from unfavourable cases as well in every group?"""

from audits.checks import Report, ScoreHistograms, check
from audits.checks.gaps import gap_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import notes_on, sorted_groups
from audits.checks.statistics import AreasByGroup, GroupRate, ScoredGroup
from audits.checks.statistics.areas import Compared
from audits.checks.statistics.rates import Named


@check("fairness.auc_gap", version=1, needs=ScoreHistograms, keeps=AreasByGroup, roles=("label", "sensitive"))
def auc_gap(
    scores: AreasByGroup,
    *,
    attribute: str | None = None,
    max_difference: Share = 0.05,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Largest difference between groups in the area under the ROC curve.

    Exact up to 1,048,576 rows, and for more of them up to 4,096 distinct scores; beyond that scores share places, and
    every interval is wider by as much as the area may be off.

    Parameters
    ----------
    scores : AreasByGroup
        Areas under the curve of each group, from counts by score and label.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    max_difference : float in [0, 1], default=0.05
        Differences above this become a finding. Unit: difference of areas.
    min_positives : int, default=30
        Fewest rows with the favourable label that a group must have.
    min_negatives : int, default=30
        Fewest rows with the other label that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    P(score of a favourable case > score of another) + P(both the same) / 2, in each group; the difference of
    the extreme groups

    Measures
    --------
    roc_auc : float in [0, 1], unit 1, ideal 1, by group, with Wilson's interval at DeLong's variance.
    auc_difference : float in [0, 1], unit 1, ideal 0, by attribute, with an interval that holds for all
        pairs of groups.

    Cannot measure
    --------------
    Rows without a score, fewer than two groups, or a group with too few rows of either label (unless the others
    already exceed the limit).

    Source
    ------
    sklearn.metrics.roc_auc_score by group; DeLong, DeLong, Clarke-Pearson (1988), doi:10.2307/2531595, for the
    variance; Newcombe (1998), method 10, with Bonferroni's correction for the pairs, for the interval of the gap.

    Example
    -------
    | sex (sensitive) | score (score) | truth (label) | rows |
    |---|---|---|---|
    | Female | 0.2 | 0 | 40 |
    | Female | 0.4 | 1 | 40 |
    | Female | 0.6 | 0 | 40 |
    | Female | 0.8 | 1 | 40 |
    | Male | 0.2 | 0 | 80 |
    | Male | 0.4 | 1 | 80 |

    - `roc_auc` of sex/Female: 3 of 4 pairs of scores in order = 0.75
    - `auc_difference` of sex: 1 - 3/4 = 0.25
    """

    def enough(group: ScoredGroup[Compared]) -> bool:
        return group.favourable >= min_positives and group.others >= min_negatives

    def area_of(group: ScoredGroup[Compared], level: float) -> GroupRate:
        area = group.sums.area(exact=scores.is_exact, level=level)
        return GroupRate(group.group, group.labelled, area.value, area.low, area.high)

    named = Named("roc_auc", "area under the ROC curve")
    return gap_report(
        {name: [groups.figures(named, area_of)] for name, groups in sorted_groups(scores, enough, leave_out).items()},
        check="fairness.auc_gap",
        difference=("auc_difference", max_difference),
        decide_on=decide_on,
        notes=notes_on(scores),
    )
