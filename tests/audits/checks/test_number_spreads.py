"""data_quality.outliers and data_quality.unit_jumps against hand-made tables and NumPy."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles, RunSpec, measure, recompute
from audits.checks.library.unit_jumps import FACTORS
from tests.audits.checks.tables import adult, bike, given, judged, keys, measured

OUTLIERS, JUMPS = "data_quality.outliers", "data_quality.unit_jumps"
ROLES = Roles(task="regression", features=("x",))


def of(values: object) -> pa.Table:
    return pa.table({"x": pa.array(values, from_pandas=True)})


def test_rows_beyond_the_fences_are_counted_by_hand() -> None:
    # The quartiles of 1 to 101 are 26 and 76, so that the fences stand at -124 and 226.
    values = [*range(1, 102)]
    assert measured(judged(OUTLIERS, of(values), ROLES), "outlier_share", "x").value == 0
    values[0], values[-1], values[50] = -125, 226, 51
    outcome = judged(OUTLIERS, of([float(v) for v in values]), ROLES, max_share=0)
    found = measured(outcome, "outlier_share", "x")
    assert (found.value, found.note) == (1 / 101, "1 below -124 and 0 above 226; from -125 to 226")
    assert keys(outcome) == [f"{OUTLIERS}/x"]
    assert judged(OUTLIERS, of(values), ROLES, max_share=0, allowed=["x"]).verdict == "passed"


def test_the_counts_are_numpy_s_on_real_columns() -> None:
    table = adult("all")
    names = ("age", "final_weight", "hours_per_week", "capital_gain")
    outcome = judged(OUTLIERS, table, Roles(task="regression", features=names))
    for name in names[:3]:
        values = table[name].to_numpy()
        low, high = np.quantile(values, [0.25, 0.75])
        far = ((values < low - 3 * (high - low)) | (values > high + 3 * (high - low))).mean()
        assert measured(outcome, "outlier_share", name).value == pytest.approx(far, abs=1e-15)
    assert outcome.report is not None
    assert outcome.report.notes == ('Feature "capital_gain" has equal quartiles and is left out.',)


def test_few_rows_and_texts_are_left_out() -> None:
    outcome = judged(OUTLIERS, of([1.0, 2.0, 3.0]), ROLES)
    assert outcome.report is not None
    assert outcome.report.notes == ('Feature "x" has fewer than the needed rows and is left out.',)
    assert judged(OUTLIERS, of(["a"]), ROLES).report.measurements == ()  # type: ignore[union-attr]


def lengths(seed: int = 1, n: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(170, 10, n)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_change_of_unit_is_found_with_its_factor(factor: float) -> None:
    for way in (factor, 1 / factor):
        outcome = judged(JUMPS, of(lengths(1) * way), ROLES, reference=of(lengths(2)))
        assert keys(outcome) == [f"{JUMPS}/x"]
        assert measured(outcome, "unit_factor", "x").value == pytest.approx(way)


def test_fahrenheit_for_celsius_is_found_although_zero_moves() -> None:
    celsius = np.random.default_rng(3).normal(12, 8, 500)
    outcome = judged(JUMPS, of(celsius * 1.8 + 32), ROLES, reference=of(celsius[::-1]))
    assert "as Celsius becomes Fahrenheit" in outcome.sentence


def test_an_ordinary_move_is_no_jump() -> None:
    assert judged(JUMPS, of(lengths(1) * 1.3), ROLES, reference=of(lengths(2))).verdict == "passed"
    roles = Roles(task="regression", features=("casual", "registered", "cnt", "temp", "hum"))
    assert judged(JUMPS, bike(2012), roles, reference=bike(2011)).verdict == "passed"


def test_a_feature_without_a_spread_is_left_out_unless_it_is_asked_for() -> None:
    assert judged(JUMPS, of([1.0] * 200), ROLES, reference=of([1.0] * 200)).verdict == "inconclusive"
    both = Roles(task="regression", features=("x", "flag"))
    table = of(lengths()).append_column("flag", pa.array([0] * 400))
    assert judged(JUMPS, table, both, reference=table).verdict == "passed"
    assert judged(JUMPS, table, both, reference=table, columns=["flag"]).verdict == "inconclusive"


def test_neither_batches_nor_order_change_the_outcome() -> None:
    table = of([*lengths(), None, float("inf")])
    shuffled = table.take(pa.array(np.random.default_rng(0).permutation(402)))
    documents = []
    for one, rows in ((table, 5), (table, 402), (shuffled, 50)):
        tables = {"evaluation": given(one, ROLES, rows), "reference": given(table, ROLES)}
        documents.append([o.to_document() for o in measure([RunSpec(OUTLIERS, 1), RunSpec(JUMPS, 1)], tables=tables)])
    assert documents[0] == documents[1] == documents[2]
    for document in documents[0]:
        stored = json.loads(json.dumps(document))
        assert recompute(stored).to_document() == stored
