"""Which forms do the cells of a column take: blanks in disguise, numbers among texts, personal data?"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.roles import Roles
from audits.checks.statistics.by_column import ByColumn
from audits.checks.statistics.columns import as_numbers, text_counts
from audits.checks.statistics.identity_numbers import kind_with_letters, kinds_of
from audits.checks.statistics.text_damage import damage_of

BLANK_WORDS = frozenset(
    ("n/a", "na", "nan", "null", "none", "nil", "unknown", "missing", "empty", "undefined", "not available")
) | frozenset(("?", "-", "--", ".", "#n/a", "(null)", "<na>", "tbd", "1900-01-01", "0001-01-01", "9999-12-31"))
BLANK_NUMBERS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0, 999999.0)

_BLANK_DATES = ("1900-01-01", "0001-01-01", "9999-12-31")
_SEPARATORS = str.maketrans("", "", " .-/")
_FEWEST_DIGITS, _MOST_DIGITS = 9, 19

_PLAIN = r"^[A-Za-z][A-Za-z0-9 ,._'/-]*$"
_MANY_DIGITS = r"(?:[0-9][^0-9]*){7}|[A-Z]{2}[0-9]{2}"

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?|\d{1,2}[./]\d{1,2}[./]\d{4}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}")
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Z0-9])")
_PHONE = re.compile(r"(?<![\w+])\+[1-9]\d{0,2}(?:[ ./()-]*\d){7,12}(?!\d)")


@dataclass
class FormsOfColumn:
    """One column: rows by form. A cell has one of the forms of a value, and any number of the personal ones.

    `forms` counts "blank", "disguised", "number", "date" and "text"; `disguises` the cells by what stands for
    a missing value; `personal` the cells that hold an "email", a "card", an "iban" or a "phone"; `identities` those
    that carry the check digits of a national identity number or of a card, by its kind; `damaged` those whose
    characters were lost on the way, by how.
    """

    name: str
    kind: str
    rows: int = 0
    forms: dict[str, int] = field(default_factory=dict)
    disguises: dict[str, int] = field(default_factory=dict)
    personal: dict[str, int] = field(default_factory=dict)
    identities: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)

    def add(self, cells: pa.Array) -> None:
        self.rows += len(cells)
        if self.kind == "number":
            self._add_numbers(cells)
        elif self.kind == "time":
            self._add_times(cells)
        elif self.kind == "text":
            texts, counts = text_counts(cells)
            words = _plain_words(texts)
            _take(self.forms, {"text": int(counts[words].sum())})
            others = np.flatnonzero(~words & (counts > 0)).tolist()
            self._add_texts([texts[place] for place in others], counts[others].tolist())

    def merge(self, other: FormsOfColumn) -> None:
        self.rows += other.rows
        for name in ("forms", "disguises", "personal", "identities", "damaged"):
            _take(getattr(self, name), getattr(other, name))

    def to_document(self) -> dict[str, Any]:
        return {
            name: dict(sorted(value.items())) if isinstance(value, dict) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        values: dict[str, Any] = {n: dict(v) if isinstance(v, Mapping) else v for n, v in document.items()}
        return cls(**values)

    def _add_numbers(self, cells: pa.Array) -> None:
        numbers = as_numbers(cells)
        _take(self.forms, {"blank": int(np.isnan(numbers).sum()), "number": int((~np.isnan(numbers)).sum())})
        for number in BLANK_NUMBERS:
            n = int((numbers == number).sum())
            _take(self.disguises, {f"{number:g}": n})
        long = numbers[(numbers >= 10.0 ** (_FEWEST_DIGITS - 1)) & (numbers < 2.0**53) & (numbers % 1 == 0)]
        if len(long):
            different, counts = np.unique(long.astype(np.int64), return_counts=True)
            _take(self.identities, kinds_of(list(map(str, different.tolist())), counts.tolist()))

    def _add_times(self, cells: pa.Array) -> None:
        _take(self.forms, {"blank": cells.null_count, "date": len(cells) - cells.null_count})
        if pa.types.is_time(cells.type):
            return
        days = cells.cast(pa.date32(), safe=False)
        for day in _BLANK_DATES:
            known = pa.scalar(datetime.date.fromisoformat(day), pa.date32())
            _take(self.disguises, {day: int(pc.sum(pc.equal(days, known)).as_py() or 0)})

    def _add_texts(self, texts: list[str | None], counts: list[int]) -> None:
        for text, n in zip(texts, counts, strict=True):
            self._add_text(text, n)
        self._add_identities(texts, counts)

    def _add_identities(self, texts: list[str | None], counts: list[int]) -> None:
        numbers: dict[str, int] = {}
        for text, n in zip(texts, counts, strict=True):
            if text is None or not _FEWEST_DIGITS <= len(text) <= 2 * _MOST_DIGITS:
                continue
            plain = text.translate(_SEPARATORS)
            if plain.isascii() and plain.isdigit():
                numbers[plain] = numbers.get(plain, 0) + n
            elif len(text) <= _MOST_DIGITS and (kind := kind_with_letters(text)):
                _take(self.identities, {kind: n})
        if numbers:
            _take(self.identities, kinds_of(list(numbers), list(numbers.values())))

    def _add_text(self, text: str | None, n: int) -> None:
        if text is None:
            _take(self.forms, {"blank": n})
            return
        if text.casefold() in BLANK_WORDS:
            _take(self.forms, {"disguised": n})
            _take(self.disguises, {text.casefold(): n})
            return
        form = "number" if _NUMBER.fullmatch(text) else "date" if _DATE.fullmatch(text) else "text"
        _take(self.forms, {form: n})
        _take(self.damaged, dict.fromkeys(damage_of(text), n))
        _take(self.personal, {kind: n for kind, holds in PERSONAL.items() if holds(text)})


class CellForms(ByColumn[FormsOfColumn]):
    """The forms of the cells of every column that has a role."""

    part = FormsOfColumn

    @staticmethod
    def columns(roles: Roles) -> tuple[str, ...]:
        return roles.columns()


def _plain_words(texts: list[str | None]) -> NDArray[np.bool_]:
    """Texts that can take no other form, found all at once: ASCII words with few digits, and no word for a blank."""
    cells = pa.array(texts, pa.string())
    plain = pc.and_(
        pc.match_substring_regex(cells, _PLAIN),
        pc.invert(pc.match_substring_regex(cells, _MANY_DIGITS)),
    )
    plain = pc.and_(plain, pc.invert(pc.is_in(pc.utf8_lower(cells), pa.array(sorted(BLANK_WORDS)))))
    found: NDArray[np.bool_] = pc.fill_null(plain, False).to_numpy(zero_copy_only=False)
    return found


def is_card_number(text: str) -> bool:
    """Whether digits pass the check of payment cards (Luhn): every second from the right doubled, nines cast out."""
    digits = [int(digit) for digit in reversed(text)]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether an account number passes the check of ISO 13616: the moved number leaves 1 by 97."""
    return 15 <= len(text) <= 34 and int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _holds_card(text: str) -> bool:
    return any(is_card_number(re.sub(r"\D", "", found)) for found in _CARD.findall(text))


def _holds_iban(text: str) -> bool:
    # Words that follow an account number look like a part of it, so that every shorter cut is tried too.
    for found in _IBAN.findall(text):
        groups = found.split(" ")
        if any(is_iban("".join(groups[:end])) for end in range(1, len(groups) + 1)):
            return True
    return False


PERSONAL: Mapping[str, Callable[[str], bool]] = {
    "email": lambda text: "@" in text and _EMAIL.search(text) is not None,
    "card": lambda text: len(text) >= 13 and _holds_card(text),
    "iban": lambda text: len(text) >= 15 and _holds_iban(text),
    "phone": lambda text: len(text) >= 9 and _PHONE.search(text) is not None,
}


def _take(mine: dict[str, int], theirs: Mapping[str, int]) -> None:
    for name, n in theirs.items():
        if n:
            mine[name] = mine.get(name, 0) + n
