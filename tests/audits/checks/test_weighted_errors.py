"""Are the errors of rows that weigh differently those of scikit-learn and fairlearn with `sample_weight`?"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from audits.checks import GroupErrors, Measurement, RegressionSums, Roles, SensitiveColumn
from tests.audits.checks.tables import judged, measured

SUMS, BY_GROUP = "performance.regression", "fairness.regression_parity"
ROLES = Roles("regression", label="y", prediction="p", weight="w", sensitive=(SensitiveColumn("g"),))
UNWEIGHTED = replace(ROLES, weight=None)
CENTS = st.integers(-100_000, 100_000).map(lambda n: n / 100)
WEIGHTS = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0, 7.25, 1e9])
ROWS = st.lists(st.tuples(st.sampled_from("ab"), CENTS, CENTS, WEIGHTS), min_size=1, max_size=40)
SCHEMA = pa.schema([("g", pa.string()), ("y", pa.float64()), ("p", pa.float64()), ("w", pa.float64())])


def table(rows: list[tuple[str, float, float, float]]) -> pa.Table:
    return pa.table(dict(zip("gypw", map(list, zip(*rows, strict=True)), strict=True)))


def sample(n: int) -> list[tuple[str, float, float, float]]:
    random = np.random.default_rng(5)
    labels = random.gamma(2, 5, n)
    return list(
        zip(
            random.choice(["a", "b"], n).tolist(),
            labels.tolist(),
            (labels + random.normal(0.5, 2, n)).tolist(),
            random.choice([0.5, 1.0, 4.0], n).tolist(),
            strict=True,
        )
    )


def expected(rows: list[Any]) -> dict[str, float]:
    """What scikit-learn makes of rows that weigh something together."""
    y, p, w = (np.array([row[place] for row in rows]) for place in (1, 2, 3))
    found = {
        "mean_absolute_error": metrics.mean_absolute_error(y, p, sample_weight=w),
        "root_mean_squared_error": metrics.root_mean_squared_error(y, p, sample_weight=w),
        "bias": math.fsum(w * (p - y)) / math.fsum(w),
    }
    mean = np.average(y, weights=w)
    # Of labels that are nearly all the same rounding alone would decide.
    if np.average((y - mean) ** 2, weights=w) > 1e-6 * max(np.average(y**2, weights=w), 1):
        found["r2"] = metrics.r2_score(y, p, sample_weight=w)
    return found


@settings(max_examples=60)
@given(
    rows=ROWS.filter(lambda rows: math.fsum(row[3] for row in rows) > 0),
    alpha=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_errors_of_everybody_are_weighed(rows: list[Any], alpha: float) -> None:
    outcome = judged(SUMS, table(rows), ROLES, min_rows=1, min_r2=None, quantile=alpha)
    y, p, w = (np.array([row[place] for row in rows]) for place in (1, 2, 3))
    figures = expected(rows)
    figures["quantile_loss"] = metrics.mean_pinball_loss(y, p, alpha=alpha, sample_weight=w)
    if w[y != 0].sum() > 0:
        shares = y != 0
        figures["mean_absolute_percentage_error"] = metrics.mean_absolute_percentage_error(
            y[shares], p[shares], sample_weight=w[shares]
        )
    for name, value in figures.items():
        assert measured(outcome, name).value == pytest.approx(value, rel=1e-9, abs=1e-9), name


@settings(max_examples=40)
@given(rows=ROWS)
def test_errors_of_each_group_are_weighed(rows: list[Any]) -> None:
    outcome = judged(BY_GROUP, table(rows), ROLES, min_group_size=1)
    assert outcome.verdict != "errored", outcome.sentence
    for group in "ab" if outcome.report is not None else "":
        mine = [row for row in rows if row[0] == group]
        if not mine:
            continue
        figures = expected(mine) if math.fsum(row[3] for row in mine) > 0 else {"mean_absolute_error": None, "r2": None}
        for name, value in figures.items():
            found = measured(outcome, name, f"g/{group}").value
            assert found == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), name


def test_differences_between_groups_are_fairlearns() -> None:
    rows = sample(400)
    group, y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    outcome = judged(BY_GROUP, table(rows), ROLES)
    for name, metric in {
        "mean_absolute_error": metrics.mean_absolute_error,
        "root_mean_squared_error": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
    }.items():
        frame = MetricFrame(
            metrics=metric,
            y_true=y.astype(float),
            y_pred=p.astype(float),
            sensitive_features=group,
            sample_params={"sample_weight": w.astype(float)},
        )
        found = measured(outcome, f"{name}_difference", "g").value
        assert found == pytest.approx(frame.difference(), abs=1e-9), name
    assert outcome.report.notes == ("The distance between predictions counts every row once, whatever it weighs.",)


@pytest.mark.parametrize("check", [SUMS, BY_GROUP])
@pytest.mark.parametrize("weight", [1e-140, 0.1, 1.0, 3.7, 1e140])
def test_rows_of_one_weight_have_the_figures_and_intervals_of_rows_without(check: str, weight: float) -> None:
    rows = [(*row[:3], weight) for row in sample(200)]

    def figures(roles: Roles) -> list[Measurement]:
        return list(judged(check, table(rows), roles).report.measurements)

    for mine, plain in zip(figures(ROLES), figures(UNWEIGHTED), strict=True):
        # The sums are exact, so that dividing by the weights gives the very same figures.
        assert mine.value == plain.value, mine.name
        for one, other in ((mine.low, plain.low), (mine.high, plain.high)):
            assert one == (None if other is None else pytest.approx(other, rel=1e-12)), mine.name


@pytest.mark.parametrize("check", [SUMS, BY_GROUP])
def test_a_row_that_weighs_nothing_moves_no_figure(check: str) -> None:
    rows = sample(100)
    far = [*rows, ("a", 1e6, -1e6, 0.0), ("b", -1e6, 1e6, 0.0)]
    alone, beside = (judged(check, table(of), ROLES).report.measurements for of in (rows, far))
    told = [
        [(m.name, m.group, m.value, m.low) for m in of if m.name != "prediction_distance"] for of in (alone, beside)
    ]
    assert told[0] == told[1]


def test_unequal_weights_are_less_evidence() -> None:
    rows = sample(200)
    shrunk = [(*row[:3], 1.0 if place < 100 else 1e-9) for place, row in enumerate(rows)]
    half = judged(SUMS, table(rows[:100]), UNWEIGHTED)
    weighed = judged(SUMS, table(shrunk), ROLES)
    for name in ("mean_absolute_error", "r2", "quantile_loss"):
        one, other = measured(half, name), measured(weighed, name)
        assert (other.low, other.high) == pytest.approx((one.low, one.high), rel=1e-6), name
        assert (one.n, other.n) == (100, 200)


@pytest.mark.parametrize("kind", [RegressionSums, GroupErrors])
@settings(max_examples=30)
@given(rows=ROWS, cut=st.integers(0, 40))
def test_sums_are_the_same_in_any_order_and_split(kind: Any, rows: list[Any], cut: int) -> None:
    whole, first, second = (kind.empty(ROLES) for _ in range(3))
    whole.add(pa.RecordBatch.from_pylist(table(rows[::-1]).to_pylist(), schema=SCHEMA))
    for half, part in ((first, rows[:cut]), (second, rows[cut:])):
        half.add(pa.RecordBatch.from_pylist(table(part).to_pylist() if part else [], schema=SCHEMA))
    first.merge(second)
    if kind is GroupErrors:
        told = [errors_of(statistic) for statistic in (first, whole)]
        assert told[0] == told[1]
        return
    assert first.to_document() == whole.to_document()
    assert kind.from_document(whole.to_document()).to_document() == whole.to_document()


def errors_of(errors: GroupErrors) -> list[Any]:
    groups = [group for column in errors.roles.sensitive for group in errors.by_group(column.name)]
    return [(one.group, one.sums.to_document(), one.values.tolist(), one.predictions.tolist()) for one in groups]


@pytest.mark.parametrize("check", [SUMS, BY_GROUP])
@pytest.mark.parametrize("weight", [None, math.nan, math.inf, -1.0, 1e200])
def test_what_cannot_be_weighed_by_is_refused(check: str, weight: float | None) -> None:
    outcome = judged(check, table([*sample(80), ("a", 1.0, 1.0, weight)]), ROLES)
    assert (outcome.verdict, 'Weight column "w" holds' in outcome.sentence) == ("inconclusive", True)


@pytest.mark.parametrize("check", [SUMS, BY_GROUP])
def test_nothing_passes_over_rows_that_weigh_nothing(check: str) -> None:
    outcome = judged(check, table([(*row[:3], 0.0) for row in sample(80)]), ROLES)
    assert (outcome.verdict, "weight above zero" in outcome.sentence) == ("inconclusive", True)


def test_an_error_too_large_for_its_weight_is_refused() -> None:
    outcome = judged(SUMS, table([("a", 1e70, float(place), 1e40) for place in range(40)]), ROLES)
    assert (outcome.verdict, "rescale the weights" in outcome.sentence) == ("inconclusive", True)


def test_labels_within_their_bounds_are_weighed() -> None:
    rows = table([("a", float(place), float(place), 3.0 if place < 30 else 1.0) for place in range(60)])
    rows = rows.append_column("low", pa.array([0.0] * 60)).append_column("high", pa.array([29.5] * 60))
    outcome = judged(SUMS, rows, replace(ROLES, lower="low", upper="high"), min_coverage=0.5)
    assert (measured(outcome, "coverage").value, measured(outcome, "mean_width").value) == (0.75, 29.5)
