"""Which categories look like another one, written differently?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from audits.checks import ColumnValues, Finding, Measurement, Report, Severity, check
from audits.checks.parameters import Share
from audits.checks.roles import MISSING
from audits.checks.sentences import some

_NAME = "data_quality.category_typos"
_SHORTEST = 5


@dataclass(frozen=True)
class AlikeTexts:
    """By text column its filled cells, and the rows of each text that looks like another; None for too many texts."""

    made_of: ClassVar[type[Any]] = ColumnValues
    reads: ClassVar[tuple[str, ...]] = ("max_rare_share",)

    n_rows: int
    columns: Mapping[str, tuple[int, Mapping[str, int] | None]]

    @classmethod
    def kept(cls, values: ColumnValues, parameters: Mapping[str, Any]) -> Self:
        columns: dict[str, tuple[int, Mapping[str, int] | None]] = {}
        for name, column in values.by_name.items():
            if column.is_numeric:
                continue
            counts = {text: n for text, n in (column.texts or {}).items() if text != MISSING}
            total = sum(counts.values())
            alike = {text for pair in _alike(counts, parameters["max_rare_share"] * total) for text in pair}
            kept = {text: counts[text] for text in sorted(alike)}
            columns[name] = (total, None if column.texts is None else kept)
        return cls(values.n_rows, columns)

    def to_document(self) -> dict[str, Any]:
        return {"rows": self.n_rows, "columns": [[name, *column] for name, column in self.columns.items()]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(document["rows"], {name: (n, texts) for name, n, texts in document["columns"]})


@check(_NAME, version=1, needs=ColumnValues, keeps=AlikeTexts)
def category_typos(values: AlikeTexts, *, max_rare_share: Share = 0.01, allowed: tuple[str, ...] = ()) -> Report:
    """Categories that differ from another one by case, spaces and marks alone, or by one letter from a frequent one.

    One letter counts between words of at least five letters, when the one has at most the given share of the
    rows and the other at least twenty times as many; digits never count as letters, so that "grade 1" and
    "grade 2" stay apart.

    Parameters
    ----------
    values : AlikeTexts
        Texts of the features that look alike, and their counts.
    max_rare_share : float in [0, 1], default=0.01
        Largest share of the filled rows that a misspelt category has.
    allowed : list of str, default=[]
        Columns that may hold such categories, by name.

    Formula
    -------
    number of texts that equal a more frequent one without case, spaces and marks, or are one letter from one

    Measures
    --------
    alike_categories : int, unit categories, ideal 0, by column; those that look like a more frequent one.

    Cannot measure
    --------------
    A table without rows. A column of more than 1,000 different texts is left out with a note.

    Source
    ------
    deepchecks, String Mismatch, for the first kind; Damerau (1964), doi:10.1145/363958.363994, for the second.

    Example
    -------
    | town (feature) | rows |
    |---|---|
    | Stuttgart | 100 |
    | Ulm | 7 |
    | stuttgart | 2 |
    | Stuttgrat | 1 |

    - `alike_categories` of town: stuttgart, which differs by case, and Stuttgrat, which has two letters swapped, stands
      in 1/110 = 0.0091 of the rows and is 100/1 = 100 times as rare, 1 + 1 = 2
    """
    measured, findings, notes = [], [], []
    for name, (total, counts) in values.columns.items():
        if name in allowed:
            continue
        if counts is None:
            notes.append(f'Column "{name}" has more than 1,000 different texts and is left out.')
            continue
        alike = _alike(counts, max_rare_share * total)
        measured.append(Measurement("alike_categories", float(len(alike)), "categories", name, n=total, ideal=0.0))
        if alike:
            pairs = some([f'"{rare}" and "{frequent}"' for rare, frequent in alike])
            sentence = f'Column "{name}" holds categories that look alike: {pairs}.'
            findings.append(Finding(f"{_NAME}/{name}", Severity.LOW, sentence, "alike_categories"))
    return Report(tuple(measured), tuple(findings), tuple(notes))


def one_letter_apart(first: str, second: str) -> bool:
    """Whether one letter was changed, added, left out, or swapped with its neighbour; digits are no letters."""
    if first == second or abs(len(first) - len(second)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(map(len, (first, second)))
    )
    rest, other = first[start:], second[start:]
    touched = rest[:1] + other[:1] if len(rest) == len(other) else max(rest, other, key=len)[:1]
    if any(letter.isdigit() for letter in touched):
        return False
    swapped = len(rest) == len(other) and rest[:2] == other[:2][::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def _alike(counts: Mapping[str, int], most_rare: float) -> list[tuple[str, str]]:
    ordered = sorted(counts, key=lambda text: (-counts[text], text))
    plain: dict[str, str] = {}
    found = []
    for text in ordered:
        written = re.sub(r"[\s_.\-]+", "", text.casefold())
        if written in plain:
            found.append((text, plain[written]))
        else:
            plain[written] = text
            if counts[text] <= most_rare and len(written) >= _SHORTEST:
                near = (other for key, other in plain.items() if one_letter_apart(written, key))
                frequent = next((other for other in near if counts[other] >= 20 * counts[text]), None)
                if frequent is not None:
                    found.append((text, frequent))
    return found
