"""explainability.dominant_feature against hand-made attributions."""

import numpy as np
import pyarrow as pa

from audits.checks import Attributions, Outcome
from tests.audits.checks.tables import judged, keys, measured

NAME = "explainability.dominant_feature"


def judge(*weights: float) -> Outcome:
    names = tuple("abc"[: len(weights)])
    given = Attributions(names, np.array(weights), np.zeros(len(weights)), 500)
    return judged(NAME, pa.table({}), statistics={Attributions: given})


def test_features_of_equal_weight_pass() -> None:
    outcome = judge(1.0, 1.0, 1.0)
    assert outcome.verdict == "passed"
    assert measured(outcome, "attribution_share", "a").value == 1 / 3


def test_one_feature_above_the_limit_is_found_by_name() -> None:
    outcome = judge(1.0, 6.0, 1.0)
    assert keys(outcome) == [f"{NAME}/b"]
    assert 'Feature "b" alone carries 0.75' in outcome.sentence


def test_exactly_on_the_limit_passes() -> None:
    assert judge(2.0, 1.0, 1.0).verdict == "passed"


def test_the_heaviest_feature_stands_first() -> None:
    assert [m.group for m in judge(1.0, 2.0, 1.5).report.measurements] == ["b", "c", "a"]


def test_one_feature_no_feature_and_no_weight_are_inconclusive() -> None:
    assert judge(1.0).verdict == "inconclusive"
    assert judge().verdict == "inconclusive"
    assert judge(0.0, 0.0).verdict == "inconclusive"
