"""performance.regression against hand-made tables, scikit-learn and the bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.regression"
CENTS = st.integers(-100_000, 100_000).map(lambda n: n / 100)
ROLES = Roles(task="regression", label="y", prediction="p")
BOUNDED = replace(ROLES, lower="low", upper="high")


def of(labels: object, predictions: object) -> pa.Table:
    return pa.table({"y": pa.array(labels, pa.float64()), "p": pa.array(predictions, pa.float64())})


def sample(n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(8)
    labels = random.gamma(2, 5, n)
    return labels, labels + random.normal(0.5, 1 + labels / 10, n)


def test_perfect_predictions_are_ideal() -> None:
    outcome = judged(NAME, of(range(40), range(40)), ROLES)
    assert (outcome.verdict, measured(outcome, "r2").value) == ("passed", 1.0)
    assert measured(outcome, "mean_absolute_error").value == 0.0


def test_labels_that_differ_by_next_to_nothing_beside_the_errors_have_no_r_squared() -> None:
    outcome = judged(NAME, of([0.0] * 39 + [3e-122], [0.0] * 39 + [1.0]), ROLES)
    assert outcome.verdict != "errored"
    assert measured(outcome, "r2").value is None
    assert measured(outcome, "mean_absolute_error").value == 1 / 40


def test_worse_than_the_mean_is_found() -> None:
    outcome = judged(NAME, of(range(40), range(40, 0, -1)), ROLES)
    assert keys(outcome) == [NAME]
    assert outcome.sentence.startswith("The R2: a value of -")


def test_exactly_on_the_limit_passes() -> None:
    table = of(range(1, 41), [n + 0.1 for n in range(1, 41)])
    assert judged(NAME, of([1.0] * 20 + [2.0] * 20, [1.5] * 40), ROLES, max_mae=0.5, max_rmse=0.5).verdict == "passed"
    assert judged(NAME, of([1.0] * 20 + [2.0] * 20, [1.5] * 40), ROLES, max_mae=0.49).verdict == "failed"
    assert judged(NAME, table, ROLES, max_bias=0.11).verdict == "passed"
    assert keys(judged(NAME, table, ROLES, max_bias=0.05)) == [f"{NAME}/absolute_bias"]


def test_labels_that_are_all_equal_have_no_r2() -> None:
    outcome = judged(NAME, of([3.0] * 40, range(40)), ROLES)
    assert outcome.verdict == "inconclusive"
    assert measured(outcome, "r2").value is None


def test_labels_of_zero_enter_no_percentage() -> None:
    outcome = judged(NAME, of([0.0] * 20 + [2.0] * 20, [1.0] * 40), ROLES)
    found = measured(outcome, "mean_absolute_percentage_error")
    assert (found.value, found.n) == (0.5, 20)
    assert measured(judged(NAME, of([0.0] * 40, [1.0] * 40), ROLES), found.name).value is None


def test_missing_cells_are_told_apart() -> None:
    assert judged(NAME, of([1.0] * 40, [1.0] * 39 + [None]), ROLES).verdict == "inconclusive"
    outcome = judged(NAME, of([*range(40), None], range(41)), ROLES)
    assert outcome.report.notes == ('1 of 41 rows have no label in "y" and are left out.',)


def test_coverage_counts_labels_within_their_bounds() -> None:
    table = of(range(40), range(40))
    low = pa.array([n - 1.0 if n < 30 else n + 1.0 for n in range(40)])
    high = pa.array([n + 2.0 for n in range(40)])
    table = table.append_column("low", low).append_column("high", high)
    outcome = judged(NAME, table, BOUNDED, min_coverage=0.75)
    assert (outcome.verdict, measured(outcome, "coverage").value) == ("passed", 0.75)
    assert measured(outcome, "mean_width").value == pytest.approx((30 * 3 + 10) / 40)
    assert judged(NAME, table, BOUNDED, min_coverage=0.76).verdict == "failed"
    assert judged(NAME, table, ROLES, min_coverage=0.1).verdict == "inconclusive"


def test_errors_too_large_for_their_powers_are_refused() -> None:
    outcome = judged(NAME, of([1e200] * 40, [0.0] * 40), ROLES)
    assert (outcome.verdict, "too large" in outcome.sentence) == ("inconclusive", True)


@settings(max_examples=40)
@given(
    pairs=st.lists(st.tuples(CENTS, CENTS), min_size=2, max_size=50),
    alpha=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_figures_are_scikit_learns(pairs: list[tuple[float, float]], alpha: float) -> None:
    y, p = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    outcome = judged(NAME, of(y, p), ROLES, min_rows=1, min_r2=None, quantile=alpha)
    expected = {
        "mean_absolute_error": metrics.mean_absolute_error(y, p),
        "root_mean_squared_error": metrics.root_mean_squared_error(y, p),
        "quantile_loss": metrics.mean_pinball_loss(y, p, alpha=alpha),
    }
    if np.ptp(y) > 1e-3:
        expected["r2"] = metrics.r2_score(y, p)
    if (np.abs(y) > 1e-9).all():
        expected["mean_absolute_percentage_error"] = metrics.mean_absolute_percentage_error(y, p)
    for name, value in expected.items():
        assert measured(outcome, name).value == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_intervals_are_those_of_the_bootstrap_of_rows() -> None:
    y, p = sample(3_000)
    outcome, random = judged(NAME, of(y, p), ROLES, quantile=0.9), np.random.default_rng(1)
    picks = [random.integers(0, len(y), len(y)) for _ in range(1_000)]
    figures = {
        "r2": metrics.r2_score,
        "root_mean_squared_error": metrics.root_mean_squared_error,
        "mean_absolute_error": metrics.mean_absolute_error,
        "quantile_loss": lambda a, b: metrics.mean_pinball_loss(a, b, alpha=0.9),
        "bias": lambda a, b: (b - a).mean(),
    }
    for name, score in figures.items():
        drawn = [score(y[rows], p[rows]) for rows in picks]
        found = measured(outcome, name)
        width = np.quantile(drawn, 0.975) - np.quantile(drawn, 0.025)
        assert (found.high - found.low) == pytest.approx(width, rel=0.12)
        assert found.low < np.mean(drawn) < found.high
