"""fairness.demographic_parity_difference against hand-made tables and fairlearn."""

import pyarrow as pa
import pytest
from fairlearn.metrics import demographic_parity_difference

from audits.checks import Roles
from tests.audits.checks.tables import DECISIONS, FOREST, forest, judged, keys, measured, selected

NAME = "fairness.demographic_parity_difference"
FIGURE = "demographic_parity_difference"


def test_groups_selected_alike_pass() -> None:
    outcome = judged(NAME, selected(Female=(20, 40), Male=(40, 80)))
    assert outcome.verdict == "passed"
    assert measured(outcome, FIGURE, "sex").value == 0.0


def test_a_known_difference_is_found() -> None:
    outcome = judged(NAME, selected(Female=(10, 40), Male=(20, 40)))
    assert keys(outcome) == [f"{NAME}/sex"]
    assert measured(outcome, FIGURE, "sex").value == 0.25


def test_a_difference_exactly_on_the_limit_passes() -> None:
    # 16/40 - 12/40 is one tenth; 0.4 - 0.3 as doubles is more.
    assert 16 / 40 - 12 / 40 > 0.1
    assert judged(NAME, selected(Female=(12, 40), Male=(16, 40))).verdict == "passed"


def test_one_group_cannot_be_compared() -> None:
    assert judged(NAME, selected(Male=(16, 40))).verdict == "inconclusive"


def test_an_empty_table_is_inconclusive() -> None:
    outcome = judged(NAME, selected())
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == "The evaluation table has no rows."


def test_labels_play_no_part() -> None:
    without = Roles(**{**vars(DECISIONS), "label": None})
    table = selected(Female=(10, 40), Male=(20, 40))
    assert measured(judged(NAME, table, without), FIGURE, "sex").value == 0.25


def test_the_favourable_outcome_may_be_the_class_zero() -> None:
    refused = Roles(**{**vars(DECISIONS), "favourable": 0})
    outcome = judged(NAME, selected(Female=(10, 40), Male=(20, 40)), refused)
    assert measured(outcome, "selection_rate", "sex/Female").value == 0.75


def test_a_missing_attribute_is_a_group_of_its_own() -> None:
    table = pa.concat_tables([selected(Female=(20, 40), Male=(20, 40)), selected(**{"": (0, 40)})])
    outcome = judged(NAME, table)
    assert outcome.verdict == "failed"
    assert measured(outcome, "selection_rate", "sex/(missing)").n == 40
    assert judged(NAME, table, leave_out=["(missing)"]).verdict == "passed"


def test_a_row_without_a_decision_makes_the_table_inconclusive() -> None:
    table = pa.concat_tables([selected(Female=(20, 40), Male=(20, 40)), selected(Male=(1, 1))])
    column = pa.array([*table["decision"].to_pylist()[:-1], None], pa.int64())
    outcome = judged(NAME, table.set_column(2, "decision", column))
    assert outcome.verdict == "inconclusive"
    assert '1 of 81 rows have no value in column "decision"' in outcome.sentence


@pytest.mark.parametrize("attribute", ["sex", "race"])
def test_the_figure_is_fairlearns(attribute: str) -> None:
    columns = forest().to_pandas()
    expected = demographic_parity_difference(
        columns["y_true"], columns["y_pred"], sensitive_features=columns[attribute]
    )
    outcome = judged(NAME, forest(), FOREST, attribute=attribute)
    assert measured(outcome, FIGURE, attribute).value == pytest.approx(expected, abs=1e-12)


def test_a_crossing_is_fairlearns_too() -> None:
    columns = forest().to_pandas()
    expected = demographic_parity_difference(
        columns["y_true"], columns["y_pred"], sensitive_features=columns[["sex", "race"]]
    )
    outcome = judged(NAME, forest(), FOREST, attribute="sex x race", min_group_size=1)
    assert measured(outcome, FIGURE, "sex x race").value == pytest.approx(expected, abs=1e-12)
