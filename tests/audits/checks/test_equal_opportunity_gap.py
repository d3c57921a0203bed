"""fairness.equal_opportunity_gap against hand-made tables and fairlearn."""

import pytest
from fairlearn.metrics import equal_opportunity_difference

from tests.audits.checks.tables import FOREST, confusion, forest, judged, keys, measured

NAME = "fairness.equal_opportunity_gap"


def test_a_table_without_a_gap_passes() -> None:
    outcome = judged(NAME, confusion(Female=(30, 5, 10, 20), Male=(60, 50, 20, 10)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "equal_opportunity_gap", "sex").value == 0.0


def test_a_gap_above_the_limit_is_found_with_both_rates_named() -> None:
    outcome = judged(NAME, confusion(Female=(20, 0, 20, 10), Male=(30, 0, 10, 10)))
    assert outcome.verdict == "failed"
    assert keys(outcome) == ["fairness.equal_opportunity_gap/sex"]
    assert "0.75 for Male and 0.5 for Female: a difference of 0.25" in outcome.sentence
    assert measured(outcome, "true_positive_rate", "sex/Female").value == 0.5


def test_a_ratio_below_its_limit_is_found_and_one_on_it_is_not() -> None:
    table = confusion(Female=(20, 0, 20, 10), Male=(25, 0, 15, 10))
    outcome = judged(NAME, table, max_gap=1.0, min_ratio=0.8)
    assert outcome.verdict == "passed"
    assert measured(outcome, "equal_opportunity_ratio", "sex").value == pytest.approx(0.8, abs=1e-15)
    found = judged(NAME, table, max_gap=1.0, min_ratio=0.81)
    assert keys(found) == ["fairness.equal_opportunity_gap/sex/ratio"]


@pytest.mark.parametrize("found", [28, 16])
def test_a_gap_exactly_on_the_limit_passes(found: int) -> None:
    # 28/40 - 24/40 and 16/40 - 12/40 are one tenth each; as doubles the one is below 0.1, the other above.
    outcome = judged(NAME, confusion(Female=(found, 0, 40 - found, 1), Male=(found - 4, 0, 44 - found, 1)))
    assert outcome.verdict == "passed"
    assert judged(NAME, confusion(a=(17, 0, 23, 1), b=(12, 0, 28, 1))).verdict == "failed"


def test_one_group_cannot_be_compared() -> None:
    outcome = judged(NAME, confusion(Female=(40, 1, 1, 40)))
    assert outcome.verdict == "inconclusive"
    assert "fewer than two groups" in outcome.sentence
    assert measured(outcome, "true_positive_rate", "sex/Female").value == 40 / 41


def test_a_group_without_positives_is_undefined_and_never_zero() -> None:
    outcome = judged(NAME, confusion(Female=(0, 0, 0, 3), Male=(40, 0, 0, 40)), min_positives=1)
    assert outcome.verdict == "inconclusive"
    assert "Female (0)" in outcome.sentence
    assert measured(outcome, "true_positive_rate", "sex/Female").value is None


def test_a_group_with_exactly_the_fewest_positives_is_enough() -> None:
    table = confusion(Female=(20, 0, 10, 10), Male=(20, 0, 10, 10))
    assert judged(NAME, table, min_positives=30).verdict == "passed"
    assert judged(NAME, table, min_positives=31).verdict == "inconclusive"


def test_labels_that_are_all_true_are_enough() -> None:
    outcome = judged(NAME, confusion(Female=(36, 0, 4, 0), Male=(38, 0, 2, 0)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "equal_opportunity_gap", "sex").value == pytest.approx(0.05, abs=1e-15)


def test_a_small_group_keeps_a_table_from_passing_but_hides_no_finding() -> None:
    small = {"Other": (5, 0, 5, 5)}
    level = confusion(Female=(30, 0, 10, 9), Male=(30, 0, 10, 9), **small)
    assert judged(NAME, level).verdict == "inconclusive"
    assert judged(NAME, level, leave_out=["Other"]).verdict == "passed"
    steep = confusion(Female=(10, 0, 30, 9), Male=(30, 0, 10, 9), **small)
    outcome = judged(NAME, steep)
    assert outcome.verdict == "failed"
    assert any("Other (10)" in note for note in outcome.report.notes)


def test_the_upper_end_is_stricter_and_the_lower_end_is_laxer() -> None:
    table = confusion(Female=(32, 0, 8, 9), Male=(35, 0, 5, 9))
    verdicts = [judged(NAME, table, decide_on=end).verdict for end in ("lower", "estimate", "upper")]
    assert verdicts == ["passed", "passed", "failed"]


def test_the_figure_is_fairlearns() -> None:
    table = forest()
    outcome = judged(NAME, table, FOREST, min_positives=1)
    columns = table.to_pandas()
    for attribute in ("sex", "race"):
        expected = equal_opportunity_difference(
            columns["y_true"], columns["y_pred"], sensitive_features=columns[attribute]
        )
        found = measured(outcome, "equal_opportunity_gap", attribute)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.low < found.value < found.high
