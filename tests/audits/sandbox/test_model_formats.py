"""Which artifacts are taken, which are refused, and do the taken ones give the scores of their library?"""

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import zipfile
import zlib

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from audits.sandbox import model_formats
from audits.sandbox.model_formats import ModelRefused, check_artifact_format, recognise
from audits.sandbox.model_loading import load_model
from audits.sandbox.skops_review import REVIEWED_TYPES, review_trees, review_types
from tests.audits.sandbox import sample_models
from tests.audits.sandbox.sample_models import FEATURES, NUMBERS

# The exporter to ONNX calls a part of onnx that is going away; what counts here is the file that it writes.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(skl2onnx|onnx).*")


@pytest.fixture(scope="module")
def data():
    return sample_models.applicants()


class Opened:
    """Unpickling this writes a file, so that a test sees whether anybody did."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def refusal(function, *arguments):
    with pytest.raises(ModelRefused) as refused:
        function(*arguments)
    assert refused.value.detail
    assert refused.value.fix
    return refused.value


# --- recognising ---


def test_formats_are_recognised_by_content(tmp_path, data):
    unnamed = tmp_path / "model.pkl"  # the name lies on purpose
    frame, repaid = data
    sample_models.save_skops(sample_models.logistic(frame, repaid), unnamed)
    assert check_artifact_format(unnamed) == "skops"
    for ending, name in {"ubj": "xgboost_ubj", "json": "xgboost_json"}.items():
        sample_models.save_xgboost(frame, repaid, tmp_path / f"model.{ending}")
        (tmp_path / f"model.{ending}").replace(unnamed)
        assert check_artifact_format(unnamed) == name
    sample_models.save_lightgbm(frame, repaid, unnamed)
    assert check_artifact_format(unnamed) == "lightgbm"
    sample_models.save_onnx(LogisticRegression().fit(frame[NUMBERS].to_numpy(), repaid), unnamed)
    assert check_artifact_format(unnamed) == "onnx"


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_any_protocol_is_refused_unopened(protocol, tmp_path):
    path, trace = tmp_path / "model.skops", tmp_path / "opened"
    path.write_bytes(pickle.dumps({"model": Opened(trace)}, protocol))
    assert refusal(check_artifact_format, path).code == "pickle_refused"
    assert not trace.exists()
    assert refusal(load_model, path, "skops").code == "pickle_refused"
    assert not trace.exists()


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, bz2.compress, lzma.compress])
def test_a_compressed_pickle_is_refused_unopened(pack, tmp_path):
    path, trace = tmp_path / "model", tmp_path / "opened"
    path.write_bytes(pack(pickle.dumps(Opened(trace))))
    assert refusal(check_artifact_format, path).code == "pickle_refused"
    assert not trace.exists()


def test_what_joblib_and_torch_write_is_a_pickle(tmp_path, data):
    joblib.dump(sample_models.logistic(*data), tmp_path / "plain.joblib")
    joblib.dump(sample_models.logistic(*data), tmp_path / "packed.joblib", compress=3)
    with zipfile.ZipFile(tmp_path / "weights.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("schema.json", "{}")
    for path in tmp_path.iterdir():
        assert recognise(path) == "pickle", path.name


@pytest.mark.parametrize(
    "content",
    [
        b"not a model",
        b"{}",
        b'{"model": "learner"}',
        b"PK\x03\x04 and nothing else",
        b"\x08\x0a",
        b"\x3a\x05short",
        b"tree of life",
        b"\x80\x99",
        b"\x1f\x8b broken",
        random.Random(1).randbytes(5000),
    ],
)
def test_other_bytes_are_unknown(content, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert refusal(check_artifact_format, path).code == "unknown_format"


def test_an_empty_artifact_says_so(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    assert refusal(check_artifact_format, path).code == "empty_artifact"


def test_a_zip_with_a_giant_directory_is_not_read(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", "{}")
    content = bytearray(buffer.getvalue())
    end = content.rfind(b"PK\x05\x06")
    content[end + 12 : end + 16] = (2**31).to_bytes(4, "little")
    path = tmp_path / "model.skops"
    path.write_bytes(content)
    assert recognise(path) == model_formats.UNKNOWN


def test_a_file_of_countless_fields_is_given_up(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x0a\x3a\x00" + b"\x28\x00" * 5_000)
    assert recognise(path) == model_formats.ONNX
    path.write_bytes(b"\x08\x0a\x3a\x00" + b"\x28\x00" * 10_000)
    assert recognise(path) == model_formats.UNKNOWN


# --- scores ---


@pytest.mark.parametrize("make", ["logistic", "forest", "boosting", "text_pipeline"])
def test_skops_scores_equal_the_estimators(make, tmp_path, data):
    frame, repaid = data
    estimator = getattr(sample_models, make)(frame, repaid)
    model = load_model(sample_models.save_skops(estimator, tmp_path / "model"), "skops")
    columns = list(estimator.feature_names_in_)
    expected = estimator.predict_proba(frame[columns])[:, 1]
    # The table may hold its columns in another order: the model's names decide.
    np.testing.assert_array_equal(model.predict_score(frame[FEATURES[::-1]]), expected)
    assert model.task == "binary"


@pytest.mark.parametrize("features", [NUMBERS, FEATURES], ids=["numbers", "with text"])
@pytest.mark.parametrize("ending", ["ubj", "json"])
def test_xgboost_scores_equal_the_librarys(features, ending, tmp_path, data):
    frame, repaid = data
    path = tmp_path / f"model.{ending}"
    booster, matrix = sample_models.save_xgboost(frame, repaid, path, features)
    model = load_model(path, f"xgboost_{ending}")
    np.testing.assert_array_equal(model.predict_score(frame), booster.predict(matrix).astype(float))


@pytest.mark.parametrize("features", [NUMBERS, FEATURES], ids=["numbers", "with text"])
def test_lightgbm_scores_equal_the_librarys(features, tmp_path, data):
    frame, repaid = data
    booster, table = sample_models.save_lightgbm(frame, repaid, tmp_path / "model", features)
    model = load_model(tmp_path / "model", "lightgbm")
    np.testing.assert_allclose(model.predict_score(frame), booster.predict(table), rtol=1e-12)


@pytest.mark.parametrize("zipmap", [True, False])
def test_onnx_scores_equal_the_estimators(zipmap, tmp_path, data):
    frame, repaid = data
    estimator = LogisticRegression().fit(frame[NUMBERS].to_numpy(), repaid)
    path = sample_models.save_onnx(estimator, tmp_path / "model", zipmap=zipmap)
    model = load_model(path, "onnx")
    expected = estimator.predict_proba(frame[NUMBERS].to_numpy())[:, 1]
    np.testing.assert_allclose(model.predict_score(frame[NUMBERS]), expected, atol=1e-6)


def test_regressors_give_their_number(tmp_path, data):
    frame, _ = data
    regressor = LinearRegression().fit(frame[NUMBERS].to_numpy(), frame["income"] * 2)
    for path, form in [
        (sample_models.save_onnx(regressor, tmp_path / "onnx"), "onnx"),
        (sample_models.save_skops(regressor, tmp_path / "skops"), "skops"),
    ]:
        model = load_model(path, form)
        assert model.task == "regression"
        np.testing.assert_allclose(model.predict_score(frame[NUMBERS]), frame["income"] * 2, atol=1e-5)


def test_a_model_whose_columns_are_not_declared_is_refused(tmp_path, data):
    frame, repaid = data
    named = load_model(sample_models.save_skops(sample_models.logistic(frame, repaid), tmp_path / "a"), "skops")
    refused = refusal(named.predict_score, frame[["age", "city"]])
    assert refused.code == "features_missing"
    assert '"income", "debt"' in refused.detail
    bare = LogisticRegression().fit(frame[NUMBERS].to_numpy(), repaid)
    unnamed = load_model(sample_models.save_skops(bare, tmp_path / "b"), "skops")
    assert refusal(unnamed.predict_score, frame[["age", "income"]]).code == "features_differ"


def test_a_model_with_three_classes_is_refused(tmp_path, data):
    frame, _ = data
    three = LogisticRegression().fit(frame[NUMBERS], np.arange(len(frame)) % 3)
    assert refusal(load_model, sample_models.save_skops(three, tmp_path / "m"), "skops").code == "not_binary"


def test_what_does_not_predict_is_refused(tmp_path, data):
    frame, _ = data
    path = sample_models.save_skops(StandardScaler().fit(frame[NUMBERS]), tmp_path / "m")
    assert refusal(load_model, path, "skops").code == "not_a_model"


def test_a_missing_cell_is_not_cast_into_a_whole_number(tmp_path, data):
    frame, repaid = data
    whole = LogisticRegression().fit(frame[NUMBERS].round().to_numpy(), repaid)
    model = load_model(sample_models.save_onnx(whole, tmp_path / "model", dtype=np.int64), "onnx")
    rows = frame[NUMBERS].head(3).round()
    assert model.score(rows).shape == (3,)
    rows.iloc[1, 0] = np.nan
    refused = refusal(model.score, rows)
    assert (refused.code, NUMBERS[0] in refused.detail) == ("cell_missing", True)


def test_an_artifact_of_another_format_than_registered_is_refused(tmp_path, data):
    path = sample_models.save_skops(sample_models.logistic(*data), tmp_path / "model")
    assert refusal(load_model, path, "onnx").code == "format_differs"


# --- the reviewed list ---


def test_every_reviewed_type_exists():
    for name in REVIEWED_TYPES:
        module, _, kind = name.rpartition(".")
        assert hasattr(pytest.importorskip(module), kind), name


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (make_pipeline(FunctionTransformer(np.log1p)), "FunctionTransformer"),
        (KNeighborsClassifier(), "KNeighborsClassifier"),
    ],
    ids=["a function", "an estimator nobody reviewed"],
)
def test_types_off_the_list_are_refused_by_name(estimator, named, tmp_path):
    skops.io.dump(estimator, tmp_path / "model")
    refused = refusal(load_model, tmp_path / "model", "skops")
    assert refused.code == "type_refused"
    assert named in refused.detail


def rewrite_schema(path, change):
    """Change the description inside a skops file, as an attacker would."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    members["schema.json"] = json.dumps(change(schema)).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "node",
    [
        {"__loader__": "ObjectNode", "__module__": "os", "__class__": "system"},
        {"__loader__": "FunctionNode", "__module__": "numpy", "__class__": "ndarray"},
        {"__loader__": "MethodNode", "__module__": "builtins", "__class__": "list"},
        {"__loader__": "OperatorFuncNode", "__module__": "builtins", "__class__": "list"},
        {"__loader__": "ObjectNode", "__module__": "sklearn.tree", "__class__": "Tree"},
        {"__loader__": "ObjectNode"},
    ],
)
def test_a_node_smuggled_in_anywhere_is_refused(node, tmp_path, data):
    path = sample_models.save_skops(sample_models.logistic(*data), tmp_path / "model")
    rewrite_schema(path, lambda schema: {**schema, "aside": [{"deep": [node]}]})
    assert refusal(review_types, path).code == "type_refused"


