"""Are the figures of classes over rows that weigh differently those of scikit-learn with `sample_weight`?"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from audits.checks import ClassCounts, GroupClassCounts, Measurement, Roles, SensitiveColumn
from tests.audits.checks.tables import judged, measured

OVERALL, BY_GROUP = "performance.confusion", "fairness.class_parity"
ROLES = Roles("multiclass", label="y", prediction="p", weight="w", sensitive=(SensitiveColumn("g"),))
UNWEIGHTED = replace(ROLES, weight=None)
CLASSES = st.sampled_from(["left", "right", "up"])
WEIGHTS = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0, 7.25, 1e9])
ROWS = st.lists(st.tuples(st.sampled_from("ab"), CLASSES, CLASSES, WEIGHTS), min_size=1, max_size=40)
SCHEMA = pa.schema([("g", pa.string()), ("y", pa.string()), ("p", pa.string()), ("w", pa.float64())])


def table(rows: list[tuple[str, str, str, float]]) -> pa.Table:
    return pa.table(dict(zip("gypw", map(list, zip(*rows, strict=True)), strict=True)))


def sample(n: int) -> list[tuple[str, str, str, float]]:
    random = np.random.default_rng(5)
    labels = random.choice(["left", "right", "up"], n, p=[0.5, 0.3, 0.2])
    guesses = np.where(random.random(n) < 0.6, labels, random.choice(["left", "right", "up"], n))
    groups, weights = random.choice(["a", "b"], n), random.choice([0.5, 1.0, 4.0], n)
    return list(zip(groups.tolist(), labels.tolist(), guesses.tolist(), weights.tolist(), strict=True))


@settings(max_examples=60)
@given(rows=ROWS.filter(lambda rows: math.fsum(row[3] for row in rows) > 0))
def test_figures_of_all_classes_are_weighed(rows: list[Any]) -> None:
    outcome = judged(OVERALL, table(rows), ROLES, min_rows=1, min_gain=None)
    y, p, w = (np.array([row[place] for row in rows]) for place in (1, 2, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "accuracy": metrics.accuracy_score(y, p, sample_weight=w),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, p, sample_weight=w),
            "macro_precision": metrics.precision_score(y, p, average="macro", sample_weight=w),
            "macro_recall": metrics.recall_score(y, p, average="macro", sample_weight=w),
            "macro_f1": metrics.f1_score(y, p, average="macro", sample_weight=w),
            "weighted_f1": metrics.f1_score(y, p, average="weighted", sample_weight=w),
            "cohens_kappa": metrics.cohen_kappa_score(y, p, sample_weight=w),
            "matthews_correlation": metrics.matthews_corrcoef(y, p, sample_weight=w),
        }
    shares = np.array([w[of == name].sum() / w.sum() for of in (y, p) for name in np.unique(of)])
    for name, value in expected.items():
        found = measured(outcome, name).value
        # What is undefined here is 0 or NaN there. Where nearly all of the weight lies on one class, rounding decides
        # there what is left of the others in a correlation.
        if found is None or (name in ("cohens_kappa", "matthews_correlation") and (shares > 1 - 1e-6).any()):
            continue
        assert found == pytest.approx(value, abs=1e-9), name


@settings(max_examples=40)
@given(rows=ROWS.filter(lambda rows: math.fsum(row[3] for row in rows) > 0))
def test_figures_of_each_class_are_weighed(rows: list[Any]) -> None:
    outcome = judged(OVERALL, table(rows), ROLES, min_rows=1, min_gain=None)
    y, p, w = (np.array([row[place] for row in rows]) for place in (1, 2, 3))
    for one in np.unique(np.concatenate([y, p])):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = {
                "precision": metrics.precision_score(y == one, p == one, sample_weight=w),
                "recall": metrics.recall_score(y == one, p == one, sample_weight=w),
                "specificity": metrics.recall_score(y != one, p != one, sample_weight=w),
                "f1": metrics.f1_score(y == one, p == one, sample_weight=w),
            }
        for name, value in expected.items():
            found = measured(outcome, name, f"y/{one}")
            assert found.value is None or found.value == pytest.approx(value, abs=1e-9), name
            if found.value is not None and name != "f1":
                assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    # How many people there are in a cell does not depend on what they weigh.
    cells = {one.group: one.value for one in outcome.report.measurements if one.name == "confusion"}
    assert sum(cells.values()) == len(rows)


@pytest.mark.parametrize(
    ("rate", "metric"),
    [("true_positive_rate", metrics.recall_score), ("precision", metrics.precision_score)],
)
def test_the_rates_of_groups_are_fairlearns(rate: str, metric: Any) -> None:
    rows = sample(600)
    group, y, p = (np.array([row[place] for row in rows]) for place in range(3))
    w = np.array([row[3] for row in rows])
    outcome = judged(BY_GROUP, table(rows), ROLES, rate=rate, min_rows_per_class=1)
    for one in ("left", "right", "up"):
        frame = MetricFrame(
            metrics=metric,
            y_true=(y == one).astype(int),
            y_pred=(p == one).astype(int),
            sensitive_features=group,
            sample_params={"sample_weight": w},
        )
        found = measured(outcome, f"{rate}_difference", f"g for class {one}")
        assert found.value == pytest.approx(frame.difference(), abs=1e-9)
        assert found.low <= found.value <= found.high
        for name, value in frame.by_group.items():
            assert measured(outcome, rate, f"g for class {one}/{name}").value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("weight", [1e-140, 0.1, 1.0, 3.7, 1e140])
@pytest.mark.parametrize("check", [OVERALL, BY_GROUP])
def test_rows_of_one_weight_have_the_figures_and_intervals_of_rows_without(check: str, weight: float) -> None:
    rows = [(*row[:3], weight) for row in sample(300)]

    def figures(roles: Roles) -> list[Measurement]:
        return list(judged(check, table(rows), roles).report.measurements)

    for mine, plain in zip(figures(ROLES), figures(UNWEIGHTED), strict=True):
        assert mine.value == (None if plain.value is None else pytest.approx(plain.value, abs=1e-12)), mine.name
        for one, other in ((mine.low, plain.low), (mine.high, plain.high)):
            # The draws are the same, and only what a sum of squares is rounded to makes them differ.
            assert one == (None if other is None else pytest.approx(other, abs=1e-6)), mine.name


def test_the_interval_of_a_share_is_wilsons_at_kishs_effective_rows() -> None:
    rows = [("a", "up", "up", 3.0)] * 30 + [("a", "up", "left", 1.0)] * 30 + [("a", "left", "left", 1.0)] * 10
    found = measured(judged(OVERALL, table(rows), ROLES), "recall", "y/up")
    effective = (30 * 3 + 30) ** 2 / (30 * 9 + 30)
    low, high = proportion_confint(0.75 * effective, effective, method="wilson")
    assert (found.value, found.n) == (0.75, 60)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_intervals_are_those_of_the_bootstrap_of_rows() -> None:
    rows, random = sample(2_000), np.random.default_rng(1)
    outcome = judged(OVERALL, table(rows), ROLES)
    y, p, w = (np.array([row[place] for row in rows]) for place in (1, 2, 3))
    picks = [random.integers(0, len(y), len(y)) for _ in range(300)]
    for name, score in {
        "accuracy": metrics.accuracy_score,
        "matthews_correlation": metrics.matthews_corrcoef,
        "cohens_kappa": metrics.cohen_kappa_score,
    }.items():
        drawn = [score(y[of], p[of], sample_weight=w[of]) for of in picks]
        found = measured(outcome, name)
        width = np.quantile(drawn, 0.975) - np.quantile(drawn, 0.025)
        assert found.high - found.low == pytest.approx(width, rel=0.2), name
        assert found.low < np.mean(drawn) < found.high


@pytest.mark.parametrize("kind", [ClassCounts, GroupClassCounts])
@settings(max_examples=30)
@given(rows=ROWS, cut=st.integers(0, 40))
def test_what_classes_weigh_is_the_same_in_any_order_and_split(kind: Any, rows: list[Any], cut: int) -> None:
    whole, first, second = (kind.empty(ROLES) for _ in range(3))
    whole.add(pa.RecordBatch.from_pylist(table(rows[::-1]).to_pylist(), schema=SCHEMA))
    for half, part in ((first, rows[:cut]), (second, rows[cut:])):
        half.add(pa.RecordBatch.from_pylist(table(part).to_pylist() if part else [], schema=SCHEMA))
    first.merge(second)
    assert first.to_document() == whole.to_document()
    stored = json.loads(json.dumps(whole.to_document()))
    assert kind.from_document(stored).to_document() == whole.to_document()


@pytest.mark.parametrize("check", [OVERALL, BY_GROUP])
def test_weights_that_are_none_or_all_zero_are_refused(check: str) -> None:
    for weight in (None, math.nan, math.inf, -1.0, 1e200):
        outcome = judged(check, table([*sample(80), ("a", "up", "up", weight)]), ROLES)
        assert (outcome.verdict, 'Weight column "w" holds' in outcome.sentence) == ("inconclusive", True)
    outcome = judged(check, table([(*row[:3], 0.0) for row in sample(80)]), ROLES)
    assert (outcome.verdict, "weight above zero" in outcome.sentence) == ("inconclusive", True)
