"""Which figures of a version's file would tell of a handful of people, and what is left when they are taken out?"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Document = Mapping[str, Any]

# A share of all rows counts the rows of its group, whatever it is a share of.
_SHARES = {"share_of_rows", "representation_ratio"}
_ASIDE = {"too few rows to compare", "left out of the comparison by the policy"}
_NUMBER = r"(?<![\w.])[-\u2212]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?%?(?!\w)"
_DOTS = "\u2026"


def without_small_cells(file: Document, fewest: int) -> dict[str, Any]:
    """The file without figures of groups of fewer rows than this, and without what they could be worked out from.

    A group that would be the only one left out of a table takes the next smallest one with it, and a gap between
    groups is not shown where one of them is not. Sentences that name such a group lose their numbers. A group of
    nobody is shown: there is nobody to protect.
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
    small = _small(measurements, fewest)
    if not small:
        return dict(requirement), {}
    beside = _next_smallest(measurements, small)
    gaps = {_attribute(measurements[place]) for place in small if measurements[place].get("note") not in _ASIDE}
    kept = []
    for place, row in enumerate(measurements):
        if place in small:
            kept.append(_withheld(row, f"fewer than {fewest} rows: not shown"))
        elif place in beside:
            kept.append(_withheld(row, "not shown, because a smaller group could be worked out from it"))
        elif row.get("group") in gaps:
            kept.append(
                _withheld(row, f"not shown, because a group of fewer than {fewest} rows is among those compared")
            )
        else:
            kept.append(dict(row))
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
            f"Figures that rest on fewer than {fewest} rows, or that could tell such a figure, are not shown.",
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


def _small(measurements: list[Document], fewest: int) -> set[int]:
    """The places of figures of a group that rest on some rows, but on fewer than this."""
    return {
        place
        for place, row in enumerate(measurements)
        if "/" in str(row.get("group") or "") and (rows := _rows(row, measurements)) is not None and 0 < rows < fewest
    }


def _rows(row: Document, measurements: Iterable[Document]) -> int | None:
    if row.get("name") not in _SHARES:
        return row.get("n")
    shares = [
        one for one in measurements if one.get("name") == "share_of_rows" and one.get("group") == row.get("group")
    ]
    if not shares or shares[0].get("value") is None or shares[0].get("n") is None:
        return None
    return round(shares[0]["value"] * shares[0]["n"])


def _next_smallest(measurements: list[Document], small: set[int]) -> set[int]:
    """Beside a single small cell of a table the next smallest one: else the small one is the total less the others."""
    tables: dict[tuple[Any, str], list[int]] = defaultdict(list)
    for place, row in enumerate(measurements):
        if "/" in str(row.get("group") or "") and row.get("n"):
            tables[row.get("name"), _attribute(row)].append(place)
    found = set()
    for places in tables.values():
        others = [place for place in places if place not in small]
        if len(places) - len(others) == 1 and others:
            found.add(min(others, key=lambda place: (_rows(measurements[place], measurements) or 0, place)))
    return found


def _withheld(row: Document, why: str) -> dict[str, Any]:
    return {**row, "value": None, "low": None, "high": None, "n": None, "note": why, "withheld": True}


def _attribute(row: Document) -> str:
    return str(row.get("group") or "").partition("/")[0]


def _group(row: Document) -> str:
    return str(row.get("group") or "").partition("/")[2] or str(row.get("group") or "")


def _without_numbers(text: str, hidden: set[str], known: set[str]) -> str:
    """The text, without its numbers when it names a hidden group; names that hold numbers stay as they are."""
    if not any(_names(name).search(text) for name in hidden if name):
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
