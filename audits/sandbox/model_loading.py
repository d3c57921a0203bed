"""How is an artifact opened and asked for scores?

Only ever called inside the locked child: the native readers of these formats were not written for hostile
bytes and can crash the process.  Each format's library is imported when it is needed and not before.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.sandbox import model_formats
from audits.sandbox.model_formats import ModelRefused
from audits.sandbox.skops_review import REVIEWED_TYPES, review_trees, review_types

BINARY, REGRESSION = "binary", "regression"

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class LoadedModel:
    """A model of which nothing is known but how to ask it.

    `native` is the library's own object.  `features` are the columns that the model names, in its order, or
    None when it only knows how many it takes (`n_features`, None when it does not say).
    """

    format: str
    task: str
    native: Any
    features: tuple[str, ...] | None
    n_features: int | None
    score: Callable[[pd.DataFrame], Any]

    def predict_score(self, X: pd.DataFrame) -> Scores:
        """Scores of the shape (n_rows,): the probability of class 1, or the predicted number."""
        scores = np.asarray(self.score(self.arrange(X)), np.float64)
        if scores.shape != (len(X),):
            raise ModelRefused(
                "odd_scores",
                f"The model gave scores of the shape {scores.shape} for {len(X)} rows.",
                "Register a binary classifier or a regressor with one number per row.",
            )
        if not np.all(np.isfinite(scores)):
            raise ModelRefused(
                "odd_scores",
                "The model gave scores that are not finite numbers.",
                "Check how the model treats missing values.",
            )
        return scores

    def arrange(self, X: pd.DataFrame) -> pd.DataFrame:
        """The model's own columns in its own order; raises ModelRefused when the table lacks some."""
        if self.features is not None:
            missing = [name for name in self.features if name not in X.columns]
            if missing:
                raise ModelRefused(
                    "features_missing",
                    f"The model asks for {_in_words(missing)}, which the table does not declare as features.",
                    "Declare these columns with the role feature, named as in training.",
                )
            X = X[list(self.features)]
        elif self.n_features is not None and self.n_features != X.shape[1]:
            raise ModelRefused(
                "features_differ",
                f"The model takes {self.n_features} features and the table declares {X.shape[1]}.",
                "Declare exactly the model's features, in the order of its training.",
            )
        return X


def load_model(path: Path, format: str) -> LoadedModel:
    """Open the artifact; raises ModelRefused, and whatever the native reader raises on damaged bytes."""
    readers = {
        model_formats.SKOPS: _load_skops,
        model_formats.XGBOOST_UBJ: _load_xgboost,
        model_formats.XGBOOST_JSON: _load_xgboost,
        model_formats.LIGHTGBM: _load_lightgbm,
        model_formats.ONNX: _load_onnx,
    }
    found = model_formats.check_artifact_format(path)
    if format != found:
        raise ModelRefused(
            "format_differs",
            f"The artifact was registered as {format} and its bytes are {found}.",
            "Register the artifact again.",
        )
    return readers[found](path, found)


def _load_skops(path: Path, format: str) -> LoadedModel:
    import skops.io

    review_types(path)
    estimator = skops.io.load(path, trusted=sorted(REVIEWED_TYPES))
    review_trees(estimator)
    return model_of_estimator(estimator, format=format)


def model_of_estimator(estimator: Any, *, format: str = model_formats.SKOPS) -> LoadedModel:
    """The same for a scikit-learn estimator that is already in memory."""
    task, score = REGRESSION, lambda X: estimator.predict(X)
    classes = getattr(estimator, "classes_", None)
    if classes is not None:
        if len(classes) != 2:
            raise _not_binary(len(classes))
        task = BINARY
        score = _probability_of(estimator)
    elif not hasattr(estimator, "predict"):
        raise ModelRefused(
            "not_a_model",
            f"The artifact holds a {type(estimator).__name__}, which does not predict.",
            "Register the fitted pipeline with its final estimator.",
        )
    names = getattr(estimator, "feature_names_in_", None)
    features = None if names is None else tuple(str(name) for name in names)
    width = getattr(estimator, "n_features_in_", None)
    unnamed = features is None
    return LoadedModel(
        format,
        task,
        estimator,
        features,
        None if width is None else int(width),
        # A model trained on a bare array warns when it is shown column names.
        (lambda X: score(X.to_numpy())) if unnamed else score,
    )


def _probability_of(estimator: Any) -> Callable[[Any], Any]:
    if hasattr(estimator, "predict_proba"):
        return lambda X: estimator.predict_proba(X)[:, 1]
    return lambda X: estimator.decision_function(X)


def _load_xgboost(path: Path, format: str) -> LoadedModel:
    import xgboost

    booster = xgboost.Booster(model_file=str(path))
    learner = json.loads(booster.save_config())["learner"]
    objective = str(learner["objective"]["name"])
    if int(learner["learner_model_param"].get("num_class", "0")) > 1:
        raise _not_binary(int(learner["learner_model_param"]["num_class"]))
    if int(learner["learner_model_param"].get("num_target", "1")) > 1 or objective.startswith(("rank:", "multi:")):
        raise _other_task(objective)
    booster.set_param({"nthread": 1})
    names = booster.feature_names
    return LoadedModel(
        format,
        BINARY if objective.startswith("binary:") else REGRESSION,
        booster,
        None if names is None else tuple(names),
        int(booster.num_features()),
        lambda X: booster.predict(xgboost_matrix(X, named=names is not None)),
    )


