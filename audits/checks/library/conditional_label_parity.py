"""Do labels favour groups alike among people who are alike in what may count?"""

from audits.checks import GroupCounts, Report, check
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.rates import base_rate
from audits.checks.strata import conditional_report


@check("fairness.conditional_label_parity", version=1, needs=GroupCounts, roles=("label", "sensitive"))
def conditional_label_parity(
    counts: GroupCounts,
    *,
    attribute: str | None = None,
    control: str | None = None,
    max_difference: Share = 0.10,
    min_group_size: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Difference in the share of favourable labels between groups inside the strata of a column, pooled over them.

    It can be asked before training: no prediction plays a part, and the table needs none. The control is a column that
    may explain a difference, such as the department that was applied to; it is declared among the sensitive columns.
    A pooled difference that points the other way than the one without strata is Simpson's paradox, and a note says so.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    attribute : str or None, default=None
        Sensitive column to look at; None looks at every one but the control.
    control : str or None, default=None
        Column whose values are the strata; without one nothing is measured.
    max_difference : float in [0, 1], default=0.10
        Pooled differences above this become a finding. Unit: difference of proportions.
    min_group_size : int, default=30
        Fewest rows with a known label that a group must have over all strata.
    leave_out : list of str, default=[]
        Groups that are not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    sum over strata of w (a / n - b / m) / sum of w, with w = n m / (n + m), for a of n people of one group and
    b of m of another with the favourable label in the stratum; the largest over pairs of groups

    Measures
    --------
    conditional_label_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.
    unconditional_label_difference : float in [0, 1], unit 1, ideal 0, by attribute, of the same two groups.
    common_odds_ratio : float of 0 or more, unit 1, ideal 1, by attribute, after Mantel and Haenszel.
    p_value : float in [0, 1], unit 1, by attribute, of the Cochran-Mantel-Haenszel test without correction.

    Cannot measure
    --------------
    No control column, fewer than two groups, a group with too few rows of known label, or two groups that never meet
    in a stratum (unless the others already exceed the limit).

    Source
    ------
    Greenland, Robins (1985), Estimation of a common effect parameter from sparse follow-up data, Biometrics 41, for
    the pooled difference; Mantel, Haenszel (1959), JNCI 22, for ratio and test; Kamiran, Zliobaite, Calders (2013),
    Quantifying explainable discrimination, doi:10.1007/s10115-012-0584-8.

    Example
    -------
    | sex (sensitive) | dept (sensitive) | truth (label) | rows |
    |---|---|---|---|
    | Female | art | 1 | 7 |
    | Female | art | 0 | 1 |
    | Male | art | 1 | 24 |
    | Male | art | 0 | 8 |
    | Female | law | 1 | 8 |
    | Female | law | 0 | 24 |
    | Male | law | 1 | 1 |
    | Male | law | 0 | 7 |

    With `control="dept"`:

    - `conditional_label_difference` of sex: w, in both departments: 8 * 32 / 40 = 6.4;
      (6.4 (7/8 - 24/32) + 6.4 (8/32 - 1/8)) / 12.8 = 0.125
    - `unconditional_label_difference` of sex: the other way round, 25/40 - 15/40 = 0.25
    - `common_odds_ratio` of sex: (7 * 8 / 40 + 8 * 7 / 40) / (1 * 24 / 40 + 24 * 1 / 40) = 2.333
    - `p_value` of sex: 15 women have the label, expected are: 8 * 31/40 + 32 * 9/40 = 13.4; variance:
      2 * 8 * 32 * 31 * 9 / (40^2 * 39) = 2.289; chi-square: (15 - 13.4)^2 / 2.289 = 1.118; with one degree = 0.2903
    """
    return conditional_report(
        counts,
        base_rate(counts.favourable),
        check="fairness.conditional_label_parity",
        named="label",
        said="had the favourable label",
        attribute=attribute,
        control=control,
        max_difference=max_difference,
        min_group_size=min_group_size,
        leave_out=leave_out,
        decide_on=decide_on,
    )
