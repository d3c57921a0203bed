"""drift.population_stability against hand-made tables and the formula in numpy."""

import math

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles
from tests.audits.checks.tables import adult, bike, judged, keys, measured

NAME = "drift.population_stability"
FIGURE = "population_stability_index"
ROLES = Roles(task="regression", features=("x",))


def of(*values: object) -> pa.Table:
    return pa.table({"x": pa.array(values)})


def words(a: int, b: int) -> pa.Table:
    return of(*["a"] * a, *["b"] * b)


def by_formula(current: np.ndarray, reference: np.ndarray) -> float:
    edges = np.unique(np.quantile(reference, np.arange(1, 10) / 10))
    shares = []
    for values in (current, reference):
        counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        share = counts / len(values)
        shares.append(np.where(share == 0, 0.0001, share))
    return float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))


def test_the_same_table_twice_has_the_index_zero() -> None:
    outcome = judged(NAME, words(50, 50), ROLES, reference=words(50, 50))
    assert outcome.verdict == "passed"
    assert measured(outcome, FIGURE, "x").value == 0.0


def test_a_known_shift_of_two_words_is_found() -> None:
    outcome = judged(NAME, words(90, 10), ROLES, reference=words(50, 50))
    expected = 0.4 * math.log(0.9 / 0.5) - 0.4 * math.log(0.1 / 0.5)
    assert measured(outcome, FIGURE, "x").value == pytest.approx(expected, abs=1e-15)
    assert keys(outcome) == [f"{NAME}/x"]


def test_exactly_on_the_limit_passes() -> None:
    value = measured(judged(NAME, words(90, 10), ROLES, reference=words(50, 50)), FIGURE, "x").value
    assert judged(NAME, words(90, 10), ROLES, reference=words(50, 50), max_index=value).verdict == "passed"


def test_a_word_that_the_reference_never_held_is_a_bin_of_its_own() -> None:
    outcome = judged(NAME, of(*["a"] * 50, *["c"] * 50), ROLES, reference=words(100, 0))
    expected = -0.5 * math.log(0.5) + (0.5 - 0.0001) * math.log(0.5 / 0.0001)
    assert measured(outcome, FIGURE, "x").value == pytest.approx(expected, abs=1e-12)


def test_a_column_of_one_value_has_one_bin_and_the_index_zero() -> None:
    outcome = judged(NAME, of(*[1.0] * 100), ROLES, reference=of(*[1.0] * 100))
    assert measured(outcome, FIGURE, "x").value == 0.0


def test_too_few_rows_or_none_are_inconclusive() -> None:
    assert judged(NAME, words(50, 49), ROLES, reference=words(50, 50)).verdict == "inconclusive"
    empty = pa.table({"x": pa.array([], pa.string())})
    outcome = judged(NAME, words(50, 50), ROLES, reference=empty)
    assert outcome.sentence == "The reference table has no rows."


def test_numbers_against_words_are_inconclusive() -> None:
    outcome = judged(NAME, words(50, 50), ROLES, reference=of(*range(100)))
    assert 'Column "x" holds numbers in one table and texts in the other' in outcome.sentence


def test_more_than_a_thousand_words_are_not_compared() -> None:
    many = of(*[str(number) for number in range(1_001)])
    assert "more than 1,000 different texts" in judged(NAME, many, ROLES, reference=many).sentence


def test_without_a_reference_nothing_passes() -> None:
    outcome = judged(NAME, words(50, 50), ROLES)
    assert outcome.verdict == "inconclusive"
    assert "needs the reference table" in outcome.sentence


@pytest.mark.parametrize("column", ["temp", "hum", "windspeed", "casual", "registered", "cnt"])
def test_the_index_of_bike_sharing_is_the_formulas(column: str) -> None:
    roles = Roles(task="regression", features=(column,))
    found = measured(judged(NAME, bike(2012), roles, reference=bike(2011)), FIGURE, column)
    expected = by_formula(bike(2012)[column].to_numpy(), bike(2011)[column].to_numpy())
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low <= found.value < found.high


def test_the_index_of_adult_is_the_formulas() -> None:
    names = ("age", "education_years", "hours_per_week", "capital_gain")
    roles = Roles(task="regression", features=names)
    outcome = judged(NAME, adult("test"), roles, reference=adult("train"))
    for name in names:
        expected = by_formula(adult("test")[name].to_numpy(), adult("train")[name].to_numpy())
        assert measured(outcome, FIGURE, name).value == pytest.approx(expected, abs=1e-12)
