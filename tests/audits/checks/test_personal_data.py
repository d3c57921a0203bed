"""data_quality.personal_data against published test numbers; no cell ever reaches the result."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from audits.checks import Roles
from audits.checks.statistics.cell_forms import is_card_number, is_iban
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.personal_data"
ROLES = Roles(task="regression", features=("note",))


def of(*values: str | None) -> pa.Table:
    return pa.table({"note": pa.array(values, pa.string())})


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("email", "write to ann.lee+x@example.org, please"),
        ("card", "paid with 4111 1111 1111 1111"),
        ("card", "378282246310005"),
        ("iban", "to DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("phone", "call +44 20 7946 0958"),
    ],
)
def test_each_kind_is_found_and_the_cell_is_not_repeated(kind: str, cell: str) -> None:
    outcome = judged(NAME, of("fine", cell, None), ROLES)
    assert keys(outcome) == [f"{NAME}/note/{kind}"]
    assert measured(outcome, "personal_cells", f"note/{kind}").value == 1
    assert cell not in json.dumps(outcome.to_document())


@pytest.mark.parametrize(
    "cell", ["4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "0000000000000000", "a @ b", "12.5 kg", "+1 2"]
)
def test_wrong_check_digits_and_ordinary_text_pass(cell: str) -> None:
    assert judged(NAME, of(cell), ROLES).verdict == "passed"


def test_a_column_that_is_meant_for_it_passes() -> None:
    assert judged(NAME, of("ann@example.org"), ROLES, allowed=["note"]).verdict == "passed"


def test_one_wrong_digit_is_always_noticed() -> None:
    card, iban = "4012888888881881", "FR1420041010050500013M02606"
    assert is_card_number(card)
    assert is_iban(iban)
    for place in range(len(card)):
        assert not is_card_number(card[:place] + str((int(card[place]) + 1) % 10) + card[place + 1 :])
    for place in (2, 3, 8, 25):
        assert not is_iban(iban[:place] + str((int(iban[place]) + 1) % 10) + iban[place + 1 :])
