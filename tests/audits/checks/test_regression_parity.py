"""fairness.regression_parity against hand-made tables, scikit-learn, fairlearn and SciPy."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame
from scipy import stats
from sklearn import metrics

from audits.checks import ErrorsApart, GroupErrors, Roles, RunSpec, SensitiveColumn, measure
from audits.checks.engine import recompute
from tests.audits.checks.tables import SEX, given, judged, keys, measured

NAME = "fairness.regression_parity"
ROLES = Roles(task="regression", label="y", prediction="p", sensitive=SEX)


def rows(**groups: list[tuple[float, float, int]]) -> pa.Table:
    """People by group: label, prediction, how many."""
    spread = [(sex, y, p) for sex, cells in groups.items() for y, p, times in cells for _ in range(times)]
    return pa.table({"sex": [s for s, _, _ in spread], "y": [y for _, y, _ in spread], "p": [p for _, _, p in spread]})


# Labels 0 and 10 half and half: standard deviation 5. Women are off by 2 and 0, men by 1 and 1.
APART = rows(Female=[(0.0, 2.0, 40), (10.0, 10.0, 40)], Male=[(0.0, 1.0, 40), (10.0, 9.0, 40)])


def test_figures_come_out_by_hand() -> None:
    outcome = judged(NAME, APART, ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "mean_absolute_error", "sex/Female").value == 1.0
    assert measured(outcome, "mean_absolute_error", "sex/Male").value == 1.0
    assert measured(outcome, "root_mean_squared_error", "sex/Female").value == pytest.approx(2**0.5, abs=1e-15)
    assert measured(outcome, "bias", "sex/Female").value == 1.0
    assert measured(outcome, "bias", "sex/Male").value == 0.0
    assert measured(outcome, "bias_difference", "sex").value == 1.0
    assert measured(outcome, "r2", "sex/Female").value == pytest.approx(1 - 2 / 25, abs=1e-15)
    assert measured(outcome, "r2_difference", "sex").value == pytest.approx(1 / 25, abs=1e-15)
    # Half of the mass lies one apart at the bottom, half one apart at the top.
    assert measured(outcome, "prediction_distance", "sex").value == 1.0


def test_limits_count_in_standard_deviations_of_the_labels() -> None:
    assert judged(NAME, APART, ROLES, max_bias_difference=0.2).verdict == "passed"
    outcome = judged(NAME, APART, ROLES, max_bias_difference=0.19, max_prediction_distance=0.19)
    assert keys(outcome) == [f"{NAME}/bias/sex", f"{NAME}/prediction_distance/sex"]
    assert measured(outcome, "bias_difference", "sex").limit == pytest.approx(0.95)


def test_perfect_predictions_pass() -> None:
    table = rows(Female=[(0.0, 0.0, 40), (1.0, 1.0, 40)], Male=[(0.0, 0.0, 40), (1.0, 1.0, 40)])
    outcome = judged(NAME, table, ROLES, max_rmse_difference=0.0, max_bias_difference=0.0, max_r2_difference=0.0)
    assert outcome.verdict == "passed"
    assert measured(outcome, "mean_absolute_error_ratio", "sex").value is None


def test_one_group_small_groups_equal_labels_and_blanks() -> None:
    assert judged(NAME, rows(Female=[(0.0, 2.0, 40), (1.0, 1.0, 40)]), ROLES).verdict == "inconclusive"
    small = pa.concat_tables([APART, rows(Other=[(0.0, 5.0, 3)])])
    outcome = judged(NAME, small, ROLES)
    assert outcome.verdict == "inconclusive"
    assert "Other (3)" in outcome.sentence
    assert judged(NAME, small, ROLES, leave_out=["Other"]).verdict == "passed"
    assert judged(NAME, rows(Female=[(1.0, 2.0, 40)], Male=[(1.0, 1.0, 40)]), ROLES).verdict == "inconclusive"
    blank = APART.set_column(2, "p", pa.array([None, *APART["p"].to_pylist()[1:]]))
    assert judged(NAME, blank, ROLES).verdict == "inconclusive"


def test_a_group_that_is_served_worse_is_found_on_the_interval() -> None:
    random = np.random.default_rng(3)
    sex = np.repeat(["a", "b"], 400)
    y = random.normal(0, 1, 800)
    p = y + random.normal(0, np.where(sex == "b", 1.0, 0.3))
    table = pa.table({"sex": sex, "y": y, "p": p})
    assert judged(NAME, table, ROLES, decide_on="lower").verdict == "failed"
    unsure = judged(NAME, table.slice(370, 60), ROLES, max_mae_difference=0.5, decide_on="interval")
    assert unsure.verdict == "inconclusive"
    assert "would settle it" in unsure.sentence


def test_figures_are_those_of_scikit_learn_by_fairlearn_and_of_scipy() -> None:
    random = np.random.default_rng(6)
    n = 20_000
    sex, race = random.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]), random.choice(["x", "y"], n)
    y = random.gamma(2, 3, n)
    p = y + random.normal(0.3 * (sex == "b"), 1 + 0.2 * (race == "y"))
    roles = Roles(task="regression", label="y", prediction="p", sensitive=(*SEX, SensitiveColumn("race")))
    outcome = judged(NAME, pa.table({"sex": sex, "race": race, "y": y, "p": p}), roles)
    oracles = {
        "mean_absolute_error": metrics.mean_absolute_error,
        "root_mean_squared_error": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
        "bias": lambda true, given: float(np.mean(given - true)),
    }
    for attribute, column in (("sex", sex), ("race", race)):
        frame = MetricFrame(metrics=oracles, y_true=y, y_pred=p, sensitive_features=column)
        for name in oracles:
            for group, value in frame.by_group[name].items():
                found = measured(outcome, name, f"{attribute}/{group}")
                assert found.value == pytest.approx(value, rel=1e-9)
                assert found.low < found.value < found.high
            gap = measured(outcome, f"{name}_difference", attribute)
            assert gap.value == pytest.approx(frame.difference()[name], abs=1e-9)
            assert gap.low <= gap.value <= gap.high
        expected = max(
            stats.wasserstein_distance(p[column == one], p[column == other])
            for one, other in combinations(np.unique(column), 2)
        )
        assert measured(outcome, "prediction_distance", attribute).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("digits", [0, 12])
def test_the_pair_that_is_farthest_apart_is_found_among_many(digits: int) -> None:
    random = np.random.default_rng(9)
    group = random.integers(0, 40, 30_000)
    p = np.round(random.gamma(2, 3 + 0.02 * group), digits)
    table = pa.table({"sex": [f"g{one}" for one in group], "y": random.gamma(2, 3, len(p)), "p": p})
    found = measured(judged(NAME, table, ROLES), "prediction_distance", "sex")
    apart = {
        (one, other): stats.wasserstein_distance(p[group == one], p[group == other])
        for one, other in combinations(range(40), 2)
    }
    one, other = max(apart, key=lambda pair: apart[pair])
    assert found.value == pytest.approx(apart[one, other], rel=1e-9)
    assert {f"g{one}", f"g{other}"} <= set(re.findall(r"g\d+", found.note))


def test_an_infinite_prediction_is_refused_with_and_without_its_label() -> None:
    for label in (1.0, None):
        rows = pa.table({"sex": ["a", "b"], "y": [1.0, label], "p": [1.0, float("inf")]})
        assert "infinite" in judged(NAME, rows, ROLES).sentence


def test_any_batch_size_and_the_stored_document_give_the_same() -> None:
    whole = judged(NAME, APART, ROLES)
    assert recompute(whole.to_document()).to_document() == whole.to_document()
    reversed_rows = APART.take(pa.array(range(APART.num_rows - 1, -1, -1)))
    (small,) = measure([RunSpec(NAME, 1)], tables={"evaluation": given(reversed_rows, ROLES, batch_rows=7)}, seed=11)
    assert small.to_document() == whole.to_document()
    halves = [GroupErrors.empty(ROLES) for _ in range(2)]
    for half, part in zip(halves, (APART.slice(0, 100), APART.slice(100)), strict=True):
        for batch in part.to_batches():
            half.add(batch)
    halves[1].merge(halves[0])
    kept = ErrorsApart.kept(halves[1], whole.effective)
    assert kept.to_document() == whole.statistics["evaluation"]["ErrorsApart"]
