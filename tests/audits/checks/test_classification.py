"""performance.classification against hand-made tables and scikit-learn."""

import pytest
from sklearn import metrics

from tests.audits.checks.tables import FOREST, confusion, forest, judged, keys, measured

NAME = "performance.classification"


def test_the_five_figures_of_a_known_table() -> None:
    outcome = judged(NAME, confusion(a=(30, 10, 20, 40)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "precision").value == 0.75
    assert measured(outcome, "recall").value == 0.6
    assert measured(outcome, "f1").value == pytest.approx(60 / 90, abs=1e-15)
    assert measured(outcome, "balanced_accuracy").value == 0.7
    expected = (30 * 40 - 10 * 20) / (40 * 50 * 50 * 60) ** 0.5
    assert measured(outcome, "matthews_correlation").value == pytest.approx(expected, abs=1e-15)


def test_each_limit_has_its_own_finding() -> None:
    outcome = judged(NAME, confusion(a=(30, 10, 20, 40)), min_precision=0.8, min_recall=0.7, min_mcc=0.5)
    assert keys(outcome) == [f"{NAME}/precision", f"{NAME}/recall", f"{NAME}/matthews_correlation"]


def test_exactly_on_the_limit_passes() -> None:
    table = confusion(a=(30, 10, 20, 40))
    assert judged(NAME, table, min_precision=0.75, min_recall=0.6, min_balanced_accuracy=0.7).verdict == "passed"


def test_a_model_that_never_says_yes_has_no_precision() -> None:
    outcome = judged(NAME, confusion(a=(0, 0, 0, 40)))
    assert outcome.verdict == "inconclusive"
    assert "precision and recall of class 1" in outcome.sentence
    assert measured(outcome, "precision").value is None


def test_a_missed_class_is_found_although_its_precision_is_undefined() -> None:
    outcome = judged(NAME, confusion(a=(0, 0, 20, 20)))
    assert keys(outcome) == [f"{NAME}/recall"]


def test_labels_that_are_all_true_leave_the_correlation_undefined() -> None:
    outcome = judged(NAME, confusion(a=(30, 0, 10, 0)))
    assert outcome.verdict == "passed"
    assert measured(outcome, "matthews_correlation").value is None
    assert judged(NAME, confusion(a=(30, 0, 10, 0)), min_mcc=-1).verdict == "inconclusive"


def test_too_few_rows_are_inconclusive() -> None:
    assert judged(NAME, confusion(a=(5, 5, 5, 5))).verdict == "inconclusive"


@pytest.mark.parametrize("positive", [0, 1])
def test_the_figures_are_scikit_learns(positive: int) -> None:
    columns = forest().to_pandas()
    truth, decision = columns["y_true"], columns["y_pred"]
    outcome = judged(NAME, forest(), FOREST, positive_class=positive)
    expected = {
        "precision": metrics.precision_score(truth, decision, pos_label=positive),
        "recall": metrics.recall_score(truth, decision, pos_label=positive),
        "f1": metrics.f1_score(truth, decision, pos_label=positive),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, decision),
        "matthews_correlation": metrics.matthews_corrcoef(truth, decision),
    }
    for name, value in expected.items():
        assert measured(outcome, name).value == pytest.approx(value, abs=1e-12)


def test_every_figure_has_an_interval_that_may_decide() -> None:
    table = confusion(a=(30, 10, 10, 50))
    outcome = judged(NAME, table, min_f1=0.5, min_mcc=0.1, min_balanced_accuracy=0.5)
    for one in outcome.report.measurements:
        assert one.low < one.value < one.high
    # 30 of 40 are found: Wilson's interval of it begins at 0.598.
    assert judged(NAME, table, min_recall=0.6, min_precision=None).verdict == "passed"
    assert judged(NAME, table, min_recall=0.6, min_precision=None, decide_on="lower").verdict == "failed"
    unsure = judged(NAME, table, min_recall=0.6, min_precision=None, decide_on="interval")
    assert (unsure.verdict, "would settle it" in unsure.sentence) == ("inconclusive", True)
