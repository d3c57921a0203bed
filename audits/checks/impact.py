"""How far is the rate of each group below the highest one, as a ratio?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from audits.checks.base import Finding, Measurement, Report, Severity
from audits.checks.comparison import ComparedRates, doubted, obstacle, settled
from audits.checks.limits import deciding, ruled
from audits.checks.sentences import figure
from audits.checks.statistics.intervals import Interval, percentile
from audits.checks.statistics.simultaneous import ratios_to_highest


def ratio_report(
    rates_by_attribute: Mapping[str, ComparedRates],
    *,
    check: str,
    ratio: str,
    said: str,
    limit: float,
    decide_on: str,
    notes: Sequence[str] = (),
    would_pass: Callable[[str], str] = lambda attribute: "",
) -> Report:
    """Hold the rate of each group over the highest one against a limit that it may not fall below.

    `ratio` names the measurement, `said` is what happened to people at that rate: "selected". `would_pass` gives
    advice on an attribute with a ratio below the limit; it stands with the first finding.
    """
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name, rates in rates_by_attribute.items():
        measurements += rates.measurements()
        hindrance = obstacle(rates)
        if hindrance:
            obstacles.append(hindrance)
        if len(rates.usable) < 2:
            continue
        if not rates.highest.value:
            obstacles.append(f"{name}: nobody was {said}, so no ratio is defined.")
            continue
        found: list[Finding] = []
        _judge(rates, check, ratio, said, limit, decide_on, measurements, found, obstacles)
        if found:
            findings += [replace(found[0], would_pass=would_pass(name)), *found[1:]]
    return settled(measurements, findings, list(notes), obstacles)


def _judge(
    rates: ComparedRates,
    check: str,
    name: str,
    said: str,
    limit: float,
    decide_on: str,
    measured: list[Measurement],
    findings: list[Finding],
    obstacles: list[str],
) -> None:
    top = rates.highest
    ratios = [(group.value or 0) / (top.value or 1) for group in rates.usable]
    intervals, smallest = _intervals(rates, [float(ratio) for ratio in ratios])
    for group, ratio, (low, high) in zip(rates.usable, ratios, intervals, strict=True):
        measured.append(_measured(name, ratio, f"{rates.attribute}/{group.group}", (low, high), group.n, limit))
        if group is top:
            continue
        what = f"{name.replace('_', ' ')} of {group.group}"
        ruling = ruled(ratio, low, high, limit, decide_on=decide_on, rows=group.n + top.n, what=what, floor=True)
        if ruling.doubt:
            obstacles.append(doubted(ruling, low, [rates]))
        if ruling.beyond:
            findings.append(
                Finding(
                    key=f"{check}/{rates.attribute}/{group.group}",
                    severity=Severity.HIGH,
                    sentence=(
                        f"{group.group} was {said} at a rate of {figure(group.value)}, {top.group} at "
                        f"{figure(top.value)}: {deciding(decide_on, 'ratio')} {figure(ruling.value)}, "
                        f"below the limit {figure(limit)}."
                    ),
                    measurement=name,
                )
            )
    n = sum(group.n for group in rates.usable)
    measured.append(_measured(f"smallest_{name}", min(ratios), rates.attribute, smallest, n, limit))


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
