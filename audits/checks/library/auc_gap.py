"""Do the scores tell favourable from unfavourable cases as well in every group?"""

from audits.checks import Report, ScoreHistograms, check
from audits.checks.gaps import gap_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import require_scores, sorted_splits
from audits.checks.statistics import GroupRate, ScoreSplit
from audits.checks.statistics.areas import area_with_interval
from audits.checks.statistics.rates import Named


@check("fairness.auc_gap", version=1, needs=ScoreHistograms, roles=("label", "sensitive"))
def auc_gap(
    scores: ScoreHistograms,
    *,
    attribute: str | None = None,
    max_difference: Share = 0.05,
    min_positives: Count = 30,
    min_negatives: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Largest difference between groups in the area under the ROC curve.

    Exact up to 4,096 distinct scores; beyond that scores share places, and every interval is wider by as much as the
    area may be off.

    Parameters
    ----------
    scores : ScoreHistograms
        Counts by score and label, integers of shape (n_values, 3) for each group.
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

    def enough(split: ScoreSplit) -> bool:
        return int(split.positives.sum()) >= min_positives and int(split.negatives.sum()) >= min_negatives

    def area_of(split: ScoreSplit, level: float) -> GroupRate:
        area = area_with_interval(split.positives, split.negatives, exact=scores.is_exact, level=level)
        return GroupRate(split.group, int(split.counts[:, :2].sum()), area.value, area.low, area.high)

    notes = require_scores(scores)
    named = Named("roc_auc", "area under the ROC curve")
    return gap_report(
        {
            name: [splits.figures(named, area_of)]
            for name, splits in sorted_splits(scores, attribute, enough, leave_out).items()
        },
        check="fairness.auc_gap",
        difference=("auc_difference", max_difference),
        decide_on=decide_on,
        notes=notes,
    )
