"""drift.anderson_darling against SciPy, simulation and hand-made tables."""

from __future__ import annotations

import itertools
import json
import math
import warnings

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import stats

from audits.checks import Roles, RunSpec, measure, recompute
from audits.checks.statistics.rank_distances import anderson_darling, p_value_of
from audits.checks.statistics.value_table import ValueTable
from tests.audits.checks.tables import bike, given, judged, keys, measured

NAME = "drift.anderson_darling"
ROLES = Roles(task="regression", features=("x",))


def table_of(values: NDArray[np.float64]) -> ValueTable:
    table = ValueTable(2**20)
    table.add(np.asarray(values, float))
    return table


def standardised(statistic: float, n: int, m: int) -> float:
    """Equation 8 of Scholz and Stephens, in which SciPy prints the statistic."""
    total = n + m
    h = sum(1 / i for i in range(1, total))
    g = sum((1 / np.arange(total - 1, 1, -1)).cumsum() / np.arange(2, total))
    inverse = 1 / n + 1 / m
    a = (4 * g - 6) + (10 - 6 * g) * inverse
    b = (2 * g - 4) * 4 + 8 * h * 2 + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
    d = (2 * h + 6) * 4 - 8 * h
    variance = (a * total**3 + b * total**2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3))
    return float((statistic - 1) / math.sqrt(variance))


@pytest.mark.parametrize(("n", "m", "digits"), [(120, 200, 6), (50, 90, 0), (300, 300, 1)])
def test_the_statistic_is_scipy_s_also_with_ties(n: int, m: int, digits: int) -> None:
    random = np.random.default_rng(n)
    first, second = random.normal(0, 1, n).round(digits), random.normal(0.2, 1.1, m).round(digits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = stats.anderson_ksamp([first, second], variant="midrank").statistic
    found = anderson_darling(table_of(first), table_of(second))
    assert standardised(found, n, m) == pytest.approx(expected, rel=1e-9)


def test_p_values_are_those_of_the_limit_that_is_published() -> None:
    # Critical values of Anderson and Darling (1954) and of the sum of weighted chi-squares, drawn.
    for z, p in ((1.933, 0.10), (2.492, 0.05), (3.857, 0.01)):
        assert p_value_of(z) == pytest.approx(p, abs=3e-4)
    weights = 1 / (np.arange(1, 200) * np.arange(2, 201))
    drawn = (np.random.default_rng(0).chisquare(1, (20_000, 199)) * weights).sum(axis=1)
    for z in (0.3, 0.8, 1.5, 2.5, 4.0):
        assert p_value_of(z) == pytest.approx((drawn > z).mean(), abs=0.011)
    values = [p_value_of(z) for z in np.linspace(0.05, 60, 2_000)]
    # The two formulas meet within one part in fifty.
    assert all(later <= earlier * 1.02 for earlier, later in itertools.pairwise(values))
    assert p_value_of(0) == 1


def test_p_values_under_no_change_are_spread_evenly() -> None:
    random = np.random.default_rng(7)
    p_values = [
        p_value_of(anderson_darling(*(table_of(random.normal(size=150)) for _ in range(2)))) for _ in range(300)
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def of(values: object) -> pa.Table:
    return pa.table({"x": pa.array(values, from_pandas=True)})


def test_a_feature_moved_by_size_and_by_significance() -> None:
    random = np.random.default_rng(3)
    then = of(random.normal(0, 1, 20_000))
    for shift, verdict in ((0.0, "passed"), (0.1, "passed"), (0.5, "failed")):
        outcome = judged(NAME, of(random.normal(shift, 1, 20_000)), ROLES, reference=then)
        assert outcome.verdict == verdict
    assert keys(outcome) == [f"{NAME}/x"]
    small = judged(NAME, of(random.normal(0.1, 1, 20_000)), ROLES, reference=then)
    assert (measured(small, "adjusted_p_value", "x").value or 1) < 1e-6
    few = judged(NAME, of([0.0, 1.0, 2.0]), ROLES, reference=of([1.0, 2.0, 3.0]), min_rows=3)
    assert (few.verdict, (measured(few, "anderson_darling_distance", "x").value or 0) > 0.15) == ("passed", True)


def test_the_distance_has_the_sizes_that_the_page_names() -> None:
    at = stats.norm.ppf((np.arange(4_000) + 0.5) / 4_000)
    quarter = judged(NAME, of(at + 0.25), ROLES, reference=of(at))
    assert measured(quarter, "anderson_darling_distance", "x").value == pytest.approx(0.172, abs=0.002)
    apart = judged(NAME, of(at + 100), ROLES, reference=of(at))
    widest = math.sqrt(8 * (math.log(2) - 0.5))
    assert measured(apart, "anderson_darling_distance", "x").value == pytest.approx(widest, abs=1e-3)
    same = judged(NAME, of(at), ROLES, reference=of(at))
    assert measured(same, "anderson_darling_distance", "x").value == pytest.approx(0, abs=1e-6)


def test_features_without_numbers_are_inconclusive_unless_another_one_moved() -> None:
    outcome = judged(NAME, of([1.0] * 50), ROLES, reference=of([1.0] * 500))
    assert (outcome.verdict, "fewer than 100 numbers" in outcome.sentence) == ("inconclusive", True)
    assert judged(NAME, of(["a"] * 500), ROLES, reference=of(["a"] * 500)).verdict == "inconclusive"
    assert judged(NAME, of([1.0] * 500), ROLES, reference=of([1.0] * 500)).verdict == "passed"
    assert judged(NAME, of([1.0] * 500), ROLES, reference=of([1.0] * 500), columns=["z"]).verdict == "inconclusive"


def test_a_year_of_rentals_moved_in_any_batches_and_the_outcome_can_be_recomputed() -> None:
    roles = Roles(task="regression", features=("temp", "hum", "cnt", "registered"))
    documents = []
    for rows in (10, 1_000):
        tables = {"evaluation": given(bike(2012), roles, rows), "reference": given(bike(2011), roles, rows)}
        documents.append(measure([RunSpec(NAME, 1)], tables=tables)[0].to_document())
    assert documents[0] == documents[1]
    assert {finding["key"] for finding in documents[0]["findings"]} == {
        f"{NAME}/{name}" for name in ("cnt", "hum", "registered")
    }
    stored = json.loads(json.dumps(documents[0]))
    assert recompute(stored).to_document() == stored
    assert len(json.dumps(stored["statistics"])) < 2_000
