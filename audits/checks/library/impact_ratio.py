"""How often was each group selected, compared with the group that was selected most often?"""

from __future__ import annotations

from audits.checks import Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import (
    ComparedRates,
    compared_sets,
    obstacle,
    require_complete,
    settled,
)
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics.intervals import Interval, percentile
from audits.checks.statistics.rates import selection_rate
from audits.checks.statistics.simultaneous import ratios_to_highest

_NAME = "fairness.impact_ratio"


@check(_NAME, version=1, needs=GroupCounts, roles=("sensitive",))
def impact_ratio(
    counts: GroupCounts,
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
    """
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    notes = list(require_complete(counts, labels=False))
    obstacles: list[str] = []
    for name in counts.attributes(attribute):
        wanted = [(selection_rate(counts.favourable), min_group_size)]
        (rates,) = compared_sets(counts.grouping(name), wanted, leave_out, simultaneous=simultaneous)
        measurements += rates.measurements()
        hindrance = obstacle(rates)
        if hindrance:
            obstacles.append(hindrance)
        if len(rates.usable) < 2:
            continue
        if not rates.highest.value:
            obstacles.append(f"{name}: nobody was selected, so no ratio is defined.")
            continue
        ratios, found, doubts = _ratios(rates, min_ratio, decide_on)
        measurements += ratios
        findings += found
        obstacles += doubts
    return settled(measurements, findings, notes, obstacles)


def _ratios(
    rates: ComparedRates, min_ratio: float, decide_on: str
) -> tuple[list[Measurement], list[Finding], list[str]]:
    top = rates.highest
    ratios = [(group.value or 0) / (top.value or 1) for group in rates.usable]
    intervals, smallest = _intervals(rates, [float(ratio) for ratio in ratios])
    measured, found, doubts = [], [], []
    for group, ratio, (low, high) in zip(rates.usable, ratios, intervals, strict=True):
        measured.append(
            _measured("impact_ratio", ratio, f"{rates.attribute}/{group.group}", (low, high), group.n, min_ratio)
        )
        if group is top:
            continue
        what = f"impact ratio of {group.group}"
        ruling = ruled(ratio, low, high, min_ratio, decide_on=decide_on, rows=group.n + top.n, what=what, floor=True)
        if ruling.doubt:
            doubts.append(ruling.doubt)
        if ruling.beyond:
            found.append(
                Finding(
                    key=f"{_NAME}/{rates.attribute}/{group.group}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"{group.group} was selected at a rate of {figure(group.value)}, {top.group} at "
                        f"{figure(top.value)}: {deciding(decide_on, 'ratio')} {figure(ruling.value)}, "
                        f"below the limit {figure(min_ratio)}."
                    ),
                    measurement="impact_ratio",
                )
            )
    n = sum(group.n for group in rates.usable)
    measured.append(_measured("smallest_impact_ratio", min(ratios), rates.attribute, smallest, n, min_ratio))
    return measured, found, doubts


def _intervals(rates: ComparedRates, ratios: list[float]) -> tuple[list[Interval], Interval]:
    """The interval of each group's ratio, and that of the smallest."""
    if rates.joint:
        joint = ratios_to_highest(rates.usable)
        return joint, (min(low for low, _ in joint if low is not None), min(h for _, h in joint if h is not None))
    drawn = rates.drawn_impact()
    own = [percentile(drawn[:, place], ratio) for place, ratio in enumerate(ratios)]
    return own, percentile(drawn.min(axis=1), min(ratios))


def _measured(name: str, ratio: object, group: str, interval: Interval, n: int, limit: float) -> Measurement:
    low, high = interval
    return Measurement(name, float(ratio), group=group, low=low, high=high, n=n, ideal=1.0, limit=limit)  # type: ignore[arg-type]
