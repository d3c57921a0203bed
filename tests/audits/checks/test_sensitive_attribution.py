"""explainability.sensitive_attribution against hand-made attributions."""

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Attributions, Outcome
from tests.audits.checks.tables import judged, keys, measured

NAME = "explainability.sensitive_attribution"


def judge(weights: list[float], sensitive: tuple[str, ...] = ("sex",), n_rows: int = 500, **rest: float) -> Outcome:
    names = ("age", "sex", "income")[: len(weights)]
    given = Attributions(names, np.array(weights), np.zeros(len(weights)), n_rows, sensitive)
    return judged(NAME, pa.table({}), statistics={Attributions: given}, **rest)


def test_a_small_share_passes() -> None:
    outcome = judge([6.0, 1.0, 3.0])
    assert outcome.verdict == "passed"
    assert measured(outcome, "sensitive_attribution_share").value == 0.1


def test_a_large_share_is_found_with_its_features() -> None:
    outcome = judge([3.0, 3.0, 4.0], ("sex", "age"))
    assert keys(outcome) == [NAME]
    assert "(age and sex) carry 0.6" in outcome.sentence


def test_exactly_on_the_limit_passes() -> None:
    assert judge([6.0, 2.0, 2.0]).verdict == "passed"


def test_without_a_sensitive_feature_the_report_says_so() -> None:
    outcome = judge([1.0, 1.0, 1.0], ())
    assert outcome.verdict == "passed"
    assert outcome.report.notes == ("No feature of the model is declared sensitive.",)


@pytest.mark.parametrize(
    ("weights", "sensitive", "n_rows", "reason"),
    [
        ([0.0, 0.0, 0.0], ("sex",), 500, "No feature moves"),
        ([1.0, -1.0, 1.0], ("sex",), 500, "negative"),
        ([1.0, float("nan"), 1.0], ("sex",), 500, "not a number"),
        ([1.0, 1.0, 1.0], ("race",), 500, "sensitive features race"),
        ([1.0, 1.0, 1.0], ("sex",), 99, "99 rows, 100 are needed"),
        ([1.0, 1.0, 1.0], ("sex",), 0, "nothing for explainability.sensitive_attribution to read"),
    ],
)
def test_attributions_that_say_nothing_are_inconclusive(
    weights: list[float], sensitive: tuple[str, ...], n_rows: int, reason: str
) -> None:
    outcome = judge(weights, sensitive, n_rows)
    assert outcome.verdict == "inconclusive"
    assert reason in outcome.sentence


def test_without_attributions_nothing_passes() -> None:
    outcome = judged(NAME, pa.table({}))
    assert outcome.verdict == "inconclusive"
    assert "needs attributions, and none were computed" in outcome.sentence
