"""Which figures of a version's file would tell of a handful of people, and what is left when they are taken out?"""

import re
from collections.abc import Mapping
from typing import Any

from governance.reports.hidden_places import hidden_places

Document = Mapping[str, Any]

# Elsewhere a share is one of cells: two card numbers in a column are no two people. Two of a group of whom nobody
# knows the income are.
_ABOUT_PEOPLE = ("fairness.", "performance.", "data_quality.missing_by_group")
_NUMBER = r"(?<![\w.])[-\u2212]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?%?(?!\w)"
_DOTS = "\u2026"


def without_small_cells(file: Document, fewest: int) -> dict[str, Any]:
    """The file without figures that tell of fewer people than this, and without what they could be worked out from.

    A figure tells of few people when its group has few rows, or when it is a share of which few rows are on one side:
    2 of 10,000 chosen, or all but 2. A group that would be the only one left out of a line of a table takes the next
    smallest one with it, and a gap between groups is not shown where one of them is not. Sentences that name such a
    group lose their numbers. Nobody is shown: there is nobody to protect.
    """
    requirements, texts = [], {}
    for requirement in file.get("requirements") or ():
        cleaned, changed = _without(requirement, fewest)
        requirements.append(cleaned)
        texts.update(changed)
    rest = {name: part for name, part in file.items() if name != "requirements"}
    return {**(_retold(rest, texts) if texts else rest), "requirements": requirements}


def _without(requirement: Document, fewest: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The requirement with its small cells taken out, and the sentences that were changed."""
    measurements = list(requirement.get("measurements") or ())
    about_people = str(requirement.get("check")).startswith(_ABOUT_PEOPLE)
    why = hidden_places(measurements, fewest, of_shares=about_people)
    if not why:
        return dict(requirement), {}
    kept = [_withheld(row, why[place]) if place in why else dict(row) for place, row in enumerate(measurements)]
    hidden = {_group(row) for row in kept if row.get("withheld")}
    known = {_group(row) for row in measurements if row.get("group")}

    def told(text: str) -> str:
        return _without_numbers(text, hidden, known)

    cleaned = {
        **requirement,
        "measurements": kept,
        "sentence": told(requirement.get("sentence") or ""),
        "notes": [
            *map(told, requirement.get("notes") or ()),
            f"Figures that tell of fewer than {fewest} rows, or that could tell such a figure, are not shown.",
        ],
        "findings": [
            {**finding, **{name: told(finding.get(name) or "") for name in ("sentence", "would_pass")}}
            for finding in requirement.get("findings") or ()
        ],
    }
    before = [requirement.get("sentence") or "", *(requirement.get("notes") or ())]
    before += [
        finding.get(name) or "" for finding in requirement.get("findings") or () for name in ("sentence", "would_pass")
    ]
    return cleaned, {text: told(text) for text in before if told(text) != text}


def _withheld(row: Document, why: str) -> dict[str, Any]:
    return {**row, "value": None, "low": None, "high": None, "n": None, "note": why, "withheld": True}


def _group(row: Document) -> str:
    return str(row.get("group") or "").partition("/")[2] or str(row.get("group") or "")


def _without_numbers(text: str, hidden: set[str], known: set[str]) -> str:
    """The text, without its numbers when it names a hidden group; names that hold numbers stay as they are."""
    if not any(name in text and _names(name).search(text) for name in hidden if name):
        return text
    names = "|".join(re.escape(name) for name in sorted(filter(None, known), key=len, reverse=True))
    return re.sub(f"({names})|{_NUMBER}", lambda found: found[1] or _DOTS, text)


def _names(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def _retold(part: Any, texts: Mapping[str, str]) -> Any:
    """The same, with every sentence that was changed replaced wherever it was repeated."""
    if isinstance(part, str):
        for before, after in texts.items():
            part = part.replace(before, after)
        return part
    if isinstance(part, Mapping):
        return {name: _retold(value, texts) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_retold(value, texts) for value in part]
    return part
