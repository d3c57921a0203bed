"""Is a figure over rows that weigh differently that of fairlearn and scikit-learn with `sample_weight`?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import (
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import judged, measured

ROLES = Roles("binary", 1, label="y", prediction="p", weight="w", sensitive=(SensitiveColumn("g"),))
ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.5, 1.0, 7.25])),
    min_size=1,
    max_size=60,
)


def table(rows: list[tuple[str, int, int, float]]) -> pa.Table:
    columns = dict(zip("gypw", map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns)


def omitted(y: Any, p: Any, sample_weight: Any = None) -> float:
    """Wrong among those who were decided against: scikit-learn's precision of the other class, less 1."""
    return 1 - metrics.precision_score(y, p, pos_label=0, sample_weight=sample_weight)


def discovered(y: Any, p: Any, sample_weight: Any = None) -> float:
    return 1 - metrics.precision_score(y, p, sample_weight=sample_weight)


def wrong(y: Any, p: Any, sample_weight: Any = None) -> float:
    return metrics.zero_one_loss(y, p, sample_weight=sample_weight)


SIZE, POSITIVES, NEGATIVES = ({name: 1} for name in ("min_group_size", "min_positives", "min_negatives"))
BY_GROUP: list[tuple[str, str, Callable[..., float], dict[str, int]]] = [
    ("demographic_parity_difference", "selection_rate", selection_rate, SIZE),
    ("demographic_parity_ratio", "selection_rate", selection_rate, SIZE),
    ("selection_rate", "selection_rate", selection_rate, SIZE),
    ("impact_ratio", "selection_rate", selection_rate, SIZE),
    ("four_fifths_rule", "selection_rate", selection_rate, SIZE),
    ("accuracy_parity", "accuracy", metrics.accuracy_score, SIZE),
    ("error_rate_parity", "error_rate", wrong, SIZE),
    ("equal_opportunity_gap", "true_positive_rate", true_positive_rate, POSITIVES),
    ("equalized_odds_difference", "true_positive_rate", true_positive_rate, {**POSITIVES, **NEGATIVES}),
    ("equalized_odds_ratio", "false_positive_rate", false_positive_rate, {**POSITIVES, **NEGATIVES}),
    ("false_positive_rate_parity", "false_positive_rate", false_positive_rate, NEGATIVES),
    ("false_negative_rate_parity", "false_negative_rate", false_negative_rate, POSITIVES),
    ("predictive_parity", "precision", metrics.precision_score, {"min_selected": 1}),
    ("false_discovery_rate_parity", "false_discovery_rate", discovered, {"min_selected": 1}),
    ("false_omission_rate_parity", "false_omission_rate", omitted, {"min_rejected": 1}),
    ("balanced_accuracy_parity", "balanced_accuracy", metrics.balanced_accuracy_score, {"min_per_label": 1}),
]


@pytest.mark.parametrize(("check", "figure", "metric", "minima"), BY_GROUP, ids=[one[0] for one in BY_GROUP])
@settings(max_examples=15)
@given(rows=ROWS)
def test_the_rate_of_each_group_is_weighed(
    check: str, figure: str, metric: Callable[..., float], minima: dict[str, int], rows: list[Any]
) -> None:
    outcome = judged(f"fairness.{check}", table(rows), ROLES, **minima)
    assert outcome.verdict != "errored", outcome.sentence
    if outcome.report is None or not outcome.report.measurements:
        return
    for one in outcome.report.measurements:
        # What is undefined here is 0, a warning or refused there.
        if one.name == figure and one.value is not None:
            mine = [row[1:] for row in rows if f"g/{row[0]}" == one.group]
            y, p, w = (np.array(column) for column in zip(*mine, strict=True))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert one.value == pytest.approx(metric(y, p, sample_weight=w), abs=1e-9)


@settings(max_examples=60)
@given(rows=ROWS.filter(lambda rows: math.fsum(row[3] for row in rows) > 0))
def test_the_figures_of_everybody_are_weighed(rows: list[Any]) -> None:
    y, p, w = (np.array([row[place] for row in rows]) for place in (1, 2, 3))
    accuracy = judged("performance.accuracy", table(rows), ROLES, min_rows=1)
    assert measured(accuracy, "accuracy").value == pytest.approx(
        metrics.accuracy_score(y, p, sample_weight=w), abs=1e-9
    )
    outcome = judged("performance.classification", table(rows), ROLES, min_rows=1)
    if outcome.report is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "precision": metrics.precision_score(y, p, sample_weight=w),
            "recall": metrics.recall_score(y, p, sample_weight=w),
            "f1": metrics.f1_score(y, p, sample_weight=w),
            "matthews_correlation": metrics.matthews_corrcoef(y, p, sample_weight=w),
        }
    for name, value in expected.items():
        found = [one.value for one in outcome.report.measurements if one.name == name]
        if found and found[0] is not None:
            assert found[0] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("weight", [1e140, 1e160])
def test_weights_too_large_for_their_squares_are_refused_and_no_check_breaks(weight: float) -> None:
    outcome = judged("performance.accuracy", table([("a", 1, 1, weight), ("b", 0, 1, weight)] * 20), ROLES)
    if weight < 1e150:
        assert measured(outcome, "accuracy").value == 0.5
    else:
        assert outcome.verdict == "inconclusive"
        assert "divide all weights by the same number" in outcome.sentence
