"""performance.confusion against hand-made tables and scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from audits.checks import Roles
from tests.audits.checks.tables import FOREST, confusion, forest, judged, keys, measured

NAME = "performance.confusion"
MANY = Roles(task="multiclass", label="truth", prediction="given")


def rows(*pairs: tuple[object, object]) -> pa.Table:
    return pa.table({"truth": [true for true, _ in pairs], "given": [given for _, given in pairs]})


def test_a_table_of_right_classes_is_ideal() -> None:
    outcome = judged(NAME, rows(*[("a", "a"), ("b", "b"), ("c", "c")] * 10), MANY)
    assert outcome.verdict == "passed"
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "cohens_kappa", "matthews_correlation"):
        assert measured(outcome, name).value == 1.0
    assert measured(outcome, "gain_over_majority").value == pytest.approx(2 / 3, abs=1e-15)


def test_a_model_worse_than_the_majority_is_found() -> None:
    table = rows(*[("a", "a")] * 10, *[("a", "b")] * 11, *[("b", "a")] * 9)
    outcome = judged(NAME, table, MANY)
    assert keys(outcome) == [NAME]
    assert measured(outcome, "gain_over_majority").value == pytest.approx(10 / 30 - 21 / 30, abs=1e-15)


def test_exactly_on_the_limit_passes() -> None:
    table = rows(*[("a", "a")] * 7, *[("a", "b")] * 3, *[("b", "b")] * 14, *[("b", "a")] * 6)
    assert judged(NAME, table, MANY, min_balanced_accuracy=0.7, min_class_recall=0.7).verdict == "passed"
    assert judged(NAME, table, MANY, min_balanced_accuracy=0.7001).verdict == "failed"
    outcome = judged(NAME, table, MANY, min_class_recall=0.7001)
    assert keys(outcome) == [f"{NAME}/truth/a/recall", f"{NAME}/truth/b/recall"]


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    outcome = judged(NAME, rows(*[("a", "a")] * 29, ("b", "a")), MANY)
    assert measured(outcome, "precision", "truth/b").value is None
    assert measured(outcome, "macro_precision").value is None
    assert measured(outcome, "f1", "truth/b").value == 0.0


def test_one_class_alone_is_undefined_and_never_passes_a_limit() -> None:
    outcome = judged(NAME, rows(*[("a", "a")] * 40), MANY, min_kappa=0.1)
    assert outcome.verdict == "inconclusive"
    assert measured(outcome, "cohens_kappa").value is None
    assert measured(outcome, "matthews_correlation").value is None


def test_blank_predictions_and_few_rows_are_inconclusive() -> None:
    assert judged(NAME, rows(*[("a", "a")] * 40, ("b", None)), MANY).verdict == "inconclusive"
    assert judged(NAME, rows(*[("a", "a")] * 29, (None, "a")), MANY).verdict == "inconclusive"
    assert judged(NAME, rows(*[("a", "a")] * 15, *[("b", "b")] * 15, (None, "a")), MANY).report.notes


def test_too_many_classes_are_refused() -> None:
    outcome = judged(NAME, rows(*[(str(n), "a") for n in range(60)]), MANY)
    assert outcome.verdict == "inconclusive"
    assert "more than 50 classes" in outcome.sentence


def test_intervals_hold_their_estimate_and_repeat() -> None:
    table = confusion(a=(30, 10, 5, 40))
    first, second = judged(NAME, table), judged(NAME, table)
    assert first.to_document() == second.to_document()
    for one in first.report.measurements:
        if one.low is not None:
            assert one.low <= one.value <= one.high


@settings(max_examples=60)
@given(pairs=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1, max_size=60))
def test_figures_are_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    outcome = judged(NAME, rows(*pairs), MANY, min_rows=1, min_gain=None)
    true, given_ = [t for t, _ in pairs], [g for _, g in pairs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kappa = metrics.cohen_kappa_score(true, given_)
        expected = {
            "accuracy": metrics.accuracy_score(true, given_),
            "balanced_accuracy": metrics.balanced_accuracy_score(true, given_),
            "macro_f1": metrics.f1_score(true, given_, average="macro"),
            "weighted_f1": metrics.f1_score(true, given_, average="weighted"),
            "cohens_kappa": None if np.isnan(kappa) else kappa,
            "matthews_correlation": metrics.matthews_corrcoef(true, given_),
        }
        names = sorted({*true, *given_})
        lines = metrics.precision_recall_fscore_support(true, given_, labels=names, zero_division=np.nan)
    for name, value in expected.items():
        found = measured(outcome, name).value
        if found is None:
            # scikit-learn calls an undefined correlation 0; here it stays undefined.
            assert value in (None, 0.0, 1.0)
        else:
            assert found == pytest.approx(value, abs=1e-12)
    for what, values in zip(("precision", "recall"), lines[:2], strict=True):
        for name, value in zip(names, values, strict=True):
            found = measured(outcome, what, f"truth/{name}").value
            assert found is None if np.isnan(value) else found == pytest.approx(value, abs=1e-12)


def test_figures_of_the_forest_are_scikit_learns() -> None:
    columns = forest().to_pandas()
    true, given_ = columns["y_true"], columns["y_pred"]
    outcome = judged(NAME, forest(), FOREST)
    assert measured(outcome, "matthews_correlation").value == pytest.approx(
        metrics.matthews_corrcoef(true, given_), abs=1e-12
    )
    assert measured(outcome, "specificity", "y_true/1").value == pytest.approx(
        metrics.recall_score(true, given_, pos_label=0), abs=1e-12
    )
    matrix = metrics.confusion_matrix(true, given_)
    assert measured(outcome, "confusion", "y_true/1 given 0").value == matrix[1, 0]


def test_the_interval_of_a_redrawn_figure_is_that_of_the_bootstrap_of_rows() -> None:
    table = confusion(a=(60, 25, 15, 100))
    found = measured(judged(NAME, table), "macro_f1")
    truth, decision, random = table["truth"].to_numpy(), table["decision"].to_numpy(), np.random.default_rng(0)
    drawn = []
    for _ in range(1_000):
        some = random.integers(0, len(truth), len(truth))
        drawn.append(metrics.f1_score(truth[some], decision[some], average="macro"))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.015)
