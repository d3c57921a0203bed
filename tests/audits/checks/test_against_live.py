"""performance.against_live against hand-made tables, SciPy and a published table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from audits.checks import Roles
from audits.checks.library.against_live import newcombe
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.against_live"
CLASSES = Roles(task="multiclass", label="y", prediction="new", incumbent="live")
NUMBERS = Roles(task="regression", label="y", prediction="new", incumbent="live")


def pairs(both_wrong: int, only_new: int, only_live: int, both_right: int) -> pa.Table:
    rows = [("a", "b", "c")] * both_wrong + [("a", "a", "b")] * only_new
    rows += [("a", "b", "a")] * only_live + [("b", "b", "b")] * both_right
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(("y", "new", "live"))})


def test_the_same_version_is_no_worse_once_there_are_enough_rows() -> None:
    outcome = judged(NAME, pairs(40, 0, 0, 960), CLASSES)
    assert measured(outcome, "loss_difference").value == 0.0
    assert measured(outcome, "p_value").value == 1.0
    assert judged(NAME, pairs(0, 0, 0, 2_000), CLASSES).verdict == "passed"
    assert judged(NAME, pairs(0, 0, 0, 99), CLASSES).verdict == "inconclusive"


def test_a_worse_version_is_found_and_a_better_one_passes() -> None:
    assert keys(judged(NAME, pairs(100, 50, 150, 700), CLASSES)) == [NAME]
    outcome = judged(NAME, pairs(100, 150, 50, 700), CLASSES)
    assert (outcome.verdict, measured(outcome, "loss_difference").value) == ("passed", -0.1)


def test_a_table_too_small_to_tell_does_not_pass() -> None:
    assert judged(NAME, pairs(5, 5, 5, 85), CLASSES).verdict == "failed"
    assert judged(NAME, pairs(5, 5, 5, 85), CLASSES, decide_on="estimate").verdict == "passed"


def test_exactly_on_the_margin_passes() -> None:
    table = pairs(0, 0, 10, 90)
    assert judged(NAME, table, CLASSES, decide_on="estimate", margin=0.1).verdict == "passed"
    assert judged(NAME, table, CLASSES, decide_on="estimate", margin=0.0999).verdict == "failed"


def test_a_missing_prediction_is_inconclusive() -> None:
    table = pairs(0, 0, 0, 200)
    live = pa.array([None, *["b"] * 199])
    assert judged(NAME, table.set_column(2, "live", live), CLASSES).verdict == "inconclusive"
    without = Roles(task="multiclass", label="y", prediction="new")
    assert "role incumbent" in judged(NAME, table, without).sentence


def test_p_value_is_that_of_mcnemars_exact_test() -> None:
    outcome = judged(NAME, pairs(100, 30, 12, 700), CLASSES)
    assert measured(outcome, "p_value").value == pytest.approx(2 * stats.binom.cdf(12, 42, 0.5), abs=1e-15)


def test_the_interval_is_newcombes() -> None:
    # Newcombe (1998), table II, method 10: 36, 12, 2 and 0 of 50 rows give 0.2000 (0.0569 to 0.3404).
    assert newcombe(36, 2, 12, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_errors_of_numbers_are_compared_as_scipy_does() -> None:
    random = np.random.default_rng(4)
    y = random.normal(size=500)
    new, live = y + random.normal(0, 1.1, 500), y + random.normal(0, 1.0, 500)
    outcome = judged(NAME, pa.table({"y": y, "new": new, "live": live}), NUMBERS, margin=0.5)
    expected = stats.ttest_rel(np.abs(new - y), np.abs(live - y))
    interval = expected.confidence_interval(0.95)
    found = measured(outcome, "loss_difference")
    assert measured(outcome, "p_value").value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert outcome.verdict == "passed"
