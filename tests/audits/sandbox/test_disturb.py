"""What do real models answer when their cells are blank or their numbers a little off?"""

import json

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from audits.checks import Disturbances
from audits.sandbox import execute
from audits.sandbox.disturb import disturb
from audits.sandbox.model_loading import load_model, model_of_estimator
from tests.audits.sandbox import sample_models
from tests.audits.sandbox.sample_models import FEATURES, NUMBERS
from tests.audits.sandbox.test_execute import CSV, DECLARATION

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(skl2onnx|onnx).*")

ROBUST = {"check": "performance.robustness", "version": 1, "parameters": {}}


@pytest.fixture(scope="module")
def data():
    return sample_models.applicants()


def answers(model, data, features, seed=5):
    frame, repaid = data
    table = frame.assign(repaid=repaid)
    return disturb(model, table, features, "repaid", seed=seed, rows_present=len(table))


def test_what_a_pipeline_answers_is_worked_out_again(data):
    frame, repaid = data
    model = sample_models.text_pipeline(frame, repaid)
    found = answers(model_of_estimator(model), data, FEATURES)
    right = model.predict(frame[FEATURES]) == repaid
    assert found.loss == (~right).sum()
    without = model.predict(frame[FEATURES].assign(income=np.nan)) == repaid
    income = found.features["income"]
    assert (income.broken, income.mended) == ((right & ~without).sum(), (~right & without).sum())
    assert income.broken > 20
    assert found.features["city"].changed < 20
    assert found.blank["0.05"].changed < found.blank["0.2"].changed
    assert 0 < found.noise["0.05"].moved < found.noise["0.2"].moved
    document = found.to_document()
    assert Disturbances.from_document(json.loads(json.dumps(document))).to_document() == document


def test_the_same_seed_gives_the_same_and_another_one_not(data):
    model = model_of_estimator(sample_models.text_pipeline(*data))
    assert answers(model, data, FEATURES) == answers(model, data, FEATURES)
    assert answers(model, data, FEATURES) != answers(model, data, FEATURES, seed=6)


def test_the_numbers_of_a_regression_move_by_their_coefficients(data):
    frame, _ = data
    target = 2 * frame["income"] + frame["debt"]
    model = model_of_estimator(LinearRegression().fit(frame[NUMBERS], target))
    found = disturb(model, frame.assign(y=target), NUMBERS, "y", seed=1, rows_present=300)
    assert found.threshold is None
    assert found.loss == pytest.approx(0.0, abs=1e-9)
    # Independent noise of 0.1 standard deviations: the error is normal, its mean 0.1 * sqrt(2^2 + 1) * sqrt(2 / pi).
    expected = 0.1 * np.sqrt(4 * frame["income"].var() + frame["debt"].var()) * np.sqrt(2 / np.pi)
    assert found.noise["0.1"].increase / 300 == pytest.approx(expected, rel=0.15)
    assert found.noise["0.1"].increase / 300 == pytest.approx(found.noise["0.1"].moved, abs=1e-9)


def test_a_model_that_takes_no_missing_cells_says_so_and_noise_is_measured_all_the_same(data):
    found = answers(model_of_estimator(sample_models.logistic(*data)), data, NUMBERS)
    assert "NaN" in found.blank["0.1"].refused
    assert found.noise["0.1"].refused == ""


def test_whole_numbers_stay_whole_and_codes_of_two_values_as_they_are(data):
    frame, repaid = data
    seen = []

    class Recording:
        feature_names_in_ = ["years", "member"]

        def predict(self, X):
            seen.append(X)
            return X["years"].to_numpy(float)

    table = frame.assign(years=np.arange(300) % 60, member=repaid)
    answer = disturb(
        model_of_estimator(Recording()), table.assign(y=0.0), ["years", "member"], "y", seed=1, rows_present=300
    )
    noisy = [X for X in seen if X["years"].notna().all() and not X["years"].equals(seen[0]["years"])]
    assert len(noisy) == 3
    for X in noisy:
        assert X["years"].dtype == table["years"].dtype
        assert X["years"].between(0, 59).all()
        assert X["member"].equals(seen[0]["member"])
    assert answer.noise["0.2"].moved > 0


def test_every_format_that_can_be_opened_is_run(data, tmp_path):
    frame, repaid = data
    sample_models.save_skops(sample_models.boosting(frame, repaid), tmp_path / "m.skops")
    sample_models.save_xgboost(frame, repaid, tmp_path / "m.ubj")
    sample_models.save_lightgbm(frame, repaid, tmp_path / "m.txt")
    plain = LogisticRegression().fit(frame[NUMBERS].to_numpy(), repaid)
    sample_models.save_onnx(plain, tmp_path / "m.onnx")
    forms = {"skops": "skops", "ubj": "xgboost_ubj", "txt": "lightgbm", "onnx": "onnx"}
    for ending, form in forms.items():
        found = answers(load_model(tmp_path / f"m.{ending}", form), data, NUMBERS)
        assert found.noise["0.1"].refused == ""
        assert found.noise["0.2"].moved > 0
        blank = found.blank["0.1"]
        assert blank.refused == "" if form != "onnx" else "not finite" in blank.refused


@pytest.mark.parametrize("content", ["model", "pickle", "none"])
def test_a_locked_child_runs_it_or_says_why_not(data, tmp_path, content):
    frame, repaid = data
    model = sample_models.forest(frame, repaid)
    frame.assign(repaid=repaid, said=model.predict(frame[NUMBERS])).to_csv(tmp_path / "table.csv", index=False)
    sample_models.save_skops(sample_models.boosting(frame, repaid), tmp_path / "model")
    if content == "pickle":
        (tmp_path / "model").write_bytes(b"\x80\x04cos\nsystem\n.")
    spec = {
        "runs": [ROBUST],
        "tables": {"evaluation": {"path": str(tmp_path / "table.csv"), "format": CSV, "declaration": DECLARATION}},
        "artifact": None if content == "none" else {"path": str(tmp_path / "model"), "format": "skops"},
        "seed": 3,
    }
    (outcome,) = execute(spec, wall_seconds=120, cpu_seconds=60, memory_bytes=2 * 1024**3)["outcomes"]
    if content == "model":
        assert outcome["verdict"] in ("passed", "failed"), outcome["sentence"]
        assert outcome["statistics"]["evaluation"]["Disturbances"]["n_rows"] == 300
        assert len(json.dumps(outcome["statistics"])) < 4_000
    else:
        assert outcome["verdict"] == "inconclusive"
        assert ("pickle" if content == "pickle" else "none was opened") in outcome["sentence"]
