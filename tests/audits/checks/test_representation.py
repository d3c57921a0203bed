"""fairness.representation against hand-made tables and scipy's chi-square test."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from audits.checks import MISSING
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
