"""Are the attributions of each kind of model the ones that mathematics or shap give?"""

import itertools
import math
import os

# shap's perturbing explainers compile for seconds in every fresh process; children switch that off as well.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

import numpy as np
import pandas as pd
import pytest
import shap
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from audits.checks.statistics.attributions import Attributions
from audits.sandbox.explain import explain, sample_rows
from audits.sandbox.model_formats import ModelRefused
from audits.sandbox.model_loading import load_model, model_of_estimator
from tests.audits.sandbox import sample_models
from tests.audits.sandbox.sample_models import FEATURES, NUMBERS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(skl2onnx|onnx).*")


@pytest.fixture(scope="module")
def data():
    return sample_models.applicants()


def explained(model, frame, features=NUMBERS, **given):
    settings = {"sensitive": [], "max_rows": 1000, "seed": 5, "background_rows": 100, **given}
    return explain(model, frame, features, **settings)


def background_of(frame, rows=100, seed=5):
    return frame.iloc[sample_rows(len(frame), rows, seed + 1)]


def assert_means(document, values, tolerance=1e-9):
    np.testing.assert_allclose(document["mean_abs"], np.abs(values).mean(axis=0), atol=tolerance)
    np.testing.assert_allclose(document["mean"], values.mean(axis=0), atol=tolerance)


# --- which way for which model ---


def test_a_linear_model_is_explained_in_closed_form(data):
    frame, repaid = data
    estimator = sample_models.logistic(frame, repaid)
    document = explained(model_of_estimator(estimator), frame)
    centre = background_of(frame)[NUMBERS].mean().to_numpy()
    assert_means(document, estimator.coef_[0] * (frame[NUMBERS].to_numpy() - centre))
    assert (document["method"], document["unit"]) == ("linear", "log-odds")
    assert document["additivity_error"] < 1e-9


def test_no_background_row_is_dropped_in_silence(data):
    frame, _ = data
    estimator = LinearRegression().fit(frame[NUMBERS], frame["income"] ** 3)
    document = explained(model_of_estimator(estimator), frame, background_rows=300)
    assert document["background_rows"] == 300
    assert_means(document, estimator.coef_ * (frame[NUMBERS] - frame[NUMBERS].mean()).to_numpy())


def test_scaling_before_a_linear_model_changes_nothing(data):
    frame, _ = data
    income = frame["income"] * 2 + frame["age"]
    plain = Ridge(alpha=1e-9).fit(frame[NUMBERS], income)
    scaled = make_pipeline(StandardScaler(), Ridge(alpha=1e-9)).fit(frame[NUMBERS], income)
    one, other = (explained(model_of_estimator(estimator), frame) for estimator in (plain, scaled))
    assert one["method"] == other["method"] == "linear"
    np.testing.assert_allclose(one["mean_abs"], other["mean_abs"], atol=1e-8)


@pytest.mark.parametrize(("make", "unit"), [("forest", "probability"), ("boosting", "log-odds")])
def test_trees_equal_shap(make, unit, data):
    frame, repaid = data
    estimator = getattr(sample_models, make)(frame, repaid)
    document = explained(model_of_estimator(estimator), frame)
    values = np.asarray(shap.TreeExplainer(estimator).shap_values(frame[NUMBERS]))
    assert_means(document, values[:, :, 1] if values.ndim == 3 else values)
    assert (document["method"], document["unit"]) == ("tree_path_dependent", unit)
    assert document["additivity_error"] < 1e-9


def test_xgboost_equals_shap(tmp_path, data):
    frame, repaid = data
    booster, _ = sample_models.save_xgboost(frame, repaid, tmp_path / "model.ubj")
    document = explained(load_model(tmp_path / "model.ubj", "xgboost_ubj"), frame)
    assert_means(document, shap.TreeExplainer(booster).shap_values(frame[NUMBERS]), tolerance=1e-6)
    assert document["additivity_error"] < 1e-5  # XGBoost adds in single precision


def test_lightgbm_equals_its_own_contributions(tmp_path, data):
    frame, repaid = data
    booster, table = sample_models.save_lightgbm(frame, repaid, tmp_path / "model")
    document = explained(load_model(tmp_path / "model", "lightgbm"), frame)
    assert_means(document, booster.predict(table, pred_contrib=True)[:, :-1])
    assert document["additivity_error"] < 1e-9


@pytest.mark.parametrize("form", ["xgboost_ubj", "lightgbm"])
def test_text_columns_of_boosted_trees_are_explained(form, tmp_path, data):
    frame, repaid = data
    path = tmp_path / "model.ubj"
    save = sample_models.save_lightgbm if form == "lightgbm" else sample_models.save_xgboost
    save(frame, repaid, path, FEATURES)
    document = explained(load_model(path, form), frame, FEATURES)
    assert document["additivity_error"] < 1e-5


def shapley_by_definition(score, row, background):
    """Every coalition, weighted as Shapley (1953) weighs it: slow and beyond doubt."""
    names, players = list(background.columns), range(background.shape[1])

    def worth(coalition):
        mixed = background.copy()
        for player in coalition:
            mixed[names[player]] = row[names[player]]
        return score(mixed).mean()

    values = np.zeros(len(names))
    for player in players:
        others = [other for other in players if other != player]
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(len(others) - size) / math.factorial(len(names))
            for coalition in itertools.combinations(others, size):
                values[player] += weight * (worth({*coalition, player}) - worth(coalition))
    return values


