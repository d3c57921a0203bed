"""performance.calibration_slope against hand-made tables and scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

from audits.checks import Roles
from audits.checks.engine import recompute
from tests.audits.checks.tables import judged, keys, measured
from tests.audits.checks.test_roc_auc import scored

NAME = "performance.calibration_slope"
ROLES = Roles(task="binary", favourable=1, label="truth", score="score")

# Said 0.2 and 0.8, true of 0.2 and 0.8: the line of log odds is the diagonal.
TRUE = scored((0.2, 1, 100), (0.2, 0, 400), (0.8, 1, 400), (0.8, 0, 100))
# Said 0.2 and 0.8, true of 1/3 and 2/3: log odds of ln 2 where ln 4 was said, half as steep.
EXTREME = scored((0.2, 1, 100), (0.2, 0, 200), (0.8, 1, 200), (0.8, 0, 100))


def test_scores_that_keep_what_they_say_have_slope_one() -> None:
    outcome = judged(NAME, TRUE, ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "calibration_slope").value == pytest.approx(1.0, abs=1e-12)
    assert measured(outcome, "calibration_intercept").value == pytest.approx(0.0, abs=1e-12)


def test_scores_that_are_too_extreme_or_too_high_are_found() -> None:
    outcome = judged(NAME, EXTREME, ROLES)
    assert keys(outcome) == [f"{NAME}/calibration_slope"]
    assert measured(outcome, "calibration_slope").value == pytest.approx(0.5, abs=1e-12)
    timid = scored((0.4, 1, 100), (0.4, 0, 400), (0.6, 1, 400), (0.6, 0, 100))
    assert keys(judged(NAME, timid, ROLES)) == [f"{NAME}/largest_calibration_slope"]
    high = scored((0.5, 1, 100), (0.5, 0, 300), (0.6, 1, 100), (0.6, 0, 200))
    found = judged(NAME, high, ROLES, min_slope=None, max_slope=None, max_intercept=0.5)
    assert keys(found) == [NAME]


def test_the_interval_can_leave_it_open() -> None:
    assert judged(NAME, EXTREME, ROLES, min_slope=0.45, decide_on="interval").verdict == "inconclusive"


def test_what_has_no_slope_is_inconclusive() -> None:
    parted = scored((0.2, 0, 200), (0.8, 1, 200))
    alike = scored((0.4, 0, 200), (0.4, 1, 200))
    outside = scored((1.2, 0, 200), (0.4, 1, 200))
    missing = scored((0.2, 0, 200), (0.8, 1, 200), (None, 1, 1))
    for table in (parted, alike, outside, missing, scored((0.2, 0, 99), (0.8, 1, 200)), scored((0.2, 1, 300))):
        assert judged(NAME, table, ROLES).verdict == "inconclusive"


def test_a_low_score_speaks_for_class_zero() -> None:
    turned = Roles(**{**vars(ROLES), "favourable": 0})
    assert measured(judged(NAME, EXTREME, turned), "calibration_slope").value == pytest.approx(0.5, abs=1e-12)


def test_slope_and_intercept_are_scikit_learns() -> None:
    random = np.random.default_rng(3)
    score = np.round(random.beta(2, 3, 3_000), 3).clip(0.001, 0.999)
    truth = (random.random(3_000) < score**1.3).astype(int)
    outcome = judged(NAME, pa.table({"score": score, "truth": truth}), ROLES, min_slope=None)
    odds = np.log(score / (1 - score))[:, None]
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-14).fit(odds, truth)
    slope = measured(outcome, "calibration_slope")
    assert slope.value == pytest.approx(float(fit.coef_[0, 0]), rel=1e-9)
    # The information matrix, worked out from the fitted chances.
    chance = fit.predict_proba(odds)[:, 1]
    design = np.column_stack([np.ones(3_000), odds])
    error = np.sqrt(np.linalg.inv(design.T @ (design * (chance * (1 - chance))[:, None]))[1, 1])
    assert (slope.high - slope.low) / 2 == pytest.approx(1.959963984540054 * error, rel=1e-8)
    # With the slope held at 1 the mean of the chances is that of the labels.
    level = measured(outcome, "calibration_intercept").value
    moved = 1 / (1 + np.exp(-(odds[:, 0] + level)))
    assert moved.mean() == pytest.approx(truth.mean(), abs=1e-12)
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()
