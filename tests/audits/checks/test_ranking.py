"""performance.ranking against hand-made tables, scikit-learn and SciPy."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.ranking"
ROLES = Roles(task="binary", favourable=1, label="truth", score="score")
ANY = {"min_positives": 1, "min_negatives": 1}


def scored(scores: list[float], labels: list[int]) -> pa.Table:
    return pa.table({"score": scores, "truth": labels})


def test_a_perfect_order_is_ideal() -> None:
    outcome = judged(NAME, scored([0.9] * 30 + [0.1] * 70, [1] * 30 + [0] * 70), ROLES, top_share=0.3)
    assert outcome.verdict == "passed"
    assert measured(outcome, "average_precision").value == 1.0
    assert measured(outcome, "separation").value == 1.0
    assert measured(outcome, "lift").value == pytest.approx(10 / 3, abs=1e-15)
    assert measured(outcome, "gain").value == 1.0


def test_an_order_upside_down_is_found() -> None:
    outcome = judged(NAME, scored([0.1] * 30 + [0.9] * 70, [1] * 30 + [0] * 70), ROLES)
    assert keys(outcome) == [NAME]
    assert measured(outcome, "lift").value == 0.0


def test_exactly_on_the_limit_passes() -> None:
    table = scored([0.5] * 100, [1] * 50 + [0] * 50)
    assert judged(NAME, table, ROLES, min_lift=1.0, min_average_precision=0.5).verdict == "passed"
    assert judged(NAME, table, ROLES, min_lift=1.01).verdict == "failed"


def test_one_label_alone_and_missing_scores_are_inconclusive() -> None:
    assert judged(NAME, scored([0.5] * 60, [1] * 60), ROLES).verdict == "inconclusive"
    assert judged(NAME, scored([0.5] * 99 + [float("nan")], [1, 0] * 50), ROLES).verdict == "inconclusive"


def test_the_favourable_class_0_turns_the_order() -> None:
    turned = replace(ROLES, favourable=0)
    table = scored([0.1] * 40 + [0.9] * 60, [0] * 40 + [1] * 60)
    assert measured(judged(NAME, table, turned), "average_precision").value == 1.0


@settings(max_examples=60)
@given(pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=2, max_size=80))
def test_figures_are_scikit_learns_and_scipys(pairs: list[tuple[int, int]]) -> None:
    scores, labels = np.array([s / 12 for s, _ in pairs]), np.array([label for _, label in pairs])
    if len(set(labels)) < 2:
        return
    outcome = judged(NAME, scored(scores.tolist(), labels.tolist()), ROLES, **ANY)
    assert measured(outcome, "average_precision").value == pytest.approx(
        metrics.average_precision_score(labels, scores), abs=1e-12
    )
    with warnings.catch_warnings():
        # SciPy's p-value of a handful of rows divides by zero; its statistic is sound.
        warnings.simplefilter("ignore", RuntimeWarning)
        distance = stats.ks_2samp(scores[labels == 1], scores[labels == 0], method="asymp").statistic
    assert measured(outcome, "separation").value == pytest.approx(distance, abs=1e-12)


def test_lift_is_that_of_the_sorted_rows() -> None:
    random = np.random.default_rng(2)
    scores = random.permutation(1_000) / 1_000
    labels = (random.random(1_000) < scores).astype(int)
    top = np.argsort(-scores)[:100]
    found = measured(judged(NAME, scored(scores.tolist(), labels.tolist()), ROLES), "lift")
    assert found.value == pytest.approx(labels[top].mean() / labels.mean(), abs=1e-12)
    assert found.low < found.value < found.high
