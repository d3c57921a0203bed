"""data_quality.label_leakage against hand-computed areas and scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from audits.checks import FeatureClasses, Roles, RunSpec, measure, recompute
from tests.audits.checks.tables import adult, given, judged, keys, measured

NAME = "data_quality.label_leakage"
ROLES = Roles(task="binary", favourable=1, label="y", features=("x", "t"))


def of(y: object, x: object, t: object = None) -> pa.Table:
    n = len(y)  # type: ignore[arg-type]
    return pa.table({"y": pa.array(y), "x": pa.array(x, from_pandas=True), "t": ["same"] * n if t is None else t})


def test_a_feature_that_equals_the_label_is_found_and_one_that_says_nothing_is_not() -> None:
    y = [0, 1] * 100
    outcome = judged(NAME, of(y, y), ROLES)
    assert keys(outcome) == [f"{NAME}/x"]
    assert measured(outcome, "single_feature_auc", "x").value == 1
    assert measured(outcome, "single_feature_auc", "t").value == 0.5
    assert judged(NAME, of(y, y), ROLES, allowed=["x"]).verdict == "passed"


def test_the_area_of_a_table_of_two_values_is_worked_out_by_hand() -> None:
    # Of 40 ones 30 have the value 7 and of 60 zeros 12: the area is (30 * 48 + (30 * 12 + 10 * 48) / 2) / 2400.
    y, x = [1] * 40 + [0] * 60, [7] * 30 + [1] * 10 + [7] * 12 + [1] * 48
    found = measured(judged(NAME, of(y, x), ROLES), "single_feature_auc", "x")
    assert found.value == (30 * 48 + (30 * 12 + 10 * 48) / 2) / 2400 == 0.775
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.775 < found.high


@pytest.mark.parametrize("shape", ["filled in only afterwards", "a valley"])
def test_a_relation_of_any_shape_is_found(shape: str) -> None:
    n = np.arange(400)
    if shape == "a valley":
        y = ((n < 100) | (n >= 300)).astype(int)
        table = of(y, n.astype(float))
    else:
        y = n % 2
        table = of(y, np.where(y == 1, n % 7, np.nan))
    assert keys(judged(NAME, table, ROLES, max_auc=0.9)) == [f"{NAME}/x"]


def test_the_area_is_scikit_learn_s_for_the_shares_of_the_bins() -> None:
    table = adult("test")
    names = ("education", "sex", "marital_status", "relationship", "hours_per_week", "workclass")
    roles = Roles(task="binary", favourable=1, label="income_over_50k", features=names)
    outcome = judged(NAME, table, roles)
    frame = table.to_pandas()
    label = frame["income_over_50k"]
    for name in ("education", "sex", "marital_status", "relationship"):
        rate = label.groupby(frame[name]).transform("mean")
        found = measured(outcome, "single_feature_auc", name).value
        assert found == pytest.approx(roc_auc_score(label, rate), abs=1e-12)
    counts = FeatureClasses.from_document(outcome.statistics["evaluation"]["FeatureClasses"]).counts("workclass")
    assert counts is not None
    assert counts[-1].sum() == frame["workclass"].isna().sum()


def test_with_several_classes_the_one_that_is_told_best_counts() -> None:
    y = ["a", "b", "c"] * 50
    roles = Roles(task="multiclass", label="y", features=("x", "t"))
    outcome = judged(NAME, of(y, [int(name == "b") for name in y]), roles)
    found = measured(outcome, "single_feature_auc", "x")
    assert (found.value, found.note) == (1, "class b against the others")


def test_too_few_rows_a_regression_and_too_many_texts() -> None:
    assert judged(NAME, of([0, 1] * 20, [0, 1] * 20), ROLES).verdict == "inconclusive"
    regression = Roles(task="regression", label="y", features=("x",))
    assert judged(NAME, of([0, 1] * 50, [0, 1] * 50), regression).verdict == "inconclusive"
    many = judged(NAME, of([0, 1] * 600, [1] * 1200, [str(n) for n in range(1200)]), ROLES)
    assert many.report is not None
    assert many.report.notes == ('Feature "t" has more than 1,000 different texts and is left out.',)


def test_texts_that_hardly_repeat_do_not_tell_the_label() -> None:
    random = np.random.default_rng(4)
    y = random.integers(0, 2, 900)
    outcome = judged(NAME, of(y, np.ones(900), [str(n) for n in range(900)]), ROLES)
    assert measured(outcome, "single_feature_auc", "t").value == 0.5


def test_neither_batches_nor_order_change_the_outcome_and_it_can_be_recomputed() -> None:
    random = np.random.default_rng(6)
    y, x = random.integers(0, 3, 500), random.normal(size=500)
    roles = Roles(task="multiclass", label="y", features=("x", "t"))
    table = of(y, x, [f"c{n}" for n in random.integers(0, 5, 500)])
    shuffled = table.take(pa.array(random.permutation(500)))
    documents = [
        measure([RunSpec(NAME, 1)], tables={"evaluation": given(one, roles, rows)})[0].to_document()
        for one, rows in ((table, 3), (table, 500), (shuffled, 64))
    ]
    assert documents[0] == documents[1] == documents[2]
    stored = json.loads(json.dumps(documents[0]))
    assert recompute(stored).to_document() == stored


def test_two_halves_merge_into_the_whole() -> None:
    table = of(["b", "a", "b", "c"] * 50, [1.0, 2.0, None, 4.0] * 50, ["u", "v", "w", ""] * 50)
    roles = Roles(task="multiclass", label="y", features=("x", "t"))
    whole, first, second = (FeatureClasses.empty(roles) for _ in range(3))
    for statistic, part in ((whole, table), (first, table.slice(1, 99)), (second, table.slice(100))):
        statistic.add(part.combine_chunks().to_batches()[0])
    first.add(table.slice(0, 1).combine_chunks().to_batches()[0])
    second.merge(first)
    assert second.condensed({"x": second})["x"].to_document() == whole.condensed({"x": whole})["x"].to_document()
