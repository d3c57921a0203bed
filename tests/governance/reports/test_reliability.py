"""The reliability curve at the desk and in reports is the one that scikit-learn computes from the rows."""

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest
from sklearn.calibration import calibration_curve

from audits.checks import Roles, RunSpec, SensitiveColumn, TableInput, measure
from governance.admin.figures import card_of
from governance.reports import build, render
from governance.reports.reliability import curves_of, drawing_of, table_of
from governance.reports.sections import Chart
from tests.governance.reports.sample import requirement, version_file

ROLES = Roles("binary", favourable=1, label="y", score="s", sensitive=(SensitiveColumn("sex"),))


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    chance = np.random.default_rng(5)
    score = chance.random(2_000)
    label = (chance.random(2_000) < score**1.3).astype(int)
    return pa.table({"y": label, "s": score, "sex": chance.choice(["female", "male"], 2_000)})


def measured(rows: pa.Table, check: str) -> dict[str, Any]:
    (outcome,) = measure([RunSpec(check, 1)], tables={"evaluation": TableInput(rows.to_batches, ROLES)})
    return outcome.to_document()


def test_the_curve_of_all_rows(rows: pa.Table) -> None:
    (points,) = curves_of(measured(rows, "performance.calibration")["measurements"]).values()
    came_true, mean = calibration_curve(rows["y"], rows["s"], n_bins=10)
    assert [point.row["value"] for point in points] == pytest.approx(came_true.tolist(), abs=1e-12)
    assert [point.mean for point in points] == pytest.approx(mean.tolist(), abs=1e-12)
    assert points[0].scores == "0 to 0.1"


def test_the_curve_of_each_group(rows: pa.Table) -> None:
    curves = curves_of(measured(rows, "fairness.calibration_within_groups")["measurements"])
    assert list(curves) == ["sex/female", "sex/male"]
    for name, points in curves.items():
        of = np.equal(rows["sex"].to_pylist(), name.removeprefix("sex/"))
        came_true, mean = calibration_curve(rows["y"].to_numpy()[of], rows["s"].to_numpy()[of], n_bins=10)
        assert [point.row["value"] for point in points] == pytest.approx(came_true.tolist(), abs=1e-12)
        # The note says the mean with four digits.
        assert [point.mean for point in points] == pytest.approx(mean.tolist(), abs=5e-5)


def test_a_card_shows_the_curve_in_the_place_of_its_bins(rows: pa.Table) -> None:
    document = measured(rows, "fairness.calibration_within_groups")
    line = {
        **{"id": "calibration", "title": "Scores are chances", "state": "satisfied", "outcome": "passed"},
        **{"check_version": 1, "parameters": {}},
        **document,
    }
    card = card_of(line)
    assert card.curve is not None
    assert len(card.curve.rows) == 20
    assert not any("bin" in panel.title for panel in card.panels)
    drawing = ElementTree.fromstring(str(card.curve.drawing))  # noqa: S314 -- our own
    assert len(drawing.findall("{*}circle")) == 20
    assert "sex/male: share that came true at the mean score: " in str(drawing.findtext("{*}desc"))


def test_without_bins_there_is_no_curve_and_odd_ones_are_left_out() -> None:
    assert curves_of([{"name": "accuracy", "value": 0.8}]) == {}
    hidden = {"name": "observed_share_in_bin_1", "group": "sex/a", "value": None, "note": "scores 0 to 0.1, mean 0.05"}
    assert curves_of([hidden, {**hidden, "value": 0.2, "note": "…"}]) == {}
    shown = curves_of([{**hidden, "value": 0.2, "group": "sex/<b>"}])
    assert "&lt;b&gt;" in str(drawing_of(shown))
    assert table_of(shown)[1] == [("sex/<b>", "0 to 0.1", "0.050", "0.200", "none given", "not given")]


def test_a_report_has_the_curve_drawn_and_its_table_in_every_form(rows: pa.Table) -> None:
    document = measured(rows, "fairness.calibration_within_groups")
    hidden = {**document["measurements"][-1], "value": None, "note": "fewer than five rows", "withheld": True}
    measurements = [*document["measurements"], hidden]
    line = requirement("bins", "Scores are chances", document["check"], measurements=measurements)
    file = version_file(requirements=[line])
    (section,) = (section for section in build(file).sections if section.id == "requirements")
    shapes = [block.shape for block in section.blocks if isinstance(block, Chart)]
    assert shapes[-1] == "reliability"
    page, table = (render(file, name)[0].decode() for name in ("html", "csv"))
    assert "sex/male: share that came true at the mean score: " in page
    assert "1 figure of bins of scores is not shown: it stands for few rows." in page
    assert "Came true" in table
    assert render(file, "pdf")[0].startswith(b"%PDF-")
