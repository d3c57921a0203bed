"""How do the gate's answers look side by side in a terminal?"""

from collections.abc import Mapping
from typing import Any

from governance.demo.story import MARKS


def answers_table(answers: Mapping[int, Mapping[str, Any]]) -> str:
    """Return one row per requirement and one column per version, with the final outcome below."""
    numbers = sorted(answers)
    by_version = {
        number: {reason["requirement"]: reason for reason in answers[number]["decision"]["reasons"]}
        for number in numbers
    }
    names = list(dict.fromkeys(name for reasons in by_version.values() for name in reasons))
    width = max(len(name) for name in [*names, "outcome"])
    lines = ["  ".join(["requirement".ljust(width), *(f"version {number}".ljust(18) for number in numbers)])]
    lines.append("─" * len(lines[0]))
    for name in names:
        cells = [_cell(by_version[number].get(name)) for number in numbers]
        lines.append("  ".join([name.ljust(width), *(cell.ljust(18) for cell in cells)]))
    lines.append("─" * len(lines[0]))
    outcomes = [str(answers[number]["outcome"]).upper() for number in numbers]
    lines.append("  ".join(["outcome".ljust(width), *(outcome.ljust(18) for outcome in outcomes)]))
    return "\n".join(line.rstrip() for line in lines)


def _cell(reason: Mapping[str, str] | None) -> str:
    if reason is None:
        return "-"
    words = reason["code"].removeprefix("advisory_").replace("_", " ")
    advice = " (advice)" if reason["code"].startswith("advisory_") else ""
    return f"{MARKS[reason['outcome']]} {words}{advice}"