def test_a_pipeline_with_text_equals_the_definition(data):
    frame, repaid = data
    model = model_of_estimator(sample_models.text_pipeline(frame, repaid))
    document = explained(model, frame, FEATURES, max_rows=4, background_rows=10)
    background = background_of(frame, 10)[FEATURES]
    rows = frame.iloc[sample_rows(len(frame), 4, 5)]
    values = np.array([shapley_by_definition(model.predict_score, row, background) for _, row in rows.iterrows()])
    assert_means(document, values)
    assert (document["method"], document["unit"]) == ("exact", "probability")
    assert document["n_rows"] == 4


def test_onnx_equals_the_definition(tmp_path, data):
    frame, repaid = data
    estimator = LogisticRegression().fit(frame[NUMBERS].to_numpy(), repaid)
    model = load_model(sample_models.save_onnx(estimator, tmp_path / "model"), "onnx")
    document = explained(model, frame, max_rows=3, background_rows=10)
    background, rows = background_of(frame, 10)[NUMBERS], frame.iloc[sample_rows(len(frame), 3, 5)]
    values = np.array([shapley_by_definition(model.predict_score, row, background) for _, row in rows.iterrows()])
    assert_means(document, values, tolerance=1e-6)


def test_columns_that_are_merged_are_explained_from_outside(data):
    frame, repaid = data
    merged = make_pipeline(PCA(2), LogisticRegression()).fit(frame[NUMBERS], repaid)
    document = explained(model_of_estimator(merged), frame, max_rows=20, background_rows=20)
    assert document["method"] == "exact"
    assert len(document["mean_abs"]) == 3


def test_many_features_are_explained_by_permutation():
    rng = np.random.default_rng(3)
    names = [f"x{index}" for index in range(12)]
    frame = pd.DataFrame(rng.normal(size=(200, 12)), columns=names)
    estimator = MLPClassifier((4,), max_iter=20, random_state=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        estimator.fit(frame, (frame["x0"] > 0).astype(int))
    model = model_of_estimator(estimator)
    document = explained(model, frame, names, max_rows=20, background_rows=10)
    assert document["method"] == "permutation"
    assert document["additivity_error"] < 1e-6
    assert document == explained(model, frame, names, max_rows=20, background_rows=10)


# --- rows and columns ---


def test_rows_are_capped_by_seed_and_the_cap_is_stated(data):
    frame, repaid = data
    model = model_of_estimator(sample_models.forest(frame, repaid))
    one, again = (explained(model, frame, max_rows=50) for _ in range(2))
    other = explained(model, frame, max_rows=50, seed=6)
    assert one == again
    assert one["mean_abs"] != other["mean_abs"]
    assert (one["n_rows"], one["rows_present"], one["seed"]) == (50, 300, 5)
    assert explained(model, frame, max_rows=50, rows_present=9000)["rows_present"] == 9000


def test_asking_a_slow_model_less_often_is_stated(data):
    frame, repaid = data
    model = model_of_estimator(sample_models.text_pipeline(frame, repaid))
    large = pd.concat([frame] * 20)
    document = explained(model, large, FEATURES, max_rows=10_000, background_rows=5000)
    assert document["background_rows"] == 4_000_000 // (200 * 2**4)
    assert document["n_rows"] == 200
    assert document["rows_present"] == 6000


def test_a_feature_that_the_model_does_not_use_is_attributed_nothing(data):
    frame, repaid = data
    document = explained(model_of_estimator(sample_models.logistic(frame, repaid)), frame, ["city", *NUMBERS])
    assert document["features"] == ["city", *NUMBERS]
    assert document["mean_abs"][0] == document["mean"][0] == 0.0
    assert min(document["mean_abs"][1:]) > 0


def test_missing_values_and_whole_numbers_reach_the_model_as_they_are(data):
    frame, repaid = data
    model = model_of_estimator(sample_models.text_pipeline(frame, repaid))
    holes = frame.assign(age=pd.array(np.arange(300), dtype="int64"))
    holes.loc[::3, "income"] = np.nan
    holes.loc[::5, "city"] = None
    assert explained(model, holes, FEATURES, max_rows=20)["additivity_error"] < 1e-9


def test_the_document_is_what_the_checks_read(data):
    frame, repaid = data
    model = model_of_estimator(sample_models.logistic(frame, repaid))
    document = explained(model, frame, sensitive=["debt", "sex", "age"])
    attributions = Attributions.from_document(document)
    assert attributions.features == tuple(NUMBERS)
    assert attributions.sensitive == ("age", "debt")
    assert attributions.n_rows == 300


def test_a_table_without_features_is_refused(data):
    frame, repaid = data
    with pytest.raises(ModelRefused) as refused:
        explained(model_of_estimator(sample_models.logistic(frame, repaid)), frame, [])
    assert refused.value.code == "no_features"
