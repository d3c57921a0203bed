"""performance.calibration against hand-made tables and scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.calibration"
ROLES = Roles(task="binary", favourable=1, label="truth", score="score")


def scored(scores: list[float], labels: list[int | None]) -> pa.Table:
    return pa.table({"score": scores, "truth": pa.array(labels, pa.int64())})


def sample(n: int, twist: float = 1.0) -> pa.Table:
    random = np.random.default_rng(9)
    chance = random.beta(2, 3, n)
    return pa.table({"score": chance**twist, "truth": (random.random(n) < chance).astype(int)})


def test_probabilities_that_keep_their_word_pass() -> None:
    table = scored([0.25] * 100, [1] * 25 + [0] * 75)
    outcome = judged(NAME, table, ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "expected_calibration_error").value == 0.0
    assert measured(outcome, "brier_score").value == 0.1875
    assert measured(outcome, "brier_skill").value == 0.0
    assert measured(outcome, "share_of_class_1", "score/0.2 to 0.3").value == 0.25


def test_exactly_on_the_limit_passes() -> None:
    table = scored([0.5] * 100, [1] * 25 + [0] * 75)
    assert judged(NAME, table, ROLES, max_calibration_error=0.25).verdict == "passed"
    assert keys(judged(NAME, table, ROLES, max_calibration_error=0.2499)) == [NAME]


def test_labels_that_are_all_true_leave_no_skill() -> None:
    table = scored([1.0] * 100, [1] * 100)
    outcome = judged(NAME, table, ROLES)
    assert (outcome.verdict, measured(outcome, "brier_skill").value) == ("passed", None)
    assert judged(NAME, table, ROLES, min_skill=0.1).verdict == "inconclusive"


@pytest.mark.parametrize("score", [1.5, -0.1, float("nan")])
def test_a_score_that_is_no_probability_is_inconclusive(score: float) -> None:
    assert judged(NAME, scored([0.5] * 100 + [score], [1, 0] * 50 + [1]), ROLES).verdict == "inconclusive"


def test_rows_without_a_label_are_left_out_and_counted() -> None:
    outcome = judged(NAME, scored([0.5] * 101, [1, 0] * 50 + [None]), ROLES)
    assert outcome.report.notes == ("1 of 101 rows have no label and are left out.",)
    assert judged(NAME, scored([0.5] * 100, [1, 0] * 49 + [1, None]), ROLES).verdict == "inconclusive"


def test_figures_are_scikit_learns() -> None:
    table = sample(5_000, 1.5)
    scores, labels = table["score"].to_numpy(), table["truth"].to_numpy()
    outcome = judged(NAME, table, ROLES)
    assert measured(outcome, "brier_score").value == pytest.approx(metrics.brier_score_loss(labels, scores), abs=1e-12)
    assert measured(outcome, "log_loss").value == pytest.approx(metrics.log_loss(labels, scores), abs=1e-12)
    bins = np.minimum((scores * 10).astype(int), 9)
    expected = sum(abs(scores[bins == b].mean() - labels[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    assert measured(outcome, "expected_calibration_error").value == pytest.approx(expected, abs=1e-12)


def test_intervals_are_those_of_the_bootstrap_of_rows() -> None:
    table = sample(2_000, 1.5)
    scores, labels = table["score"].to_numpy(), table["truth"].to_numpy()
    outcome, random = judged(NAME, table, ROLES), np.random.default_rng(1)
    picks = [random.integers(0, len(scores), len(scores)) for _ in range(800)]
    for name, loss in (("brier_score", metrics.brier_score_loss), ("log_loss", metrics.log_loss)):
        drawn = np.quantile([loss(labels[rows], scores[rows]) for rows in picks], [0.025, 0.975])
        found = measured(outcome, name)
        assert (found.low, found.high) == pytest.approx(drawn, rel=0.02)
