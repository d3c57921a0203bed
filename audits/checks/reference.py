"""What does the reference page say about every check? It is made from their docstrings, never written by hand.

Run `python -m audits.checks.reference > docs/reference/checks.md` after changing a docstring.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable

from audits.checks import Check, list_checks

SECTIONS = ("Parameters", "Formula", "Measures", "Cannot measure", "Source", "Example")

_HEAD = """# Checks

A check is a pure, versioned function from statistics of a table to a report of measurements and findings.
A finding says that a limit is exceeded.
Limits are parameters; a policy sets them, and what it leaves out takes the default.
A table that cannot answer the question makes the outcome *inconclusive*, a check that breaks makes it *errored*.
Neither passes.
Every outcome stores the statistics that it was worked out from, so that it can be worked out again without the table.
The same rows give the same outcome to the last digit, in any order, batches and process.
Only whether a column ascends depends on the order.
Those are a few kilobytes: counts and sums by group or by column, no row and no score of anybody.
Of texts only those are kept that a finding may have to name; drift is measured on counts whose bins have no names.

A finding about a gap between groups carries advice: the smallest change that would pass (`would_pass`).
With a score column it names a threshold for each group, of at most 256 steps of the score.
They are the thresholds that change the fewest decisions, with what they do to the accuracy, and those that keep the \
most decisions right.
Without scores it says how many decisions would have to change; of more than 500 groups a small number of them, though \
not surely the smallest.
Thresholds are chosen as `fairlearn.postprocessing.ThresholdOptimizer` chooses them, but without its coin between two \
of them.
The check itself has judged the advised decisions and passed them, on these rows; other rows may differ.
Nothing applies the advice, and it is none on law: deciding by group can itself be forbidden.
In employment in the United States cut-offs must not differ by race, color, religion, sex or national origin \
(42 U.S.C. 2000e-2(l)).
Tables with weights get no advice.

Where a column of weights is declared, decisions of two classes or many, the errors of a regression, and chances \
held against what came true are weighed by it, as by the `sample_weight` of fairlearn and scikit-learn; intervals take \
Kish's effective number of rows.
Any other check counts every row once, and its outcome says so in a note.

What SageMaker Clarify, fairlearn and AIF360 call these figures stands in [a list of its own](metric-names.md).

This page is made from the docstrings by `python -m audits.checks.reference`.
"""

_FAMILY_TITLES = {
    "fairness": "Fairness",
    "explainability": "Explainability",
    "data_quality": "Data quality",
    "drift": "Drift",
    "performance": "Performance",
    "security": "Security",
    "operations": "Operations",
}


def sections_of(check: Check) -> dict[str, str]:
    """The parts of a check's docstring: "Summary" is what stands above the first heading."""
    text = inspect.getdoc(check.function) or ""
    pieces = re.split(r"^(.+)\n-{3,}$", text, flags=re.MULTILINE)
    names = ["Summary", *(name.strip() for name in pieces[1::2])]
    return {name: body.strip() for name, body in zip(names, [pieces[0], *pieces[2::2]], strict=True)}


def documented_parameters(check: Check) -> dict[str, str]:
    """The entries of the section "Parameters" by name, statistics included, each with its own text."""
    return dict(_entries(sections_of(check).get("Parameters", "")))


def page(checks: Iterable[Check]) -> str:
    """The whole reference page, one sentence or entry per line."""
    parts = [_HEAD]
    family = ""
    for check in sorted(checks, key=lambda check: (list(_FAMILY_TITLES).index(check.family), check.name)):
        if check.family != family:
            family = check.family
            parts.append(f"## {_FAMILY_TITLES[family]}\n")
        parts.append(_check_part(check))
    return "\n".join(parts)


def _check_part(check: Check) -> str:
    sections = sections_of(check)
    statistics = ", ".join(f"`{kind.__name__}`" for kind in check.needs)
    roles = [role for kind in check.needs for role in kind.needs_roles]  # type: ignore[attr-defined]  # a Statistic
    columns = ", ".join(f"`{role}`" for role in dict.fromkeys((*roles, *check.roles))) or "none in particular"
    lines = [
        f"### `{check.name}`, version {check.version}",
        "",
        *_paragraphs(sections["Summary"]),
        f"- Reads: {statistics} of the {' and the '.join(check.tables)} table",
        *([f"- Keeps of it: `{check.keeps.__name__}`, which is all that is stored"] if check.keeps else []),
        *([f"- Advises by: `{check.advised_by.__name__}`, where the table has scores"] if check.advised_by else []),
        f"- Needs columns with the role: {columns}",
        f"- Counts rows {'by their declared weight' if check.weighs else 'once each, whatever they weigh'}",
        "",
        "| parameter | default | accepts | meaning |",
        "|---|---|---|---|",
    ]
    meanings = documented_parameters(check)
    for parameter in check.parameters:
        default = _default(parameter.default)
        lines.append(
            f"| `{parameter.name}` | {default} | {parameter.describe()} | {_one_line(meanings[parameter.name])} |"
        )
    lines += ["", f"Formula: {_one_line(sections['Formula']).rstrip('.')}."]
    lines += ["", "Measures:", ""]
    for head, body in _entries(sections["Measures"], whole_head=True):
        name, _, kind = head.partition(" : ")
        lines.append(f"- `{name}`: {_one_line(kind + ' ' + body).rstrip('.')}.")
    lines += ["", f"Cannot measure: {_one_line(sections['Cannot measure'])}", ""]
    lines += [f"Source: {_one_line(sections['Source'])}", ""]
    lines += ["Example, which a test works out again:", "", *_example(sections["Example"]), ""]
    return "\n".join(lines)


def _example(text: str) -> list[str]:
    """The table as it stands, the parameters if there are any, and each figure on one line."""
    table, *given, figures = text.split("\n\n")
    stated = [line for one in given for line in (_one_line(one), "")]
    return [
        *table.splitlines(),
        "",
        *stated,
        *(f"- {_one_line(one)}" for one in figures.removeprefix("- ").split("\n- ")),
    ]


def _entries(text: str, *, whole_head: bool = False) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line and not line.startswith(" "):
            found.append((line if whole_head else line.partition(" : ")[0], ""))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        lines += [*re.split(r"(?<=\.) (?=[A-Z])", _one_line(paragraph)), ""]
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _default(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return "[]" if not value else ", ".join(map(str, value))
    return str(value)


if __name__ == "__main__":
    sys.stdout.write(page(list_checks()))