def test_a_damaged_description_is_refused(tmp_path):
    for content in (b"", b"[]", b"{}", b"[" * 100_000, b'{"a": ' * 100_000, b"\xff"):
        with zipfile.ZipFile(tmp_path / "model", "w") as archive:
            archive.writestr("schema.json", content)
        assert refusal(review_types, tmp_path / "model").code == "damaged_model"


# --- trees ---


def tampered(tree, **fields):
    """The same tree with some fields of one node changed."""
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    for field, value in fields.items():
        nodes[field][0] = value
    tree.__setstate__({**state, "nodes": nodes})


@pytest.mark.parametrize(
    "fields",
    [
        {"left_child": 10_000},
        {"right_child": -7},
        {"left_child": 0},
        {"feature": 3},
        {"feature": -2},
        {"left_child": -1},
    ],
)
def test_a_tree_that_points_outside_itself_is_refused(fields, data):
    frame, repaid = data
    estimator = DecisionTreeClassifier(max_depth=3).fit(frame[NUMBERS], repaid)
    review_trees(estimator)
    tampered(estimator.tree_, **fields)
    assert refusal(review_trees, estimator).code == "unsound_tree"


@pytest.mark.parametrize(
    "fields", [{"left": 10_000}, {"right": 0}, {"feature_idx": 3}, {"is_categorical": 1, "bitset_idx": 5}]
)
def test_a_histogram_tree_that_points_outside_itself_is_refused(fields, data):
    estimator = sample_models.boosting(*data)
    review_trees(estimator)
    nodes = estimator._predictors[0][0].nodes
    for field, value in fields.items():
        nodes[field][0] = value
    assert refusal(review_trees, estimator).code == "unsound_tree"


def test_ensembles_of_every_kind_pass_when_they_are_sound(data):
    frame, repaid = data
    for estimator in (
        sample_models.forest(frame, repaid),
        sample_models.boosting(frame, repaid),
        GradientBoostingClassifier(n_estimators=5).fit(frame[NUMBERS], repaid),
    ):
        review_trees(estimator)


def test_a_tree_that_takes_more_features_than_its_ensemble_is_refused(data):
    frame, repaid = data
    estimator = sample_models.forest(frame, repaid)
    wider = DecisionTreeClassifier().fit(np.tile(frame[NUMBERS].to_numpy(), 5), repaid)
    estimator.estimators_[3] = wider
    assert refusal(review_trees, estimator).code == "unsound_tree"
