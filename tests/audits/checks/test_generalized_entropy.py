"""fairness.generalized_entropy against answers worked out by hand and the definition over single people."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import FOREST, confusion, forest, judged, keys, measured

NAME = "fairness.generalized_entropy"


def over_people(benefits: np.ndarray, alpha: float) -> float:
    """Generalized entropy person by person, in the words of AIF360's generalized_entropy_error."""
    mean = np.mean(benefits)
    if alpha == 1:
        filled = benefits[benefits > 0]
        return float(np.sum(filled / mean * np.log(filled / mean)) / len(benefits))
    if alpha == 0:
        return float(-np.mean(np.log(benefits / mean)))
    return float(np.mean((benefits / mean) ** alpha - 1) / (alpha * (alpha - 1)))


def test_right_decisions_are_equal_benefits() -> None:
    outcome = judged(NAME, confusion(Female=(20, 0, 0, 20), Male=(30, 0, 0, 10)), max_entropy=0.0)
    assert outcome.verdict == "passed"
    for name, group in (("generalized_entropy", None), ("theil_index", None), ("between_group_entropy", "sex")):
        assert measured(outcome, name, group).value == 0.0


def test_a_known_inequality_comes_out_by_hand() -> None:
    # Benefits: 50 of 1, 25 of 0, 25 of 2, mean 1. Half of the mean square less one: (50 + 100) / 100 = 1.5.
    outcome = judged(NAME, confusion(Female=(25, 25, 0, 0), Male=(0, 0, 25, 25)))
    assert measured(outcome, "generalized_entropy").value == 0.25
    assert measured(outcome, "theil_index").value == pytest.approx(0.5 * math.log(2), abs=1e-15)
    # Women have 1.5 on average, men 0.5: half of (2.25 + 0.25) / 2 less one.
    assert measured(outcome, "between_group_entropy", "sex").value == 0.125


def test_exactly_on_the_limit_passes_and_above_it_is_found() -> None:
    table = confusion(Female=(25, 25, 0, 0), Male=(0, 0, 25, 25))
    assert judged(NAME, table, max_entropy=0.25).verdict == "passed"
    assert keys(judged(NAME, table, max_entropy=0.2499)) == [NAME]
    assert judged(NAME, table, max_entropy=0.26, decide_on="interval").verdict == "inconclusive"


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0, 3.0])
def test_figures_on_adult_are_those_of_the_definition_over_people(alpha: float) -> None:
    table = forest()
    columns = table.to_pandas()
    benefits = (1 + columns["y_pred"] - columns["y_true"]).to_numpy(float)
    outcome = judged(NAME, table, FOREST, alpha=alpha)
    found = measured(outcome, "generalized_entropy")
    assert found.value == pytest.approx(over_people(benefits, alpha), abs=1e-12)
    assert found.low < found.value < found.high
    assert measured(outcome, "theil_index").value == pytest.approx(over_people(benefits, 1), abs=1e-12)
    for attribute in ("sex", "race"):
        means = columns.assign(benefit=benefits).groupby(attribute)["benefit"].transform("mean").to_numpy()
        between = measured(outcome, "between_group_entropy", attribute)
        assert between.value == pytest.approx(over_people(means, alpha), abs=1e-12)


def test_an_index_that_is_not_defined_is_inconclusive() -> None:
    assert judged(NAME, confusion(Female=(0, 0, 40, 0))).verdict == "inconclusive"
    missed = judged(NAME, confusion(Female=(20, 0, 20, 0)), alpha=0.0)
    assert missed.verdict == "inconclusive"
    assert judged(NAME, confusion(Female=(5, 0, 5, 0))).verdict == "inconclusive"


def test_labels_that_are_all_true_and_one_group_are_measured() -> None:
    outcome = judged(NAME, confusion(Female=(30, 0, 10, 0)))
    assert measured(outcome, "generalized_entropy").value == pytest.approx(1 / 6, abs=1e-15)
    assert measured(outcome, "between_group_entropy", "sex").value == 0.0


def test_where_nearly_nobody_by_weight_has_a_benefit_the_index_is_undefined_and_nothing_breaks() -> None:
    # Of the weight of 1 nobody has a benefit; who has one weighs 2e-311.
    table = pa.table({"g": ["a", "a"], "y": [1, 0], "p": [0, 0], "w": [1.0, 2e-311]})
    roles = Roles("binary", 1, label="y", prediction="p", weight="w", sensitive=(SensitiveColumn("g"),))
    outcome = judged(NAME, table, roles, min_rows=1)
    assert outcome.verdict == "inconclusive"
    assert "undefined" in outcome.sentence
