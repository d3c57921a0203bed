"""fairness.selection_rate against hand-made tables, fairlearn and scipy's Wilson interval."""

import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, selection_rate
from scipy import stats

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import DECISIONS, FOREST, forest, judged, keys, measured, selected

NAME = "fairness.selection_rate"


def test_without_a_limit_it_measures_and_passes() -> None:
    outcome = judged(NAME, selected(Female=(4, 40), Male=(40, 40)))
    assert outcome.verdict == "passed"
    assert outcome.sentence == "Measured; no limit is set."
    assert measured(outcome, "selection_rate_difference", "sex").value == 0.9


def test_a_difference_above_the_limit_is_found() -> None:
    table = selected(Female=(4, 40), Male=(40, 40))
    assert keys(judged(NAME, table, max_difference=0.5)) == [f"{NAME}/sex"]
    assert judged(NAME, table, max_difference=0.9).verdict == "passed"


def test_one_group_and_an_empty_group_are_inconclusive() -> None:
    assert judged(NAME, selected(Female=(4, 40))).verdict == "inconclusive"
    ages = SensitiveColumn("truth", bands=(0.5, 2.0))
    roles = Roles(**{**vars(DECISIONS), "sensitive": (ages,)})
    outcome = judged(NAME, selected(Female=(40, 80)), roles)
    assert outcome.verdict == "inconclusive"
    assert "2 and over (0)" in outcome.sentence


def test_labels_that_are_all_true_change_nothing() -> None:
    table = selected(Female=(40, 40), Male=(40, 40))
    assert measured(judged(NAME, table), "selection_rate", "sex/Male").value == 1.0


def test_rates_are_fairlearns_and_intervals_are_scipys() -> None:
    columns = forest().to_pandas()
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=columns["y_true"],
        y_pred=columns["y_pred"],
        sensitive_features=columns["race"],
    )
    outcome = judged(NAME, forest(), FOREST)
    for group, rate in frame.by_group.items():
        found = measured(outcome, "selection_rate", f"race/{group}")
        assert found.value == pytest.approx(rate, abs=1e-12)
        wilson = stats.binomtest(round(rate * found.n), found.n).proportion_ci(method="wilson")
        assert (found.low, found.high) == pytest.approx(tuple(wilson), abs=1e-12)


def test_weighted_rates_are_fairlearns() -> None:
    table = forest()
    weights = [1 + place % 7 / 10 for place in range(table.num_rows)]
    weighted = table.append_column("weight", pa.array(weights))
    roles = Roles(**{**vars(FOREST), "weight": "weight"})
    columns = table.to_pandas()
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=columns["y_true"],
        y_pred=columns["y_pred"],
        sensitive_features=columns["sex"],
        sample_params={"sample_weight": weights},
    )
    outcome = judged(NAME, weighted, roles)
    for group, rate in frame.by_group.items():
        found = measured(outcome, "selection_rate", f"sex/{group}")
        assert found.value == pytest.approx(rate, abs=1e-12)
        assert found.low < found.value < found.high
    difference = measured(outcome, "selection_rate_difference", "sex")
    assert difference.low < difference.value < difference.high
