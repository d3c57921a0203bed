"""Every check of one rate between groups, against answers worked out by hand, fairlearn and scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_ratio,
    equalized_odds_ratio,
    false_negative_rate,
    false_positive_rate,
)
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, precision_score, zero_one_loss

from audits.checks import Roles, SensitiveColumn
from tests.audits.checks.tables import DECISIONS, FOREST, confusion, forest, judged, keys, measured

# True and false positives, false and true negatives.
GAP = confusion(Female=(30, 10, 20, 40), Male=(35, 5, 15, 45))


def false_omission_rate(truth: Any, decision: Any) -> float:
    ((tn, _), (fn, _)) = confusion_matrix(truth, decision, labels=[0, 1])
    return fn / (fn + tn)


def errors_against_errors_for(truth: Any, decision: Any) -> float:
    ((_, fp), (fn, _)) = confusion_matrix(truth, decision, labels=[0, 1])
    return fn / fp


@dataclass(frozen=True)
class Parity:
    """A check, its figure by group, and what it says about GAP by hand: each group, difference, ratio."""

    check: str
    minimum: str
    rate: str
    stem: str
    female: Fraction
    male: Fraction
    oracle: Callable[[Any, Any], float]


def parity(check: str, minimum: str, rate: str, female: str, male: str, oracle: Any, stem: str = "") -> Parity:
    return Parity(check, minimum, rate, stem or rate, Fraction(female), Fraction(male), oracle)


EVERY = [
    parity("fairness.predictive_parity", "min_selected", "precision", "3/4", "7/8", precision_score),
    parity(
        "fairness.false_positive_rate_parity",
        "min_negatives",
        "false_positive_rate",
        "1/5",
        "1/10",
        false_positive_rate,
    ),
    parity(
        "fairness.false_negative_rate_parity",
        "min_positives",
        "false_negative_rate",
        "2/5",
        "3/10",
        false_negative_rate,
    ),
    parity(
        "fairness.false_discovery_rate_parity",
        "min_selected",
        "false_discovery_rate",
        "1/4",
        "1/8",
        lambda truth, decision: 1 - precision_score(truth, decision),
    ),
    parity(
        "fairness.false_omission_rate_parity", "min_rejected", "false_omission_rate", "1/3", "1/4", false_omission_rate
    ),
    parity("fairness.accuracy_parity", "min_group_size", "accuracy", "7/10", "4/5", accuracy_score),
    parity("fairness.error_rate_parity", "min_group_size", "error_rate", "3/10", "1/5", zero_one_loss),
    parity(
        "fairness.balanced_accuracy_parity",
        "min_per_label",
        "balanced_accuracy",
        "7/10",
        "4/5",
        balanced_accuracy_score,
    ),
    parity(
        "fairness.treatment_equality",
        "min_errors",
        "false_negatives_per_false_positive",
        "2",
        "3",
        errors_against_errors_for,
        "treatment_equality",
    ),
]
CASES = [pytest.param(case, id=case.check) for case in EVERY]
RATIOS = ["fairness.demographic_parity_ratio", "fairness.equalized_odds_ratio"]


@pytest.mark.parametrize("case", CASES)
def test_figures_are_those_worked_out_by_hand(case: Parity) -> None:
    outcome = judged(case.check, GAP, **{case.minimum: 10}, max_difference=None)
    assert measured(outcome, case.rate, "sex/Female").value == float(case.female)
    assert measured(outcome, case.rate, "sex/Male").value == float(case.male)
    difference, ratio = (measured(outcome, f"{case.stem}_{kind}", "sex") for kind in ("difference", "ratio"))
    assert difference.value == float(abs(case.female - case.male))
    assert ratio.value == float(min(case.female, case.male) / max(case.female, case.male))
    assert difference.low < difference.value < difference.high
    assert ratio.low < ratio.value < ratio.high
    worst = "Female against Male" if case.female < case.male else "Male against Female"
    assert difference.note == ratio.note == worst


@pytest.mark.parametrize("case", CASES)
def test_a_figure_on_its_limit_is_within_it_and_the_next_number_is_not(case: Parity) -> None:
    difference = abs(case.female - case.male)
    # Twelve digits cut off and rounded up surround the figure, or are equal to it.
    over, under = float(np.ceil(float(difference) * 1e12 - 1e-3) / 1e12), float(difference) - 1e-12
    assert judged(case.check, GAP, **{case.minimum: 10}, max_difference=over, min_ratio=None).verdict == "passed"
    outcome = judged(case.check, GAP, **{case.minimum: 10}, max_difference=under, min_ratio=None)
    assert keys(outcome) == [f"{case.check}/sex"]
    ratio = min(case.female, case.male) / max(case.female, case.male)
    beyond = judged(case.check, GAP, **{case.minimum: 10}, max_difference=None, min_ratio=float(ratio) + 1e-12)
    assert keys(beyond) == [f"{case.check}/sex/ratio"]
    within = judged(case.check, GAP, **{case.minimum: 10}, max_difference=None, min_ratio=float(ratio) - 1e-12)
    assert within.verdict == "passed"


@pytest.mark.parametrize("case", CASES)
def test_groups_treated_alike_pass(case: Parity) -> None:
    table = confusion(Female=(30, 10, 20, 40), Male=(60, 20, 40, 80))
    outcome = judged(case.check, table, **{case.minimum: 10}, max_difference=0.0, min_ratio=1.0)
    assert outcome.verdict == "passed"


@pytest.mark.parametrize("case", CASES)
def test_one_group_an_empty_group_and_labels_of_one_kind(case: Parity) -> None:
    assert judged(case.check, confusion(Female=(30, 10, 20, 40))).verdict == "inconclusive"
    labels = {name: name for name in ("Female", "Male", "Other")}
    roles = Roles(**{**vars(DECISIONS), "sensitive": (SensitiveColumn("sex", labels=labels),)})
    empty = judged(case.check, GAP, roles, **{case.minimum: 10}, max_difference=None, min_ratio=0.1)
    assert empty.verdict == "inconclusive"
    assert "Other (0)" in empty.sentence
    nothing_wrong = judged(
        case.check, confusion(Female=(40, 0, 0, 0), Male=(50, 0, 0, 0)), **{case.minimum: 10}, max_difference=0.0
    )
    defined = case.rate in ("precision", "false_discovery_rate", "false_negative_rate", "accuracy", "error_rate")
    ratio_stands = "treatment" in case.check
    assert nothing_wrong.verdict == ("passed" if defined and not ratio_stands else "inconclusive")


@pytest.mark.parametrize("case", CASES)
def test_too_few_rows_in_the_denominator_are_not_compared(case: Parity) -> None:
    outcome = judged(case.check, GAP, **{case.minimum: 1_000})
    assert outcome.verdict == "inconclusive"
    assert "too few rows" in outcome.sentence


@pytest.mark.parametrize("case", CASES)
def test_figures_on_adult_are_those_of_fairlearn_and_scikit_learn(case: Parity) -> None:
    table = forest()
    columns = table.to_pandas()
    outcome = judged(case.check, table, FOREST, max_difference=None, **{case.minimum: 1})
    for attribute in ("sex", "race"):
        frame = MetricFrame(
            metrics=case.oracle,
            y_true=columns["y_true"],
            y_pred=columns["y_pred"],
            sensitive_features=columns[attribute],
        )
        for group, value in frame.by_group.items():
            found = measured(outcome, case.rate, f"{attribute}/{group}")
            assert found.value == pytest.approx(value, abs=1e-12)
            assert found.low < found.value < found.high
        for kind, value in (("difference", frame.difference()), ("ratio", frame.ratio())):
            assert measured(outcome, f"{case.stem}_{kind}", attribute).value == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", RATIOS)
def test_ratios_are_those_of_fairlearn(name: str) -> None:
    table = forest()
    columns = table.to_pandas()
    oracle = {"demographic_parity_ratio": demographic_parity_ratio, "equalized_odds_ratio": equalized_odds_ratio}
    outcome = judged(name, table, FOREST, min_ratio=0.0)
    stem = name.partition(".")[2]
    for attribute in ("sex", "race"):
        value = oracle[stem](columns["y_true"], columns["y_pred"], sensitive_features=columns[attribute])
        found = measured(outcome, stem, attribute)
        assert found.value == pytest.approx(value, abs=1e-12)
        assert found.low < found.value < found.high


@pytest.mark.parametrize("name", RATIOS)
def test_a_ratio_is_held_against_its_limit(name: str) -> None:
    # Selected 40 and 40 of 100: one. True positive rates 3/5 and 7/10, false positive rates 1/5 and 1/10: one half.
    exact = {"fairness.demographic_parity_ratio": 1.0, "fairness.equalized_odds_ratio": 0.5}[name]
    stem = name.partition(".")[2]
    assert measured(judged(name, GAP, min_ratio=exact), stem, "sex").value == exact
    assert judged(name, GAP, min_ratio=exact).verdict == "passed"
    worse = confusion(Female=(30, 10, 20, 40), Male=(35, 4, 15, 46))
    assert keys(judged(name, worse, min_ratio=exact)) == [f"{name}/sex"]
    assert judged(name, confusion(Female=(30, 10, 20, 40))).verdict == "inconclusive"


def test_a_rate_of_zero_everywhere_has_no_ratio() -> None:
    perfect = confusion(Female=(50, 0, 0, 50), Male=(40, 0, 0, 60))
    outcome = judged("fairness.equalized_odds_ratio", perfect)
    assert outcome.verdict == "inconclusive"
    assert "the false positive rate of every group is zero" in outcome.sentence
    nobody = confusion(Female=(0, 0, 0, 50), Male=(0, 0, 0, 60))
    assert judged("fairness.demographic_parity_ratio", nobody).verdict == "inconclusive"


def test_the_interval_of_balanced_accuracy_covers_it() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(150):
        hits, right = int(random.binomial(60, 0.7)), int(random.binomial(60, 0.9))
        table = confusion(Female=(hits, 60 - right, 60 - hits, right), Male=(42, 6, 18, 54))
        found = measured(judged("fairness.balanced_accuracy_parity", table), "balanced_accuracy", "sex/Female")
        covered += found.low <= 0.8 <= found.high
    assert covered >= 137


def test_zero_in_favour_says_which_class_a_rate_is_about() -> None:
    turned = Roles(**{**vars(DECISIONS), "favourable": 0})
    outcome = judged("fairness.predictive_parity", GAP, turned)
    assert measured(outcome, "precision", "sex/Female").value == 40 / 60
