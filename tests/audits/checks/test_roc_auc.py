"""performance.roc_auc against hand-made tables and scikit-learn."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from audits.checks import Roles, SensitiveColumn
from audits.checks.statistics.kept_rows import MOST_ROWS
from tests.audits.checks.tables import adult, judged, keys, measured

NAME = "performance.roc_auc"
ROLES = Roles(task="binary", favourable=1, label="truth", score="score")


def scored(*rows: tuple[float | None, int, int]) -> pa.Table:
    """Rows of score, label and how often."""
    scores = [score for score, _, times in rows for _ in range(times)]
    labels = [label for _, label, times in rows for _ in range(times)]
    return pa.table({"score": pa.array(scores, pa.float64()), "truth": pa.array(labels, pa.int64())})


def test_scores_that_part_the_labels_have_the_area_one() -> None:
    outcome = judged(NAME, scored((0.9, 1, 40), (0.1, 0, 40)), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "roc_auc").value == 1.0


def test_scores_that_say_nothing_are_found() -> None:
    outcome = judged(NAME, scored((0.5, 1, 40), (0.5, 0, 40)), ROLES)
    assert measured(outcome, "roc_auc").value == 0.5
    assert keys(outcome) == [NAME]


def test_exactly_on_the_limit_passes() -> None:
    # 8 of 40 positives stand above the negatives, none below: 1/2 + 1/2 * 8/40 = 0.6
    table = scored((0.9, 1, 8), (0.5, 1, 32), (0.5, 0, 40))
    assert judged(NAME, table, ROLES, min_auc=0.6).verdict == "passed"
    assert judged(NAME, table, ROLES, min_auc=0.61).verdict == "failed"


def test_labels_that_are_all_true_have_no_area() -> None:
    outcome = judged(NAME, scored((0.9, 1, 80)), ROLES)
    assert outcome.verdict == "inconclusive"
    assert "80 favourable and 0 other labels" in outcome.sentence


def test_a_row_without_a_score_makes_the_table_inconclusive() -> None:
    outcome = judged(NAME, scored((0.9, 1, 40), (0.1, 0, 40), (None, 1, 1)), ROLES)
    assert "1 of 81 rows have no score" in outcome.sentence


def test_no_rows_are_inconclusive() -> None:
    assert judged(NAME, scored(), ROLES).verdict == "inconclusive"


def test_a_low_score_speaks_for_class_zero() -> None:
    turned = Roles(**{**vars(ROLES), "favourable": 0})
    outcome = judged(NAME, scored((0.9, 1, 40), (0.1, 0, 40)), turned)
    assert measured(outcome, "roc_auc").value == 1.0


def test_a_group_with_one_label_has_no_area_of_its_own() -> None:
    table = scored((0.9, 1, 40), (0.1, 0, 40)).append_column("sex", pa.array(["a"] * 60 + ["b"] * 20))
    grouped = Roles(**{**vars(ROLES), "sensitive": (SensitiveColumn("sex"),)})
    outcome = judged(NAME, table, grouped)
    assert measured(outcome, "roc_auc", "sex/a").value == 1.0
    assert measured(outcome, "roc_auc", "sex/b").value is None


def test_the_area_is_scikit_learns_on_every_group_of_adult() -> None:
    table = adult("test")
    roles = Roles(
        task="binary",
        favourable=1,
        label="income_over_50k",
        score="hours_per_week",
        sensitive=(SensitiveColumn("sex"), SensitiveColumn("race")),
    )
    outcome = judged(NAME, table, roles)
    columns = table.to_pandas()
    expected = roc_auc_score(columns["income_over_50k"], columns["hours_per_week"])
    assert measured(outcome, "roc_auc").value == pytest.approx(expected, abs=1e-12)
    for attribute in ("sex", "race"):
        for group, rows in columns.groupby(attribute):
            expected = roc_auc_score(rows["income_over_50k"], rows["hours_per_week"])
            found = measured(outcome, "roc_auc", f"{attribute}/{group}")
            assert found.value == pytest.approx(expected, abs=1e-12)


def test_beyond_2_to_the_20_rows_the_stated_bound_holds_and_decides() -> None:
    random = np.random.default_rng(4)
    labels = random.integers(0, 2, MOST_ROWS + 1)
    scores = random.normal(labels * 0.8, 1.0)
    table = pa.table({"score": scores, "truth": labels})
    found = measured(judged(NAME, table, ROLES), "roc_auc")
    bound = float(found.note.rpartition(" ")[2])
    exact = roc_auc_score(labels, scores)
    assert 0 < abs(found.value - exact) <= bound < 0.001
    assert judged(NAME, table, ROLES, min_auc=round(found.value, 7)).verdict == "failed"
    one_less = judged(NAME, table.slice(1), ROLES)
    assert measured(one_less, "roc_auc").value == pytest.approx(roc_auc_score(labels[1:], scores[1:]), abs=1e-12)


def test_the_interval_may_decide() -> None:
    table = scored((0.9, 1, 8), (0.5, 1, 32), (0.5, 0, 40))
    assert judged(NAME, table, ROLES, min_auc=0.55, decide_on="lower").verdict == "failed"
    assert judged(NAME, table, ROLES, min_auc=0.55, decide_on="interval").verdict == "inconclusive"
