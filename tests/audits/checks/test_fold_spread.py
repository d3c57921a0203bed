"""performance.fold_spread against hand-made tables and numpy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles, recompute
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.fold_spread"
CLASSES = Roles(task="multiclass", label="y", prediction="p", fold="part")
NUMBERS = Roles(task="regression", label="y", prediction="p", fold="part")


def folds(*wrong: int, size: int = 100) -> pa.Table:
    """Folds of equal size, each with so many wrong decisions."""
    rows = [(f"fold {place}", "a", "b" if row < n else "a") for place, n in enumerate(wrong) for row in range(size)]
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(("part", "y", "p"))})


def test_folds_that_are_alike_pass() -> None:
    outcome = judged(NAME, folds(10, 10, 10), CLASSES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "loss_spread").value == 0.0
    assert measured(outcome, "mean_loss").value == 0.1


def test_a_known_spread_is_found() -> None:
    # Losses 0.1, 0.2, 0.3: deviations -0.1, 0, 0.1; sqrt(0.02 / 2) = 0.1.
    outcome = judged(NAME, folds(10, 20, 30), CLASSES)
    assert keys(outcome) == [NAME]
    assert measured(outcome, "loss_spread").value == pytest.approx(0.1, abs=1e-15)
    assert measured(outcome, "loss_range").value == pytest.approx(0.2, abs=1e-15)
    assert measured(outcome, "loss", "part/fold 2").value == 0.3
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_exactly_on_the_limit_passes() -> None:
    assert judged(NAME, folds(10, 20, 30), CLASSES, max_spread=0.1).verdict == "passed"
    ranged = judged(NAME, folds(10, 20, 30), CLASSES, max_spread=None, max_range=0.2)
    assert ranged.verdict == "passed"
    assert judged(NAME, folds(10, 20, 31), CLASSES, max_spread=None, max_range=0.2).verdict == "failed"


def test_the_spread_of_a_regression_is_numpys_in_any_order_of_the_rows() -> None:
    random = np.random.default_rng(3)
    part, label, given = random.integers(0, 5, 500), random.normal(size=500), random.normal(size=500)
    table = pa.table({"part": part, "y": label, "p": given})
    outcome = judged(NAME, table, NUMBERS)
    means = [np.abs(given - label)[part == fold].mean() for fold in range(5)]
    assert measured(outcome, "loss_spread").value == pytest.approx(np.std(means, ddof=1), abs=1e-12)
    shuffled = judged(NAME, table.take(random.permutation(500)), NUMBERS)
    assert shuffled.to_document() == outcome.to_document()


def test_one_fold_small_folds_and_rows_without_a_fold_are_inconclusive() -> None:
    assert "1 folds, 3 are needed" in judged(NAME, folds(10), CLASSES).sentence
    assert "1 folds, 2 are needed" in judged(NAME, folds(10), CLASSES, min_folds=1).sentence
    assert "fold 0 (29)" in judged(NAME, folds(1, 1, 1, size=29), CLASSES).sentence
    gone = folds(10, 10, 10).to_pylist()
    gone[0]["part"] = None
    assert "1 of 300 rows lack" in judged(NAME, pa.Table.from_pylist(gone), CLASSES).sentence
    assert judged(NAME, folds(), CLASSES).verdict == "inconclusive"
