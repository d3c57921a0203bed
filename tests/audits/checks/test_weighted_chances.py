"""Are chances held against what came true by rows that weigh differently as scikit-learn does with `sample_weight`?"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from audits.checks import Measurement, ProbabilitySums, Roles
from tests.audits.checks.tables import judged, measured

NAME = "performance.calibration"
ROLES = Roles("binary", 1, label="y", score="s", weight="w")
UNWEIGHTED = replace(ROLES, weight=None)
WEIGHTS = st.sampled_from([0.0, 1e-9, 0.1, 0.5, 1.0, 7.25, 1e9])
ROWS = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1), WEIGHTS), min_size=1, max_size=40)
SCHEMA = pa.schema([("y", pa.int64()), ("s", pa.float64()), ("w", pa.float64())])


def table(rows: list[tuple[int, float, float]]) -> pa.Table:
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate("ysw")}, schema=SCHEMA)


def sample(n: int) -> list[tuple[int, float, float]]:
    random = np.random.default_rng(5)
    scores, weights = random.random(n), random.choice([0.5, 1.0, 4.0], n)
    labels = (random.random(n) < scores**1.3).astype(int)
    return list(zip(labels.tolist(), scores.tolist(), weights.tolist(), strict=True))


def expected_error(y: Any, s: Any, w: Any) -> float:
    bins = np.minimum((s * 10).astype(int), 9)
    return math.fsum(abs(math.fsum(w[bins == b] * (s - y)[bins == b])) for b in range(10)) / math.fsum(w)


@settings(max_examples=60)
@given(rows=ROWS.filter(lambda rows: math.fsum(row[2] for row in rows) > 0))
def test_figures_are_weighed(rows: list[Any]) -> None:
    outcome = judged(NAME, table(rows), ROLES, min_rows=1)
    y, s, w = (np.array([row[place] for row in rows]) for place in range(3))
    expected = {
        "brier_score": metrics.brier_score_loss(y, s, sample_weight=w),
        "log_loss": metrics.log_loss(y, s, sample_weight=w, labels=[0, 1]),
        "expected_calibration_error": expected_error(y, s, w),
        "mean_excess": math.fsum(w * (s - y)) / math.fsum(w),
    }
    for name, value in expected.items():
        assert measured(outcome, name).value == pytest.approx(value, rel=1e-9, abs=1e-9), name
    share = np.average(y, weights=w)
    if 1e-6 < share < 1 - 1e-6:
        skill = 1 - expected["brier_score"] / (share * (1 - share))
        assert measured(outcome, "brier_skill").value == pytest.approx(skill, rel=1e-9, abs=1e-9)


def test_beside_a_class_that_weighs_next_to_nothing_there_is_no_skill() -> None:
    found = judged(NAME, table([(0, 0.25, 1.0), (1, 0.0, 2e-311)]), ROLES, min_rows=1)
    assert found.verdict != "errored"
    assert measured(found, "brier_skill").value is None
    assert measured(found, "brier_score").value == 0.0625
    assert (
        measured(judged(NAME, table([(0, 0.25, 1.0), (1, 0.0, 1e-290)]), ROLES, min_rows=1), "brier_skill").value
        < -1e288
    )


@pytest.mark.parametrize("weight", [1e-140, 0.1, 1.0, 3.7, 1e140])
def test_rows_of_one_weight_have_the_figures_and_intervals_of_rows_without(weight: float) -> None:
    rows = table([(*row[:2], weight) for row in sample(300)])

    def figures(roles: Roles) -> list[Measurement]:
        return list(judged(NAME, rows, roles).report.measurements)

    for mine, plain in zip(figures(ROLES), figures(UNWEIGHTED), strict=True):
        # The sums are exact, so that dividing by the weights gives the very same figures.
        assert mine.value == plain.value, mine.name
        for one, other in ((mine.low, plain.low), (mine.high, plain.high)):
            assert one == (None if other is None else pytest.approx(other, abs=1e-6)), mine.name


def test_a_row_that_weighs_nothing_moves_no_figure() -> None:
    rows = sample(200)
    alone, beside = (
        judged(NAME, table(of), ROLES).report.measurements for of in (rows, [*rows, (1, 0.0, 0.0), (0, 1.0, 0.0)])
    )
    assert [one.value for one in alone] == [one.value for one in beside]


def test_intervals_rest_on_kishs_effective_rows() -> None:
    rows = [(1, 0.25, 3.0)] * 40 + [(0, 0.25, 1.0)] * 80
    outcome = judged(NAME, table(rows), ROLES)
    effective = (40 * 3 + 80) ** 2 / (40 * 9 + 80)
    found = measured(outcome, "share_of_class_1", "s/0.2 to 0.3")
    assert (found.value, found.n) == (0.6, 120)
    assert (found.low, found.high) == pytest.approx(proportion_confint(0.6 * effective, effective, method="wilson"))
    brier, spread = 0.6 * 0.75**2 + 0.4 * 0.25**2, 0.6 * 0.4 * (0.75**2 - 0.25**2) ** 2
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(spread / (effective - 1))
    found = measured(outcome, "brier_score")
    assert (found.value, found.high) == pytest.approx((brier, brier + reach), rel=1e-9)


def test_the_interval_of_the_calibration_error_is_that_of_the_bootstrap_of_rows() -> None:
    rows, random = sample(2_000), np.random.default_rng(1)
    y, s, w = (np.array([row[place] for row in rows]) for place in range(3))
    drawn = [expected_error(y[of], s[of], w[of]) for of in (random.integers(0, len(y), len(y)) for _ in range(300))]
    found = measured(judged(NAME, table(rows), ROLES), "expected_calibration_error")
    width = np.quantile(drawn, 0.975) - np.quantile(drawn, 0.025)
    assert found.high - found.low == pytest.approx(width, rel=0.25)


@settings(max_examples=30)
@given(rows=ROWS, cut=st.integers(0, 40))
def test_sums_are_the_same_in_any_order_and_split(rows: list[Any], cut: int) -> None:
    whole, first, second = (ProbabilitySums.empty(ROLES) for _ in range(3))
    for statistic, part in ((whole, rows[::-1]), (first, rows[:cut]), (second, rows[cut:])):
        for batch in table(part).to_batches():
            statistic.add(batch)
    first.merge(second)
    assert first.to_document() == whole.to_document()
    stored = json.loads(json.dumps(whole.to_document()))
    assert ProbabilitySums.from_document(stored).to_document() == whole.to_document()


def test_weights_that_are_none_or_all_zero_are_refused() -> None:
    for weight in (None, math.nan, math.inf, -1.0, 1e200):
        outcome = judged(NAME, table([*sample(120), (1, 0.5, weight)]), ROLES)
        assert (outcome.verdict, 'Weight column "w" holds' in outcome.sentence) == ("inconclusive", True)
    outcome = judged(NAME, table([(*row[:2], 0.0) for row in sample(120)]), ROLES)
    assert (outcome.verdict, "weight above zero" in outcome.sentence) == ("inconclusive", True)
