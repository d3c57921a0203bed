"""drift.kolmogorov_smirnov against hand-made tables and scipy."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.checks import AlignedValues, ColumnValues, Roles, recompute
from audits.checks.drift import distance
from audits.checks.statistics import ValuesOfColumn
from audits.checks.statistics.value_table import ValueTable
from tests.audits.checks.tables import adult, bike, judged, keys, measured

NAME = "drift.kolmogorov_smirnov"
ROLES = Roles(task="regression", features=("x",))


def of(*values: object) -> pa.Table:
    return pa.table({"x": pa.array(values)})


def test_the_same_values_have_no_distance() -> None:
    outcome = judged(NAME, of(*range(100)), ROLES, reference=of(*range(100)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "kolmogorov_smirnov", "x").value == 0.0
    assert measured(outcome, "p_value", "x").value == 1.0


def test_a_known_shift_is_found() -> None:
    outcome = judged(NAME, of(*range(25, 125)), ROLES, reference=of(*range(100)))
    assert measured(outcome, "kolmogorov_smirnov", "x").value == 0.25
    assert keys(outcome) == [f"{NAME}/x"]


def test_exactly_on_the_limit_passes() -> None:
    assert judged(NAME, of(*range(10, 110)), ROLES, reference=of(*range(100))).verdict == "passed"
    assert judged(NAME, of(*range(11, 111)), ROLES, reference=of(*range(100))).verdict == "failed"


def test_words_have_no_distance() -> None:
    outcome = judged(NAME, of(*["a"] * 100), ROLES, reference=of(*["a"] * 100))
    assert outcome.verdict == "inconclusive"
    assert judged(NAME, of(*["a"] * 100), ROLES, reference=of(*["a"] * 100), columns=["x"]).verdict == "inconclusive"


def test_a_column_that_is_no_feature_is_inconclusive() -> None:
    outcome = judged(NAME, of(*range(100)), ROLES, reference=of(*range(100)), columns=["z"])
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == 'Column "z" is no declared feature of the evaluation table.'


def test_too_few_rows_are_inconclusive() -> None:
    outcome = judged(NAME, of(*range(99)), ROLES, reference=of(*range(100)))
    assert '"x" has 99 filled rows in the evaluation table, 100 are needed' in outcome.sentence


def test_a_p_value_alone_fails_nothing() -> None:
    random = np.random.default_rng(3)
    outcome = judged(NAME, of(*random.normal(0.1, 1, 9_000)), ROLES, reference=of(*random.normal(0, 1, 9_000)))
    assert measured(outcome, "p_value", "x").value < 1e-6
    assert outcome.verdict == "passed"


@pytest.mark.parametrize("column", ["temp", "hum", "windspeed", "casual", "registered", "cnt"])
def test_distance_and_p_value_of_bike_sharing_are_scipys(column: str) -> None:
    roles = Roles(task="regression", features=(column,))
    outcome = judged(NAME, bike(2012), roles, reference=bike(2011))
    expected = stats.ks_2samp(bike(2012)[column].to_numpy(), bike(2011)[column].to_numpy())
    found = measured(outcome, "kolmogorov_smirnov", column)
    assert found.value == pytest.approx(expected.statistic, abs=1e-12)
    assert found.low <= found.value <= found.high
    assert measured(outcome, "p_value", column).value == pytest.approx(expected.pvalue, rel=1e-9)


def test_distance_and_p_value_of_adult_are_scipys() -> None:
    names = ("age", "education_years", "hours_per_week", "capital_gain")
    roles = Roles(task="regression", features=names)
    outcome = judged(NAME, adult("test"), roles, reference=adult("train"))
    for name in names:
        expected = stats.ks_2samp(adult("test")[name].to_numpy(), adult("train")[name].to_numpy())
        assert measured(outcome, "kolmogorov_smirnov", name).value == pytest.approx(expected.statistic, abs=1e-12)
        assert measured(outcome, "p_value", name).value == pytest.approx(expected.pvalue, rel=1e-9)


def test_many_distinct_values_are_scipys_and_stored_small() -> None:
    roles = Roles(task="regression", features=("final_weight",))
    outcome = judged(NAME, adult("test"), roles, reference=adult("train"))
    exact = stats.ks_2samp(adult("test")["final_weight"].to_numpy(), adult("train")["final_weight"].to_numpy())
    found = measured(outcome, "kolmogorov_smirnov", "final_weight")
    assert found.value == pytest.approx(exact.statistic, abs=1e-12)
    assert found.note == ""
    stored = json.loads(json.dumps(outcome.to_document()))
    assert recompute(stored).to_document() == stored
    assert len(json.dumps(stored["statistics"])) < 4_000


def test_infinite_numbers_stand_beyond_all_others() -> None:
    first, second = [-np.inf, 1.0, 2.0, np.inf] * 50, [1.0, 2.0, 3.0, np.inf] * 50
    outcome = judged(NAME, of(*first), ROLES, reference=of(*second), min_rows=1)
    expected = stats.ks_2samp(first, second).statistic
    assert measured(outcome, "kolmogorov_smirnov", "x").value == pytest.approx(expected, abs=1e-12)


def test_beyond_what_is_kept_the_stated_bound_holds() -> None:
    random = np.random.default_rng(4)
    # Values in one sign and two exponents, so that far fewer places do than all doubles need.
    values = {"evaluation": random.uniform(1, 3.9, 5_000), "reference": random.uniform(1, 4, 4_000)}
    tables = {}
    for name, numbers in values.items():
        spread = ValuesOfColumn("x", "number", rows=len(numbers), table=ValueTable(64))
        spread.numbers.add(numbers)
        tables[name] = ColumnValues(("x",), {"x": spread})
    small = ColumnValues.condensed(tables)
    found = distance("x", small["evaluation"], small["reference"], 100)
    exact = stats.ks_2samp(values["evaluation"], values["reference"]).statistic
    bound = float(found.note.rpartition(" ")[2])
    assert 0 < abs(float(found.value) - exact) <= bound < 0.05
    assert found.low <= exact <= found.high


@pytest.mark.parametrize("shift", [0.004, 0.06])
def test_the_p_value_of_large_tables_is_scipys(shift: float) -> None:
    random = np.random.default_rng(6)
    first, second = random.normal(shift, 1, 300_000), random.normal(0, 1, 300_000)
    outcome = judged(NAME, pa.table({"x": first}), ROLES, reference=pa.table({"x": second}))
    expected = stats.kstwo.sf(measured(outcome, "kolmogorov_smirnov", "x").value, 150_000)
    assert measured(outcome, "p_value", "x").value == pytest.approx(expected, rel=1e-9)


@settings(max_examples=40)
@given(
    first=st.lists(st.floats(-50, 50), min_size=2, max_size=60),
    second=st.lists(st.floats(-50, 50), min_size=2, max_size=60),
)
def test_few_thresholds_keep_the_distance_and_the_deciles(first: list[float], second: list[float]) -> None:
    outcome = judged(NAME, of(*first), ROLES, reference=of(*second), min_rows=1)
    assert measured(outcome, "kolmogorov_smirnov", "x").value == pytest.approx(
        stats.ks_2samp(first, second, method="asymp").statistic, abs=1e-12
    )
    stored = AlignedValues.from_document(outcome.statistics["reference"]["AlignedValues"]).by_name["x"].beside
    deciles = np.unique(np.quantile(second, np.arange(1, 10) / 10))
    assert stored is not None
    assert len(stored.edges) == len(deciles)
