"""performance.accuracy against hand-made tables, scikit-learn and scipy."""

import pytest
from scipy import stats
from sklearn.metrics import accuracy_score

from tests.audits.checks.tables import FOREST, confusion, forest, judged, keys, measured

NAME = "performance.accuracy"


def test_a_table_of_right_decisions_passes() -> None:
    outcome = judged(NAME, confusion(a=(20, 0, 0, 20)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "accuracy").value == 1.0
    assert measured(outcome, "majority_share").value == 0.5


def test_too_many_wrong_decisions_are_found() -> None:
    outcome = judged(NAME, confusion(a=(10, 10, 10, 10)))
    assert keys(outcome) == [NAME]
    assert "Of 40 decisions 0.5 agree" in outcome.sentence


def test_exactly_on_the_limit_passes() -> None:
    assert judged(NAME, confusion(a=(14, 6, 6, 14))).verdict == "passed"
    assert judged(NAME, confusion(a=(13, 6, 7, 14))).verdict == "failed"


def test_too_few_labelled_rows_are_inconclusive() -> None:
    assert judged(NAME, confusion(a=(10, 0, 0, 10))).verdict == "inconclusive"
    assert judged(NAME, confusion()).verdict == "inconclusive"


def test_labels_that_are_all_true_show_as_the_majority() -> None:
    outcome = judged(NAME, confusion(a=(38, 0, 2, 0)))
    assert measured(outcome, "accuracy").value == 0.95
    assert measured(outcome, "majority_share").value == 1.0


def test_the_lower_end_is_the_stricter_one() -> None:
    table = confusion(a=(16, 4, 4, 16))
    verdicts = [judged(NAME, table, decide_on=end).verdict for end in ("lower", "estimate", "upper")]
    assert verdicts == ["failed", "passed", "passed"]


def test_figure_and_interval_are_scikit_learns_and_scipys() -> None:
    columns = forest().to_pandas()
    found = measured(judged(NAME, forest(), FOREST), "accuracy")
    assert found.value == pytest.approx(accuracy_score(columns["y_true"], columns["y_pred"]), abs=1e-12)
    right = int((columns["y_true"] == columns["y_pred"]).sum())
    wilson = stats.binomtest(right, len(columns)).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx(tuple(wilson), abs=1e-12)
