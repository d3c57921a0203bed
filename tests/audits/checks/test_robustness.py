"""performance.robustness against hand-made answers of a model."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Disturbances, Outcome, recompute
from audits.checks.statistics.disturbances import LEVELS, Answers
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.robustness"
SAME = dict.fromkeys(LEVELS, Answers())


def look(given: Disturbances | None, **parameters: Any) -> Outcome:
    statistics = None if given is None else {Disturbances: given}
    return judged(NAME, pa.table({}), statistics=statistics, **parameters)


def classified(loss: float | None = 40, **answers: Any) -> Disturbances:
    """Answers to 400 rows, of which 40 are decided wrongly."""
    kinds = {"blank": SAME, "noise": SAME, "features": {}}
    return Disturbances(400, 9_000, 7, 0.5, loss, **{**kinds, **answers})


def test_a_model_that_answers_the_same_passes() -> None:
    outcome = look(classified())
    assert outcome.verdict == "passed"
    assert measured(outcome, "loss").value == 0.1
    assert measured(outcome, "loss_growth", "blank/0.1").value == 0.0
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_a_known_growth_is_found_and_exactly_on_the_limit_passes() -> None:
    # 30 broken and 10 mended: (40 + 30 - 10) / 400 less 40 / 400.
    disturbed = SAME | {"0.1": Answers(moved=0.2, changed=40, broken=30, mended=10)}
    given = classified(blank=disturbed, features={"income": Answers(changed=80, broken=80)})
    assert look(given).verdict == "passed"
    outcome = look(given, max_blank_loss=0.0499)
    assert keys(outcome) == [f"{NAME}/blank/0.1"]
    assert measured(outcome, "loss_growth", "blank/0.1").value == 0.05
    assert measured(outcome, "changed_decisions", "blank/0.1").value == 0.1
    assert measured(outcome, "score_change", "blank/0.1").value == 0.2
    assert look(given, max_blank_loss=0.0499, at="0.05").verdict == "passed"
    assert keys(look(given, max_feature_loss=0.19)) == [f"{NAME}/feature/income"]
    assert f"{NAME}/blank/0.1/changed_decisions" in keys(look(given, max_changed=0.09))


def test_the_growth_of_a_regression_has_the_interval_of_paired_differences() -> None:
    growth = np.random.default_rng(2).normal(0.3, 1.0, 500)
    one = Answers(moved=1.0, increase=float(growth.sum()), increase_2=float((growth**2).sum()))
    given = Disturbances(500, 500, 7, None, 250.0, SAME | {"0.1": one}, SAME, {})
    found = measured(look(given), "loss_growth", "blank/0.1")
    reach = NormalDist().inv_cdf(0.975) * growth.std(ddof=1) / np.sqrt(500)
    assert found.value == pytest.approx(growth.mean(), abs=1e-12)
    assert found.high == pytest.approx(growth.mean() + reach, rel=1e-9)
    assert found.unit == "of the label"


def test_without_answers_nothing_passes() -> None:
    assert look(None).sentence == f"{NAME} needs a model that can be run, and none was opened."
    assert look(None).verdict == "inconclusive"
    silent = classified(blank=dict.fromkeys(LEVELS, Answers("The model takes no missing cells.")))
    outcome = look(silent)
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == "No answer for blank/0.1: The model takes no missing cells."
    assert measured(outcome, "loss_growth", "noise/0.1").value == 0.0
    assert look(silent, max_blank_loss=None).verdict == "passed"
    unlabelled = look(classified(loss=None))
    assert "declares no label" in unlabelled.sentence
    assert look(classified(loss=None), max_blank_loss=None, max_noise_loss=None, max_changed=0.1).verdict == "passed"
    few = Disturbances(99, 99, 7, 0.5, 1.0, SAME, SAME, {})
    assert look(few).sentence == "The model was asked for 99 rows, 100 are needed."