def xgboost_matrix(X: pd.DataFrame, *, named: bool) -> Any:
    """The table in XGBoost's own form; text becomes categories, which the model maps to its own."""
    import xgboost

    if not named:
        return xgboost.DMatrix(X.to_numpy(np.float64), nthread=1)
    text = {name: X[name].astype("category") for name in X.columns if not _is_number(X[name])}
    return xgboost.DMatrix(X.assign(**text), enable_categorical=True, nthread=1)


def _load_lightgbm(path: Path, format: str) -> LoadedModel:
    import lightgbm

    booster = lightgbm.Booster(model_file=str(path))
    objective = str(booster.dump_model(num_iteration=1).get("objective", "")).split(" ")[0]
    if booster.num_model_per_iteration() > 1:
        raise _not_binary(booster.num_model_per_iteration())
    if objective in ("lambdarank", "rank_xendcg"):
        raise _other_task(objective)
    names = booster.feature_name()
    unnamed = names == [f"Column_{index}" for index in range(len(names))]
    categories = booster.pandas_categorical
    return LoadedModel(
        format,
        BINARY if objective in ("binary", "cross_entropy") else REGRESSION,
        booster,
        None if unnamed else tuple(names),
        len(names),
        lambda X: booster.predict(lightgbm_table(X, categories), num_threads=1),
    )


def lightgbm_table(X: pd.DataFrame, categories: list[list[Any]] | None) -> pd.DataFrame:
    """Text columns as categories: LightGBM keeps their values in the order of the columns, without names."""
    text = [name for name in X.columns if not _is_number(X[name])]
    if len(text) != len(categories or []):
        raise ModelRefused(
            "features_differ",
            f"The model knows {len(categories or [])} columns of categories and the table has {len(text)}.",
            "Declare exactly the model's features and keep their types.",
        )
    values = zip(text, categories or [], strict=True)
    return X.assign(**{name: pd.Categorical(X[name], categories=known) for name, known in values})


def _load_onnx(path: Path, format: str) -> LoadedModel:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Given as bytes, the model has no directory from which to ask for further files.
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    inputs, outputs = session.get_inputs(), session.get_outputs()
    classifier = len(outputs) == 2
    if len(outputs) > 2 or not inputs:
        raise _other_task(f"{len(inputs)} inputs and {len(outputs)} outputs")
    single = len(inputs) == 1
    width = inputs[0].shape[1] if single and len(inputs[0].shape) == 2 else None

    def score(X: pd.DataFrame) -> Scores:
        given = session.run([outputs[-1].name], _onnx_inputs(inputs, X))[0]
        return _positive_class(given) if classifier else np.asarray(given).reshape(len(X), -1)[:, 0]

    return LoadedModel(
        format,
        BINARY if classifier else REGRESSION,
        session,
        None if single else tuple(entry.name for entry in inputs),
        width if isinstance(width, int) else None,
        score,
    )


_ONNX_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}


def _onnx_inputs(inputs: Any, X: pd.DataFrame) -> dict[str, Any]:
    for entry in inputs:
        if entry.type not in _ONNX_TYPES:
            raise _other_task(f"an input of the type {entry.type}")
    by_column = {} if len(inputs) == 1 else {entry.name: entry.type for entry in inputs}
    for name in X.columns[X.isna().any()]:
        if by_column.get(name, inputs[0].type) not in ("tensor(float)", "tensor(double)"):
            # Cast to a whole number or a text, a missing cell would become one that nobody wrote.
            raise ModelRefused(
                "cell_missing",
                f'The model takes no missing cells in "{str(name)[:60]}".',
                "Fill them before the model.",
            )
    if len(inputs) == 1:
        return {inputs[0].name: X.to_numpy().astype(_ONNX_TYPES[inputs[0].type])}
    return {entry.name: X[[entry.name]].to_numpy().astype(_ONNX_TYPES[entry.type]) for entry in inputs}


def _positive_class(given: Any) -> Any:
    """Probabilities come as a table or as one dictionary per row, by the exporter's choice."""
    if isinstance(given, list):
        if given and len(given[0]) != 2:
            raise _not_binary(len(given[0]))
        return np.array([row[max(row)] for row in given], np.float64)
    if given.ndim == 2 and given.shape[1] != 2:
        raise _not_binary(given.shape[1])
    return given[:, 1] if given.ndim == 2 else given


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _not_binary(classes: int) -> ModelRefused:
    return ModelRefused(
        "not_binary",
        f"The model tells {classes} classes apart; only binary classifiers and regressors are explained.",
        "Order no explainability checks for this model.",
    )


def _other_task(what: str) -> ModelRefused:
    return ModelRefused(
        "other_task",
        f"The model is neither a binary classifier nor a regressor ({what[:80]}).",
        "Order no explainability checks for this model.",
    )


def _in_words(names: list[str]) -> str:
    shown = ", ".join(f'"{name[:60]}"' for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
