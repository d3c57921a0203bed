"""data_quality.duplicate_keys against hand-made tables and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from audits.checks import Roles, recompute
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.duplicate_keys"
ROLES = Roles(task="regression", label="y", key=("customer", "month"))


def visits(*keys_of_rows: tuple[str | None, int | None]) -> pa.Table:
    customers, months = zip(*keys_of_rows, strict=True)
    return pa.table(
        {
            "customer": pa.array(customers, pa.string()),
            "month": pa.array(months, pa.int64()),
            "y": list(range(len(customers))),
        }
    )


def test_a_customer_may_come_in_every_month_once() -> None:
    outcome = judged(NAME, visits(("a", 1), ("a", 2), ("b", 1)), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "repeated_keys").value == 0


def test_of_three_rows_with_one_key_two_repeat_it_and_on_the_limit_passes() -> None:
    table = visits(("a", 1), ("b", 1), ("a", 1), ("a", 1))
    outcome = judged(NAME, table, ROLES)
    assert keys(outcome) == [f"{NAME}/repeated_share"]
    assert measured(outcome, "repeated_share").value == 0.5
    assert 'share of rows that repeat a key of "customer" and "month"' in outcome.sentence
    assert judged(NAME, table, ROLES, max_share=0.5).verdict == "passed"
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_keys_with_a_part_missing_equal_no_other() -> None:
    table = visits(("a", None), ("a", None), (None, 1), ("", 1), ("b", 1))
    outcome = judged(NAME, table, ROLES)
    assert measured(outcome, "repeated_keys").value == 0
    assert measured(outcome, "incomplete_share").value == 0.8
    assert keys(outcome) == [f"{NAME}/incomplete_share"]
    assert judged(NAME, visits((None, 1), ("a", None)), ROLES).verdict == "failed"


@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_they_are_pandas_s_in_any_split(batch: int) -> None:
    random = np.random.default_rng(batch)
    customers = random.choice(["a", "b", "c", None], 500)
    months = pd.array(random.integers(0, 60, 500), "Int64")
    frame = pd.DataFrame({"customer": customers, "month": months})
    table = pa.concat_tables([pa.Table.from_pandas(frame[at : at + batch]) for at in range(0, 500, batch)])
    complete = frame.dropna()
    outcome = judged(NAME, table, Roles(task="regression", key=("customer", "month")))
    assert measured(outcome, "repeated_keys").value == complete.duplicated(["customer", "month"]).sum()
    assert measured(outcome, "incomplete_share").value == (500 - len(complete)) / 500


def test_without_a_key_nothing_is_measured() -> None:
    outcome = judged(NAME, visits(("a", 1)), Roles(task="regression", label="y"))
    assert outcome.verdict == "inconclusive"
    assert "role key" in outcome.sentence
