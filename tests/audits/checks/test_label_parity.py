"""fairness.label_parity against hand-made tables, fairlearn's figures of groups, and real labels."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from fairlearn.metrics import MetricFrame, selection_rate

from audits.checks import Roles, recompute
from tests.audits.checks.tables import DECISIONS, FOREST, forest, judged, keys, measured, selected

NAME = "fairness.label_parity"
DIFFERENCE, RATIO = "label_parity_difference", "label_parity_ratio"
LABELS = replace(DECISIONS, prediction=None)


def labelled(**groups: tuple[int, int]) -> pa.Table:
    """People by group of the column sex: how many have the favourable label, of how many. Nothing was predicted."""
    return selected(**groups).drop(["decision"])


def test_labels_that_favour_groups_alike_pass_and_a_known_difference_is_found() -> None:
    alike = judged(NAME, labelled(Female=(20, 40), Male=(40, 80)), LABELS)
    assert alike.verdict == "passed"
    assert measured(alike, DIFFERENCE, "sex").value == 0.0
    apart = judged(NAME, labelled(Female=(10, 40), Male=(20, 40)), LABELS)
    assert keys(apart) == [f"{NAME}/sex"]
    assert measured(apart, DIFFERENCE, "sex").value == 0.25
    assert measured(apart, RATIO, "sex").value == 0.5
    assert measured(apart, DIFFERENCE, "sex").note == "Female against Male"
    assert "base rate by sex is 0.5 for Male and 0.25 for Female" in apart.sentence
    # Labels are no decisions: nobody advises to give others.
    assert apart.report is not None
    assert [finding.would_pass for finding in apart.report.findings] == [""]
    assert recompute(apart.to_document()).to_document() == apart.to_document()


def test_a_figure_exactly_on_its_limit_passes() -> None:
    table = labelled(Female=(12, 40), Male=(16, 40))
    assert judged(NAME, table, LABELS).verdict == "passed"
    assert judged(NAME, table, LABELS, min_ratio=0.75).verdict == "passed"
    assert keys(judged(NAME, table, LABELS, min_ratio=0.76)) == [f"{NAME}/sex/ratio"]


def test_what_was_predicted_plays_no_part_and_may_be_missing() -> None:
    table = selected(Female=(10, 40), Male=(20, 40))
    decisions = pa.array([*[None] * 40, *[1] * 40], pa.int64())
    outcome = judged(NAME, table.set_column(2, "decision", decisions))
    assert measured(outcome, DIFFERENCE, "sex").value == 0.25
    parity = judged("fairness.demographic_parity_difference", table.drop(["decision"]), LABELS)
    assert "needs a column with the role prediction" in parity.sentence


def test_rows_without_a_label_are_left_out_and_said() -> None:
    table = labelled(Female=(20, 40), Male=(20, 40))
    labels = pa.array([*table["truth"].to_pylist()[:-4], *[None] * 4], pa.int64())
    outcome = judged(NAME, table.set_column(1, "truth", labels), LABELS)
    assert measured(outcome, "base_rate", "sex/Male").value == 20 / 36
    assert outcome.report is not None
    assert outcome.report.notes == ('4 of 80 rows have no label in "truth" and are left out.',)
    assert "needs a column with the role label" in judged(NAME, table, replace(LABELS, label=None)).sentence


def test_small_groups_and_single_ones_decide_nothing() -> None:
    assert judged(NAME, labelled(Male=(16, 40)), LABELS).verdict == "inconclusive"
    three = labelled(Female=(20, 40), Male=(20, 40), Other=(3, 3))
    outcome = judged(NAME, three, LABELS)
    assert outcome.verdict == "inconclusive"
    assert "too few rows for the base rate of Other (3)" in outcome.sentence
    assert judged(NAME, three, LABELS, leave_out=["Other"]).verdict == "passed"
    nobody = judged(NAME, labelled(Female=(0, 40), Male=(0, 40)), LABELS, min_ratio=0.8)
    assert "the base rate of every group is zero" in nobody.sentence


@pytest.mark.parametrize(
    ("decide_on", "verdict"), [("lower", "passed"), ("upper", "failed"), ("interval", "inconclusive")]
)
def test_an_end_of_the_interval_may_decide(decide_on: str, verdict: str) -> None:
    table = labelled(Female=(30, 100), Male=(40, 100))
    assert judged(NAME, table, LABELS, decide_on=decide_on).verdict == verdict


@pytest.mark.parametrize("attribute", [["sex"], ["race"], ["sex", "race"]])
def test_figures_are_those_of_fairlearn_over_the_labels(attribute: list[str]) -> None:
    columns = forest().to_pandas()
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=columns["y_true"],
        y_pred=columns["y_true"],
        sensitive_features=columns[attribute],
    )
    name = " x ".join(attribute)
    outcome = judged(NAME, forest(), replace(FOREST, prediction=None), attribute=name, min_group_size=1)
    assert measured(outcome, DIFFERENCE, name).value == pytest.approx(frame.difference(), abs=1e-12)
    assert measured(outcome, RATIO, name).value == pytest.approx(frame.ratio(), abs=1e-12)


def test_labels_of_other_tasks_have_no_favourable_one() -> None:
    outcome = judged(NAME, labelled(Female=(1, 2)), Roles(task="multiclass", label="truth", sensitive=LABELS.sensitive))
    assert outcome.verdict == "inconclusive"
    assert "binary task" in outcome.sentence
