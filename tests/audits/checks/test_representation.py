"""fairness.representation against hand-made tables and scipy's chi-square test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from audits.checks import MISSING, Roles
from tests.audits.checks.tables import DECISIONS, FOREST, forest, judged, keys, measured, selected

NAME = "fairness.representation"
HALVES = ["Female=0.5", "Male=0.5"]


def test_a_table_like_its_population_passes() -> None:
    outcome = judged(NAME, selected(Female=(5, 50), Male=(5, 50)), population=HALVES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "representation_ratio", "sex/Female").value == 1.0
    assert measured(outcome, "p_value", "sex").value == 1.0


def test_a_table_of_training_rows_without_predictions_has_groups_all_the_same() -> None:
    bare = replace(DECISIONS, label=None, prediction=None)
    outcome = judged(NAME, selected(Female=(5, 39), Male=(5, 61)).select(["sex"]), bare, population=HALVES)
    assert keys(outcome) == [f"{NAME}/sex/Female"]


def test_exactly_on_the_limit_passes_and_below_it_is_found() -> None:
    assert judged(NAME, selected(Female=(5, 40), Male=(5, 60)), population=HALVES).verdict == "passed"
    outcome = judged(NAME, selected(Female=(5, 39), Male=(5, 61)), population=HALVES)
    assert keys(outcome) == [f"{NAME}/sex/Female"]
    expected = stats.chisquare([39, 61], [50, 50]).pvalue
    assert measured(outcome, "p_value", "sex").value == pytest.approx(expected, abs=1e-12)


def test_a_group_of_the_population_without_a_row_is_found() -> None:
    outcome = judged(NAME, selected(Female=(5, 50), Male=(5, 50)), population=["Female=0.45", "Male=0.45", "X=0.1"])
    assert keys(outcome) == [f"{NAME}/sex/X"]


def test_few_rows_are_not_enough_evidence() -> None:
    outcome = judged(NAME, selected(Female=(5, 9), Male=(5, 11)), population=HALVES, decide_on="interval")
    assert outcome.verdict == "inconclusive"
    assert "would settle it" in outcome.sentence


def test_rows_that_the_population_does_not_name_keep_a_table_from_passing() -> None:
    table = selected(**{"Female": (5, 50), "Male": (5, 50), MISSING: (1, 3)})
    outcome = judged(NAME, table, population=HALVES)
    assert outcome.verdict == "inconclusive"
    assert "does not name (missing) (3)" in outcome.sentence


@pytest.mark.parametrize(
    ("population", "reason"),
    [
        ([], "Declare the share"),
        (["Female"], '"Female" is no share'),
        (["Female=half", "Male=0.5"], '"Female=half" is no share'),
        (["Female=-0.5", "Male=1.5"], "is no share"),
        (["Female=0.5", "Female=0.5"], "each group once"),
        (["Female=0.5", "Male=0.4"], "add up to 0.9, not to 1"),
        (["Nobody=1"], "no row belongs"),
    ],
)
def test_a_population_that_is_none_says_why(population: list[str], reason: str) -> None:
    outcome = judged(NAME, selected(Female=(5, 50), Male=(5, 50)), population=population)
    assert outcome.verdict == "inconclusive"
    assert reason in outcome.sentence


def test_several_columns_need_the_name_of_one() -> None:
    assert "Name the column" in judged(NAME, forest(), FOREST, population=HALVES).sentence
    named = judged(NAME, forest(), FOREST, population=HALVES, attribute="sex")
    assert keys(named) == [f"{NAME}/sex/Female"]


def weighed(**groups: tuple[int, float]) -> pa.Table:
    """People by group: how many, and what each weighs."""
    return pa.table(
        {
            "sex": [group for group, (n, _) in groups.items() for _ in range(n)],
            "w": pa.array([weight for n, weight in groups.values() for _ in range(n)], pa.float64()),
        }
    )


WEIGHED = Roles("binary", 1, weight="w", sensitive=DECISIONS.sensitive)


def test_a_sample_is_held_against_its_population_by_weight() -> None:
    table = weighed(Female=(30, 2.0), Male=(60, 1.0))
    outcome = judged(NAME, table, WEIGHED, population=HALVES)
    assert (outcome.verdict, measured(outcome, "representation_ratio", "sex/Female").value) == ("passed", 1.0)
    unweighed = judged(NAME, table, replace(WEIGHED, weight=None), population=HALVES)
    assert keys(unweighed) == [f"{NAME}/sex/Female"]


def test_intervals_and_test_rest_on_kishs_effective_rows() -> None:
    outcome = judged(NAME, weighed(Female=(30, 1.0), Male=(30, 3.0)), WEIGHED, population=HALVES)
    effective = (30 + 90) ** 2 / (30 + 270)
    found = measured(outcome, "share_of_rows", "sex/Female")
    low, high = proportion_confint(0.25 * effective, effective, method="wilson")
    assert (found.value, found.n) == (0.25, 60)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    expected = stats.chisquare([0.25 * effective, 0.75 * effective], [effective / 2] * 2).pvalue
    assert measured(outcome, "p_value", "sex").value == pytest.approx(expected, abs=1e-12)
    assert "Female is 0.25 of the weight of all rows and 0.5 of the population" in outcome.sentence


@given(rows=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([0.0, 1e-9, 0.1, 1.0, 1e9])), min_size=1))
def test_shares_are_those_of_numpys_weighted_average(rows: list[tuple[str, float]]) -> None:
    table = pa.table({"sex": [sex for sex, _ in rows], "w": [weight for _, weight in rows]})
    outcome = judged(NAME, table, WEIGHED, population=["a=0.5", "b=0.5"])
    weights = np.array([weight for _, weight in rows])
    if not weights.sum():
        assert (outcome.verdict, "weight above zero" in outcome.sentence) == ("inconclusive", True)
        return
    expected = np.average([sex == "a" for sex, _ in rows], weights=weights)
    assert measured(outcome, "share_of_rows", "sex/a").value == pytest.approx(expected, abs=1e-9)


def test_rows_of_one_weight_are_rows_without() -> None:
    table = weighed(Female=(30, 0.1), Male=(65, 0.1))
    plain = judged(NAME, table, replace(WEIGHED, weight=None), population=HALVES).report.measurements
    for mine, other in zip(judged(NAME, table, WEIGHED, population=HALVES).report.measurements, plain, strict=True):
        assert mine.value == pytest.approx(other.value, rel=1e-12)
        assert mine.low == (None if other.low is None else pytest.approx(other.low, rel=1e-12))
