"""Which numbers carry the check digits of a national identity number or of a payment card?

Every rule takes digits of shape (n_numbers, length) and says which rows pass it. A rule is passed by chance by one
number in ten to one in a hundred, so that only the share of a whole column tells what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Digits = NDArray[np.int64]
Mask = NDArray[np.bool_]
Rule = Callable[[Digits], Mask]

_VERHOEFF = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ]
)
_TURN = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_DNI = re.compile(r"([0-9XYZ])([0-9]{7})-?([A-Z])")
_CHINESE = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]")
_CHINESE_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def luhn(digits: Digits) -> Mask:
    """Every second digit from the right doubled, nines cast out (ISO/IEC 7812-1)."""
    doubled = digits[:, -2::-2] * 2
    total = digits[:, -1::-2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1)
    return np.asarray(total % 10 == 0)


def verhoeff(digits: Digits) -> Mask:
    """Verhoeff (1969): the dihedral group of the pentagon, with a permutation that depends on the place."""
    turns = [np.arange(10)]
    for _ in range(7):
        turns.append(_TURN[turns[-1]])
    check = np.zeros(len(digits), np.int64)
    for place in range(digits.shape[1]):
        check = _VERHOEFF[check, turns[place % 8][digits[:, -1 - place]]]
    return check == 0


def mod_11_10(digits: Digits) -> Mask:
    """ISO/IEC 7064, MOD 11,10: the last digit completes a product that is carried along."""
    product = np.full(len(digits), 10)
    for place in range(digits.shape[1] - 1):
        total = (digits[:, place] + product) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return np.asarray((11 - product) % 10 == digits[:, -1])


def weighted(digits: Digits, weights: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(digits[:, : len(weights)] @ np.array(weights))


def _dated(digits: Digits, start: int, month_modulus: int = 100) -> Mask:
    month = (digits[:, start] * 10 + digits[:, start + 1]) % month_modulus
    day = digits[:, start + 2] * 10 + digits[:, start + 3]
    return np.asarray((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31))


def _cpf(digits: Digits) -> Mask:
    right = np.ones(len(digits), bool)
    for place in (9, 10):
        rest = weighted(digits, range(place + 1, 1, -1)) * 10 % 11 % 10
        right &= rest == digits[:, place]
    return right


def _turkish(digits: Digits) -> Mask:
    odd, even = digits[:, 0:9:2].sum(axis=1), digits[:, 1:8:2].sum(axis=1)
    tenth = (odd * 7 - even) % 10 == digits[:, 9]
    return np.asarray((digits[:, 0] > 0) & tenth & (digits[:, :10].sum(axis=1) % 10 == digits[:, 10]))


def _steuer_id(digits: Digits) -> Mask:
    # Of the first ten digits exactly one comes twice or three times.
    counts = np.stack([(digits[:, :10] == digit).sum(axis=1) for digit in range(10)], axis=1)
    once_more = ((counts == 2) | (counts == 3)).sum(axis=1) == 1
    return np.asarray((digits[:, 0] > 0) & once_more & (counts.max(axis=1) <= 3) & mod_11_10(digits))


def _nir(digits: Digits) -> Mask:
    body = weighted(digits, [10**place for place in range(12, -1, -1)])
    month = digits[:, 3] * 10 + digits[:, 4]
    key = digits[:, 13] * 10 + digits[:, 14]
    born = (month >= 1) & ((month <= 12) | ((month >= 20) & (month <= 42)) | (month >= 50))
    return np.asarray(np.isin(digits[:, 0], (1, 2)) & born & (97 - body % 97 == key))


def _card(digits: Digits) -> Mask:
    return np.asarray((digits[:, 0] >= 2) & (digits[:, 0] <= 6) & luhn(digits))


BY_LENGTH: Mapping[int, Mapping[str, Rule]] = {
    9: {
        "canadian_sin": lambda d: (d[:, 0] > 0) & (d[:, 0] != 8) & luhn(d),
        "dutch_bsn": lambda d: (weighted(d, (9, 8, 7, 6, 5, 4, 3, 2)) - d[:, 8]) % 11 == 0,
    },
    10: {
        "british_nhs": lambda d: (11 - weighted(d, range(10, 1, -1)) % 11) % 11 == d[:, 9],
        "swedish_personnummer": lambda d: _dated(d, 2) & luhn(d),
    },
    11: {
        "brazilian_cpf": _cpf,
        "german_steuer_id": _steuer_id,
        "polish_pesel": lambda d: _dated(d, 2, 20) & (-weighted(d, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == d[:, 10]),
        "turkish_kimlik": _turkish,
    },
    12: {"indian_aadhaar": lambda d: (d[:, 0] >= 2) & verhoeff(d)},
    13: {
        "korean_rrn": lambda d: (
            _dated(d, 2)
            & (d[:, 6] >= 1)
            & (d[:, 6] <= 4)
            & ((11 - weighted(d, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == d[:, 12])
        ),
    },
    15: {"french_nir": _nir, "card": _card},
    **{length: {"card": _card} for length in (14, 16, 17, 18, 19)},
}
WITH_LETTERS = ("chinese_resident", "spanish_dni")
KINDS = tuple(sorted({kind for rules in BY_LENGTH.values() for kind in rules} | set(WITH_LETTERS)))


def kinds_of(numbers: Sequence[str], counts: Sequence[int]) -> dict[str, int]:
    """Cells by kind of identity number; `numbers` are different texts of ASCII digits, `counts` their cells."""
    found: dict[str, int] = {}
    by_length: dict[int, list[int]] = {}
    for place, number in enumerate(numbers):
        by_length.setdefault(len(number), []).append(place)
    for length, places in by_length.items():
        rules = BY_LENGTH.get(length, {})
        if not rules:
            continue
        text = "".join(numbers[place] for place in places).encode()
        digits = (np.frombuffer(text, np.uint8) - ord("0")).reshape(len(places), length).astype(np.int64)
        varied = (digits != digits[:, :1]).any(axis=1)
        cells = np.array([counts[place] for place in places])
        for kind, rule in rules.items():
            n = int(cells[varied & rule(digits)].sum())
            if n:
                found[kind] = found.get(kind, 0) + n
    return found


def kind_with_letters(text: str) -> str | None:
    """The kind of identity number that ends, or begins, with a letter; None for all other text."""
    dni = _DNI.fullmatch(text)
    if dni:
        number = int(str("XYZ".find(dni[1]) if dni[1] in "XYZ" else dni[1]) + dni[2])
        return "spanish_dni" if _DNI_LETTERS[number % 23] == dni[3] else None
    if _CHINESE.fullmatch(text):
        total = sum(int(digit) * weight for digit, weight in zip(text, _CHINESE_WEIGHTS, strict=False))
        return "chinese_resident" if "10X98765432"[total % 11] == text[17] else None
    return None
