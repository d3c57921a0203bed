"""fairness.equalized_odds_difference against hand-made tables and fairlearn."""

import pytest
from fairlearn.metrics import equalized_odds_difference

from audits.checks import Roles
from tests.audits.checks.tables import DECISIONS, FOREST, confusion, forest, judged, keys, measured

NAME = "fairness.equalized_odds_difference"
FIGURE = "equalized_odds_difference"


def test_equal_rates_pass() -> None:
    outcome = judged(NAME, confusion(Female=(30, 10, 10, 30), Male=(60, 20, 20, 60)))
    assert outcome.verdict == "passed"
    assert measured(outcome, FIGURE, "sex").value == 0.0


def test_the_larger_of_both_differences_counts() -> None:
    # true positive rates 30/40 and 28/40; false positive rates 10/40 and 20/40
    outcome = judged(NAME, confusion(Female=(30, 10, 10, 30), Male=(28, 20, 12, 20)))
    assert keys(outcome) == [f"{NAME}/sex"]
    assert measured(outcome, FIGURE, "sex").value == 0.25
    assert "false positive rate by sex is 0.5 for Male and 0.25 for Female" in outcome.sentence


def test_exactly_on_the_limit_passes() -> None:
    assert judged(NAME, confusion(Female=(30, 16, 10, 24), Male=(30, 12, 10, 28))).verdict == "passed"


def test_one_group_cannot_be_compared() -> None:
    assert judged(NAME, confusion(Female=(40, 40, 40, 40))).verdict == "inconclusive"


def test_a_perfect_model_does_not_fail_for_a_group_without_positives() -> None:
    # fairlearn gives this table an equalized odds difference of 1.
    outcome = judged(NAME, confusion(Female=(40, 0, 0, 40), Male=(40, 0, 0, 40), Other=(0, 0, 0, 3)))
    assert outcome.verdict == "inconclusive"
    assert measured(outcome, FIGURE, "sex").value == 0.0
    assert measured(outcome, "true_positive_rate", "sex/Other").value is None


def test_labels_that_are_all_true_have_no_false_positive_rate() -> None:
    outcome = judged(NAME, confusion(Female=(36, 0, 4, 0), Male=(36, 0, 4, 0)))
    assert outcome.verdict == "inconclusive"
    assert "false positive rate of Female (0) and Male (0)" in outcome.sentence


def test_without_a_label_column_the_sentence_says_so() -> None:
    outcome = judged(NAME, confusion(a=(1, 1, 1, 1)), Roles(**{**vars(DECISIONS), "label": None}))
    assert outcome.verdict == "inconclusive"
    assert "needs a column with the role label" in outcome.sentence


@pytest.mark.parametrize("attribute", ["sex", "race"])
def test_the_figure_is_fairlearns(attribute: str) -> None:
    columns = forest().to_pandas()
    expected = equalized_odds_difference(columns["y_true"], columns["y_pred"], sensitive_features=columns[attribute])
    outcome = judged(NAME, forest(), FOREST, attribute=attribute, min_positives=1)
    assert measured(outcome, FIGURE, attribute).value == pytest.approx(expected, abs=1e-12)
