"""fairness.class_parity against hand-made tables, fairlearn and scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate
from sklearn.metrics import precision_score, recall_score

from audits.checks import GroupClassCounts, Roles
from audits.checks.engine import recompute
from tests.audits.checks.tables import DECISIONS, SEX, confusion, judged, keys, measured

NAME = "fairness.class_parity"
ROLES = Roles(task="multiclass", label="truth", prediction="given", sensitive=SEX)


def rows(**groups: dict[tuple[object, object], int]) -> pa.Table:
    """People by group: (true, given) and how many."""
    spread = [(sex, *pair) for sex, cells in groups.items() for pair, n in cells.items() for _ in range(n)]
    return pa.table({name: [row[place] for row in spread] for place, name in enumerate(("sex", "truth", "given"))})


# Recall of a: 3/4 and 1/2; of b: 1 and 1; of c: 1/2 and 1/2. Means: 3/4 and 2/3.
THREE = rows(
    Female={("a", "a"): 30, ("a", "b"): 10, ("b", "b"): 40, ("c", "c"): 20, ("c", "a"): 20},
    Male={("a", "a"): 20, ("a", "b"): 20, ("b", "b"): 40, ("c", "c"): 20, ("c", "b"): 20},
)


def test_rates_of_each_class_and_their_means_come_out_by_hand() -> None:
    outcome = judged(NAME, THREE, ROLES, max_difference=0.25, max_macro_difference=1.0)
    assert outcome.verdict == "passed"
    assert measured(outcome, "true_positive_rate", "sex for class a/Female").value == 0.75
    gaps = {c: measured(outcome, "true_positive_rate_difference", f"sex for class {c}").value for c in "abc"}
    assert gaps == {"a": 0.25, "b": 0.0, "c": 0.0}
    assert measured(outcome, "macro_true_positive_rate", "sex/Female").value == 0.75
    gap = measured(outcome, "macro_true_positive_rate_difference", "sex")
    assert gap.value == pytest.approx(1 / 12, abs=1e-15)
    assert gap.low <= gap.value <= gap.high


def test_the_class_that_is_beyond_its_limit_is_named() -> None:
    assert keys(judged(NAME, THREE, ROLES, max_difference=0.24)) == [f"{NAME}/sex for class a"]
    both = judged(NAME, THREE, ROLES, max_difference=0.24, max_macro_difference=0.08)
    assert keys(both) == [f"{NAME}/sex for class a", f"{NAME}/sex"]


def test_one_group_a_class_without_rows_and_blanks() -> None:
    one = rows(Female={("a", "a"): 40, ("b", "b"): 40})
    assert judged(NAME, one, ROLES).verdict == "inconclusive"
    # No man is truly of class c: his recall of it is undefined and never 0.
    lacking = rows(
        Female={("a", "a"): 40, ("b", "b"): 40, ("c", "c"): 40}, Male={("a", "a"): 40, ("b", "b"): 40, ("a", "c"): 1}
    )
    outcome = judged(NAME, lacking, ROLES)
    assert outcome.verdict == "inconclusive"
    assert measured(outcome, "true_positive_rate", "sex for class c/Male").value is None
    assert judged(NAME, lacking, ROLES, leave_out=["Male"]).verdict == "inconclusive"
    blank = THREE.set_column(2, "given", pa.array([None, *THREE["given"].to_pylist()[1:]]))
    assert judged(NAME, blank, ROLES).verdict == "inconclusive"


def test_labels_are_needed_for_all_but_the_share_of_a_class() -> None:
    unlabelled = Roles(task="multiclass", prediction="given", sensitive=SEX)
    assert judged(NAME, THREE, unlabelled).verdict == "inconclusive"
    outcome = judged(NAME, THREE, unlabelled, rate="selection_rate", max_difference=0.1)
    # Given a: 50 of 120 and 20 of 120; given b: 50 and 80.
    assert keys(outcome) == [f"{NAME}/sex for class a", f"{NAME}/sex for class b"]


def test_two_classes_are_the_binary_rates() -> None:
    table = confusion(Female=(30, 10, 20, 40), Male=(35, 5, 15, 45))
    outcome = judged(NAME, table, DECISIONS, max_difference=None)
    assert measured(outcome, "true_positive_rate_difference", "sex for class 1").value == pytest.approx(0.1, abs=1e-15)
    assert measured(outcome, "true_positive_rate_difference", "sex for class 0").value == pytest.approx(0.1, abs=1e-15)


def sample(n: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(9)
    truth = random.integers(0, 4, n)
    wrong = random.random(n) < 0.35
    return {
        "sex": random.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
        "truth": truth,
        "given": np.where(wrong, random.integers(0, 4, n), truth),
    }


@pytest.mark.parametrize("rate", ["selection_rate", "true_positive_rate", "false_positive_rate", "precision"])
def test_rates_are_those_of_fairlearn_and_scikit_learn(rate: str) -> None:
    columns = sample(2_000)
    outcome = judged(NAME, pa.table(columns), ROLES, rate=rate, max_difference=None)
    oracle = {
        "selection_rate": selection_rate,
        "true_positive_rate": recall_score,
        "false_positive_rate": false_positive_rate,
        "precision": precision_score,
    }[rate]
    macro = np.zeros(3)
    for label in range(4):
        frame = MetricFrame(
            metrics=oracle,
            y_true=(columns["truth"] == label).astype(int),
            y_pred=(columns["given"] == label).astype(int),
            sensitive_features=columns["sex"],
        )
        for place, (group, value) in enumerate(frame.by_group.items()):
            macro[place] += value / 4
            found = measured(outcome, rate, f"sex for class {label}/{group}")
            assert found.value == pytest.approx(value, abs=1e-12)
        gap = measured(outcome, f"{rate}_difference", f"sex for class {label}")
        assert gap.value == pytest.approx(frame.difference(), abs=1e-12)
    for group, value in zip("abc", macro, strict=True):
        assert measured(outcome, f"macro_{rate}", f"sex/{group}").value == pytest.approx(value, abs=1e-12)
    gap = measured(outcome, f"macro_{rate}_difference", "sex")
    assert gap.value == pytest.approx(macro.max() - macro.min(), abs=1e-12)


def test_the_mean_over_classes_is_scikit_learns() -> None:
    columns = sample(800)
    outcome = judged(NAME, pa.table(columns), ROLES, max_difference=None)
    mine = columns["sex"] == "a"
    expected = recall_score(columns["truth"][mine], columns["given"][mine], average="macro")
    assert measured(outcome, "macro_true_positive_rate", "sex/a").value == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_the_gap_is_that_of_the_bootstrap_of_rows() -> None:
    columns = sample(600)
    found = measured(
        judged(NAME, pa.table(columns), ROLES, max_difference=None, min_rows_per_class=1),
        "true_positive_rate_difference",
        "sex for class 1",
    )
    random, drawn = np.random.default_rng(0), []
    for _ in range(600):
        rows_drawn = random.integers(0, 600, 600)
        sex, truth, given = (columns[name][rows_drawn] for name in ("sex", "truth", "given"))
        rates = [((given == 1) & (truth == 1) & (sex == s)).sum() / ((truth == 1) & (sex == s)).sum() for s in "abc"]
        drawn.append(max(rates) - min(rates))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((min(low, found.value), max(high, found.value)), abs=0.03)


def test_batches_merging_and_the_stored_document_give_the_same() -> None:
    whole = judged(NAME, THREE, ROLES)
    assert recompute(whole.to_document()).to_document() == whole.to_document()
    halves = [GroupClassCounts.empty(ROLES) for _ in range(2)]
    for half, part in zip(halves, (THREE.slice(0, 100), THREE.slice(100)), strict=True):
        half.seed = 11
        for batch in part.to_batches(max_chunksize=9):
            half.add(batch)
    halves[1].merge(halves[0])
    assert halves[1].to_document() == whole.statistics["evaluation"]["GroupClassCounts"]
