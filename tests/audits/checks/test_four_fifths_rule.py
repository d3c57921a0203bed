"""fairness.four_fifths_rule against the questions and answers of the guidelines and scipy."""

from __future__ import annotations

import pytest
from scipy import stats

from tests.audits.checks.tables import judged, keys, measured, selected

NAME = "fairness.four_fifths_rule"


def test_groups_selected_alike_pass() -> None:
    assert judged(NAME, selected(Female=(20, 40), Male=(40, 80))).verdict == "passed"


def test_below_four_fifths_and_significant_is_found() -> None:
    outcome = judged(NAME, selected(Female=(30, 100), Male=(60, 100)))
    assert keys(outcome) == [f"{NAME}/sex/Female"]
    expected = stats.chi2_contingency([[30, 70], [60, 40]], correction=False).pvalue
    assert measured(outcome, "p_value", "sex/Female").value == pytest.approx(expected, abs=1e-12)
    assert "chi-square test" in outcome.sentence


def test_below_four_fifths_by_chance_passes_with_the_number_of_selections_that_would_lift_it() -> None:
    # Question 21 of the guidelines: of 20 one woman more, and the ratio is no longer below four fifths.
    outcome = judged(NAME, selected(Female=(7, 20), Male=(40, 80)))
    assert outcome.verdict == "passed"
    (note,) = outcome.report.notes
    assert "one more selection of 20 would lift it" in note
    assert measured(outcome, "impact_ratio", "sex/Female").value == 0.7
    assert judged(NAME, selected(Female=(7, 20), Male=(40, 80)), max_p_value=1.0).verdict == "failed"


def test_small_expected_counts_are_fishers() -> None:
    outcome = judged(NAME, selected(Female=(0, 8), Male=(9, 12)))
    found = measured(outcome, "p_value", "sex/Female")
    assert found.value == pytest.approx(stats.fisher_exact([[0, 8], [9, 3]]).pvalue, abs=1e-12)
    assert found.note == "Fisher's exact test"
    assert outcome.verdict == "failed"


def test_significant_and_small_in_practice_is_a_note() -> None:
    outcome = judged(NAME, selected(Female=(4_600, 10_000), Male=(5_000, 10_000)))
    assert outcome.verdict == "passed"
    assert "significant" in outcome.report.notes[0]
    assert "small in practice" in outcome.report.notes[0]


def test_exactly_four_fifths_passes_however_significant() -> None:
    assert judged(NAME, selected(Female=(2_800, 5_000), Male=(3_500, 5_000))).verdict == "passed"
    assert judged(NAME, selected(Female=(2_799, 5_000), Male=(3_500, 5_000))).verdict == "failed"


def test_one_group_nobody_selected_and_everybody_selected() -> None:
    assert judged(NAME, selected(Female=(20, 40))).verdict == "inconclusive"
    assert "nobody was selected" in judged(NAME, selected(Female=(0, 40), Male=(0, 40))).sentence
    everybody = judged(NAME, selected(Female=(40, 40), Male=(50, 50)))
    assert everybody.verdict == "passed"
    assert measured(everybody, "p_value", "sex/Female").value is None
