"""data_quality.weights against hand-computed answers and NumPy."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from audits.checks import Roles, RunSpec, measure, recompute
from tests.audits.checks.tables import adult, given, judged, keys, measured

NAME = "data_quality.weights"
ROLES = Roles(task="regression", weight="w")


def of(*weights: float | None) -> pa.Table:
    return pa.table({"w": pa.array(weights, pa.float64())})


def test_equal_weights_are_worth_every_row() -> None:
    outcome = judged(NAME, of(*[0.1] * 40), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "effective_share").value == pytest.approx(1, abs=1e-15)
    assert measured(outcome, "largest_share").value == 1 / 40


def test_unequal_weights_are_worth_fewer_rows() -> None:
    # The sum is 8 and the sum of squares 28, so that four rows are worth 64 / 28 = 16/7 of them.
    outcome = judged(NAME, of(5, 1, 1, 1, 0), ROLES, max_largest_share=0.6, max_zero_share=0.2)
    assert measured(outcome, "effective_share").value == pytest.approx(4 / 7, abs=1e-15)
    assert (measured(outcome, "largest_share").value, measured(outcome, "zero_share").value) == (0.625, 0.2)
    assert keys(outcome) == [f"{NAME}/largest_share"]


@pytest.mark.parametrize(("weight", "kind"), [(None, "missing"), (-1.0, "negative"), (float("inf"), "infinite")])
def test_a_weight_that_is_none_is_a_finding(weight: float | None, kind: str) -> None:
    outcome = judged(NAME, of(*[1.0] * 30, weight), ROLES)
    assert keys(outcome) == [f"{NAME}/{kind}/impossible_weights"]
    assert measured(outcome, "impossible_weights", kind).value == 1


def test_weights_of_nothing_but_zero_are_inconclusive() -> None:
    assert judged(NAME, of(0, 0), ROLES).verdict == "inconclusive"


def test_the_figures_are_numpy_s_and_do_not_depend_on_batches() -> None:
    table, roles = adult("all"), Roles(task="regression", weight="final_weight")
    weights = table["final_weight"].to_numpy().astype(float)
    first, second = (
        measure([RunSpec(NAME, 1)], tables={"evaluation": given(table, roles, rows)})[0] for rows in (777, 50_000)
    )
    assert first.to_document() == second.to_document()
    effective = weights.sum() ** 2 / (weights**2).sum() / len(weights)
    assert measured(first, "effective_share").value == pytest.approx(effective, rel=1e-12)
    stored = json.loads(json.dumps(first.to_document()))
    assert recompute(stored).to_document() == stored
