"""How are figures and lists put into sentences that a reviewer reads?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from audits.checks.base import Measurement, Report


def figure(value: float | Fraction | None) -> str:
    """A number with four significant digits, or the word for its absence."""
    return "undefined" if value is None else f"{float(value):.4g}"


def listed(words: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def some(words: Sequence[str], most: int = 5) -> str:
    """A list that names at most a few and counts the rest."""
    if len(words) <= most:
        return listed(words)
    return f"{', '.join(words[:most])} and {len(words) - most} more"


# Words of names that are written with capitals wherever they stand.
_CAPITALS = ("AUC", "BNSP", "BPSN", "F1", "KS", "MAE", "MAPE", "MCC", "NDCG", "PR", "RMSE", "ROC")
_PEOPLE = ("Brier", "Cohen", "Kolmogorov", "Smirnov", "Theil", "Wasserstein")
_PROPER = {word.lower(): word for word in (*_CAPITALS, *_PEOPLE)}


def spoken_name(name: str) -> str:
    """The name of a figure or a parameter in words: roc_auc is the ROC AUC."""
    return " ".join(_PROPER.get(word, word) for word in name.split("_"))


def conclusion(report: Report) -> str:
    """One sentence for the whole report."""
    if report.findings:
        first, *others = report.findings
        if not others:
            return first.sentence
        return f"{len(report.findings)} findings; the first: {first.sentence}"
    limited = [m for m in report.measurements if m.limit is not None and m.value is not None]
    if not limited:
        return "Measured; no limit is set."
    closest = min(limited, key=_margin)
    name = spoken_name(closest.name)
    said = f"{name[:1].upper()}{name[1:]} {figure(closest.value)}"
    said += f" for {closest.group.replace('/', ': ')}" if closest.group else ""
    if closest.low is not None and closest.high is not None:
        said += f" ({closest.level:.0%} interval {figure(closest.low)} to {figure(closest.high)})"
    said += f", limit {figure(closest.limit)}"
    if _is_beyond(closest) and (closest.low or 0) <= (closest.limit or 0) <= (closest.high or 0):
        said += ", which lies in the interval"
    return f"{said}; of {len(limited)} figures the closest to its limit." if len(limited) > 1 else f"{said}."


def _is_beyond(measurement: Measurement) -> bool:
    value, limit, ideal = measurement.value, measurement.limit, measurement.ideal
    if value is None or limit is None or ideal is None:
        return False
    return value < limit if ideal > limit else value > limit


def _margin(measurement: Measurement) -> float:
    """How far a figure is from its limit, as a share of the way from the ideal to the limit where one is known."""
    value, limit, ideal = measurement.value, measurement.limit, measurement.ideal
    if value is None or limit is None:
        return float("inf")
    room = abs(limit - ideal) if ideal is not None and ideal != limit else 1.0
    return abs(value - limit) / room
