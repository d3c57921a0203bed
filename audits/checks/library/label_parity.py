"""Do the labels that a model learns from favour every group about as often?"""

from audits.checks import GroupCounts, Report, check
from audits.checks.gaps import parity_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import base_rate


@check("fairness.label_parity", version=1, needs=GroupCounts, roles=("label", "sensitive"))
def label_parity(
    counts: GroupCounts,
    *,
    attribute: str | None = None,
    max_difference: Share | None = 0.10,
    min_ratio: Share | None = None,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
    simultaneous: bool = False,
) -> Report:
    """Differences between groups in how often the label is the favourable one, which can be asked before training.

    No prediction plays a part, and the table needs none. A model that repeats such labels repeats the difference.
    Whether it was in the world or came in with the labelling no table tells.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
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
    P(label | group); the difference and the ratio of the extreme groups

    Measures
    --------
    base_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    label_parity_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.
    label_parity_ratio : float in [0, 1], unit 1, ideal 1, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Fewer than two groups, or a group with too few rows of known label (unless the others are already beyond a
    limit). A ratio has no value when no group has a favourable label.

    Source
    ------
    Hardt et al. (2021), Amazon SageMaker Clarify, arXiv:2109.03285, difference in proportions of labels (DPL);
    aif360.metrics.BinaryLabelDatasetMetric, mean_difference and disparate_impact.

    Example
    -------
    | sex (sensitive) | truth (label) | rows |
    |---|---|---|
    | Female | 1 | 30 |
    | Female | 0 | 70 |
    | Male | 1 | 50 |
    | Male | 0 | 50 |

    - `base_rate` of sex/Female: 30/100 = 0.3
    - `label_parity_difference` of sex: 50/100 - 30/100 = 0.2
    - `label_parity_ratio` of sex: (30/100) / (50/100) = 0.6
    """
    return parity_report(
        counts,
        check="fairness.label_parity",
        rates=[(base_rate(counts.favourable), min_group_size)],
        difference=("label_parity_difference", max_difference),
        ratio=("label_parity_ratio", min_ratio),
        attribute=attribute,
        decide_on=decide_on,
        leave_out=leave_out,
        simultaneous=simultaneous,
    )
