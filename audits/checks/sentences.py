"""How are figures and lists put into sentences that a reviewer reads?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from audits.checks.base import Report

_NAMED = 3


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
    parts = [
        f"{m.name} {figure(m.value)}" + (f" for {m.group}" if m.group else "") + f" (limit {figure(m.limit)})"
        for m in limited[:_NAMED]
    ]
    rest = len(limited) - len(parts)
    return f"No finding: {', '.join(parts)}" + (f" and {rest} more within their limits." if rest else ".")
