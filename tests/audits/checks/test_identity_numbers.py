"""data_quality.identity_numbers against published specimen numbers."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles
from audits.checks.statistics.identity_numbers import BY_LENGTH, kinds_of
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.identity_numbers"
ROLES = Roles(task="regression", features=("n",))

# Specimens that authorities or encyclopedias print.
SPECIMENS = {
    "brazilian_cpf": ["111.444.777-35", "529.982.247-25"],
    "british_nhs": ["943 476 5919"],
    "canadian_sin": ["130-692-544"],
    "card": ["4111 1111 1111 1111", "378282246310005", "5555555555554444"],
    "chinese_resident": ["11010519491231002X"],
    "dutch_bsn": ["111222333", "123456782"],
    "french_nir": ["2 55 08 14 168 025 38", "1 51 02 46 102 043 25"],
    "german_steuer_id": ["36574261809", "86095742719"],
    "indian_aadhaar": ["2341 2341 2346"],
    "polish_pesel": ["44051401359", "02070803628"],
    "spanish_dni": ["12345678Z", "X1234567L"],
    "swedish_personnummer": ["811218-9876", "640823-3234"],
    "turkish_kimlik": ["10000000146"],
}


def of(*cells: object) -> pa.Table:
    return pa.table({"n": pa.array(cells)})


@pytest.mark.parametrize(
    ("kind", "cell"),
    [(kind, cell) for kind, cells in SPECIMENS.items() for cell in cells],
)
def test_a_published_specimen_is_known_and_not_repeated(kind: str, cell: str) -> None:
    outcome = judged(NAME, of(*[cell] * 5, "unknown"), ROLES)
    assert f"{NAME}/n/{kind}" in keys(outcome)
    assert measured(outcome, "identity_share", f"n/{kind}").value == 5 / 6
    assert cell not in json.dumps(outcome.to_document())


@pytest.mark.parametrize("cell", [cells[0] for kind, cells in SPECIMENS.items()])
def test_a_changed_check_digit_is_noticed(cell: str) -> None:
    last = cell[-1]
    other = str((int(last) + 1) % 10) if last.isdigit() else "A" if last != "A" else "B"
    kind = next(kind for kind, cells in SPECIMENS.items() if cell in cells)
    outcome = judged(NAME, of(*[cell[:-1] + other] * 5), ROLES)
    assert f"{NAME}/n/{kind}" not in keys(outcome)


def test_a_column_of_whole_numbers_is_looked_at_too() -> None:
    table = of(*[int(cell.replace(" ", "")) for cell in ("4111 1111 1111 1111", "5555555555554444")] * 3)
    assert keys(judged(NAME, table, ROLES)) == [f"{NAME}/n/card"]
    assert judged(NAME, table, ROLES, allowed=["n"]).verdict == "passed"
    assert judged(NAME, table, ROLES, min_cells=7).verdict == "passed"


@pytest.mark.parametrize("length", sorted(BY_LENGTH))
def test_numbers_at_random_pass_a_rule_as_seldom_as_its_check_digits_say(length: int) -> None:
    digits = np.random.default_rng(length).integers(0, 10, (20_000, length)).astype("U1")
    numbers = {"".join(row) for row in digits}
    outcome = judged(NAME, of(*numbers), ROLES)
    assert outcome.verdict == "passed"
    found = kinds_of(sorted(numbers), [1] * len(numbers))
    assert max(found.values(), default=0) < 0.12 * len(numbers)


def test_equal_digits_are_a_filler_and_no_number() -> None:
    assert judged(NAME, of(*["00000000000", "11111111111"] * 5), ROLES).verdict == "passed"
