"""Is a selection rate below four fifths of the highest one, and by more than chance gives?"""

from __future__ import annotations

import math
from dataclasses import replace

from audits.checks import Finding, GroupCounts, Measurement, Report, ScoreHistograms, ScoreSteps, Severity, check
from audits.checks.comparison import ComparedRates, compared, doubted, obstacle, require_complete, settled
from audits.checks.gaps import advice_on
from audits.checks.limits import deciding, exactly, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics import Grouping, GroupRate
from audits.checks.statistics.contingency import unlikely
from audits.checks.statistics.intervals import percentile
from audits.checks.statistics.rates import Rate, selection_rate

_NAME = "fairness.four_fifths_rule"


@check(_NAME, version=1, needs=GroupCounts, roles=("prediction", "sensitive"), advised_by=ScoreHistograms)
def four_fifths_rule(
    counts: GroupCounts,
    scores: ScoreSteps | None = None,
    *,
    attribute: str | None = None,
    min_ratio: Share = 0.8,
    max_p_value: Share = 0.05,
    min_group_size: Count = 1,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Selection rate of each group against four fifths of the highest, with a test whether chance explains it.

    A finding needs both: a ratio below the limit and a p-value at or below `max_p_value`. A note tells of a ratio
    below the limit that chance may explain, with how many more selections would lift it, and of a significant
    difference that is small in practice.

    Parameters
    ----------
    counts : GroupCounts
        Counts by group, label and prediction, integers of shape (n_groups, 3, 3).
    scores : ScoreSteps or None
        Counts by score, where the table has scores: for the advice on what would pass.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    min_ratio : float in [0, 1], default=0.8
        Ratios below this become a finding for that group when they are significant.
    max_p_value : float in [0, 1], default=0.05
        P-values up to this are significant; 1 makes a finding of every ratio below the limit.
    min_group_size : int, default=1
        Fewest rows that a group must have.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the ratio, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    P(decision | group) / max over groups of the same, with the p-value of the fourfold table

    Measures
    --------
    selection_rate : float in [0, 1], unit 1, by group, with Wilson's interval.
    impact_ratio : float in [0, 1], unit 1, ideal 1, by group, with a bootstrap interval; rows weigh by their weight.
    p_value : float in [0, 1], unit 1, by group, two-sided, of Fisher's exact test where an expected count is below 5,
        else of the chi-square test; of unweighted rows.

    Cannot measure
    --------------
    Rows without a prediction, fewer than two groups, nobody selected at all, or a group with too few rows
    (unless another one is already found).

    Source
    ------
    29 CFR 1607.4(D); Uniform Guidelines questions and answers 20 to 22, 44 Fed. Reg. 11996 (1979), for significance
    in statistics and in practice; scipy.stats.fisher_exact and chi2_contingency.

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
    measured: list[Measurement] = []
    findings: list[Finding] = []
    notes = list(require_complete(counts, labels=False))
    obstacles: list[str] = []
    rate = selection_rate(counts.favourable)
    for name in counts.attributes(attribute):
        grouping = counts.grouping(name)
        rates = compared(grouping, rate, min_group_size, leave_out)
        measured += rates.measurements()
        hindrance = obstacle(rates)
        if hindrance:
            obstacles.append(hindrance)
        if len(rates.usable) < 2:
            continue
        if not rates.highest.value:
            obstacles.append(f"{name}: nobody was selected, so no ratio is defined.")
            continue
        top = rates.highest
        drawn = rates.drawn_impact()
        numbers = {group: number for number, group in enumerate(grouping.groups)}
        found: list[Finding] = []
        for place, group in enumerate(rates.usable):
            if group is top:
                continue
            ratio = (group.value or 0) / (top.value or 1)
            low, high = percentile(drawn[:, place], float(ratio))
            test, p_value = unlikely(
                (_chosen(grouping, rate, numbers[group.group]), _chosen(grouping, rate, numbers[top.group]))
            )
            rows = "" if grouping.weights is None else ", of unweighted rows"
            where = f"{name}/{group.group}"
            measured.append(
                Measurement(
                    "impact_ratio",
                    float(ratio),
                    group=where,
                    low=low,
                    high=high,
                    n=group.n,
                    ideal=1.0,
                    limit=min_ratio,
                    note=f"against {top.group}",
                )
            )
            measured.append(Measurement("p_value", p_value, group=where, n=group.n + top.n, note=f"{test}{rows}"))
            what = f"impact ratio of {group.group}"
            ruling = ruled(
                ratio, low, high, min_ratio, decide_on=decide_on, rows=group.n + top.n, what=what, floor=True
            )
            significant = p_value is not None and p_value <= max_p_value
            if ruling.doubt:
                obstacles.append(doubted(ruling, low, [rates]))
            elif ruling.beyond and significant:
                found.append(
                    Finding(
                        key=f"{_NAME}/{where}",
                        severity=Severity.HIGH,
                        sentence=(
                            f"{group.group} was selected at a rate of {figure(group.value)}, {top.group} at "
                            f"{figure(top.value)}: {deciding(decide_on, 'ratio')} {figure(ruling.value)}, below the "
                            f"limit {figure(min_ratio)}, with p = {figure(p_value)} by {test}."
                        ),
                        measurement="impact_ratio",
                    )
                )
            elif ruling.beyond:
                notes.append(_by_chance(group, top, min_ratio, p_value, test))
            elif significant and ratio < 1:
                notes.append(
                    f"{group.group}: the difference to {top.group} is significant (p = {figure(p_value)} by {test}) "
                    f"but small in practice, with a ratio of {figure(ratio)}."
                )
        if found:

            def sets_of(changed: Grouping) -> list[ComparedRates]:
                return [compared(changed, rate, min_group_size, leave_out)]

            way_out = advice_on(grouping, sets_of, "ratio", min_ratio, decide_on, scores)
            findings += [replace(found[0], would_pass=way_out), *found[1:]]
    return settled(measured, findings, notes, obstacles)


def _by_chance(group: GroupRate, top: GroupRate, min_ratio: float, p_value: float | None, test: str) -> str:
    wanted = exactly(min_ratio) * (top.value or 0) - (group.value or 0)
    more = max(1, math.ceil(wanted * group.n))
    people = "one more selection" if more == 1 else f"{more} more selections"
    chance = "no test is possible" if p_value is None else f"p = {figure(p_value)} by {test}"
    return (
        f"{group.group}: the ratio to {top.group} is below the limit, but chance may explain it ({chance}); "
        f"{people} of {group.n} would lift it to the limit."
    )


def _chosen(grouping: Grouping, rate: Rate, number: int) -> tuple[int, int]:
    pairs = grouping.counts[number]
    chosen = int(pairs[rate.numerator].sum())
    return chosen, int(pairs[rate.denominator].sum()) - chosen
