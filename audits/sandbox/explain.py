"""How strongly does each feature move the scores of a model, on average over a table?

Attributions are Shapley values.  Which way they are worked out depends on what kind of model it is:

- XGBoost and LightGBM: the library's own path-dependent values, which shap's TreeExplainer passes on;
- trees of scikit-learn: shap.TreeExplainer, path-dependent;
- linear models: shap.LinearExplainer over background rows;
- anything else: shap.ExactExplainer up to ten features, shap.PermutationExplainer above, over background rows.

The unit is the model's raw output (log-odds of a boosted or logistic classifier) or the score, and is stated.
Method, rows used and rows present, seed and the additivity error are part of the result.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.sandbox import model_formats
from audits.sandbox.model_formats import ModelRefused
from audits.sandbox.model_loading import BINARY, LoadedModel, lightgbm_table, xgboost_matrix

EXACT_UP_TO = 10
_PERMUTATIONS = 10
# Explaining an arbitrary model asks it for many scores per row. Beyond this many, first fewer background rows are
# used and then fewer rows explained, down to what a mean needs.
_MOST_SCORES = 4_000_000
_FEWEST_BACKGROUND_ROWS, _ENOUGH_ROWS, _FEWEST_ROWS = 20, 200, 100

_ONE_TO_ONE = {
    "MaxAbsScaler",
    "MinMaxScaler",
    "PowerTransformer",
    "QuantileTransformer",
    "RobustScaler",
    "SimpleImputer",
    "StandardScaler",
}
_AVERAGED_TREES = {
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
}
_BOOSTED_TREES = {
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
}
_LINEAR = {
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "SGDRegressor",
}
_LOG_ODDS, _PROBABILITY, _MARGIN, _PREDICTION = "log-odds", "probability", "margin", "prediction"

Values = NDArray[np.float64]


@dataclass(frozen=True)
class _Explanation:
    """`values` has the shape (n_rows, n_features of the model); values and `base` add up to `output`."""

    method: str
    unit: str
    values: Values
    base: Values
    output: Values
    background_rows: int = 0

    @property
    def additivity_error(self) -> float:
        return float(np.max(np.abs(self.values.sum(axis=1) + self.base - self.output)))


def explain(
    model: LoadedModel,
    frame: pd.DataFrame,
    features: Sequence[str],
    *,
    sensitive: Sequence[str],
    max_rows: int,
    seed: int,
    background_rows: int = 100,
    rows_present: int | None = None,
) -> dict[str, Any]:
    """Return the Attributions document of `model` over a sample of `frame`.

    `features` are the declared columns, those named in `sensitive` carry a sensitive attribute. At most
    `max_rows` rows are explained, drawn without replacement by `seed`; `rows_present` is the size of the table
    when `frame` is itself a sample.  A declared feature that the model does not use is attributed nothing.
    """
    if not features:
        raise ModelRefused(
            "no_features",
            "The table declares no features, so there is nothing to attribute a score to.",
            "Declare the model's input columns with the role feature.",
        )
    arranged = model.arrange(frame[list(features)])
    background = _sample(arranged, background_rows, seed + 1)
    explanation = _by_kind(model, _sample(arranged, max_rows, seed), background, seed)
    if not np.all(np.isfinite(explanation.values)) or not np.isfinite(explanation.additivity_error):
        raise ModelRefused(
            "odd_scores", "Some attributions are not finite numbers.", "Check how the model treats missing values."
        )
    position = {str(name): index for index, name in enumerate(arranged.columns)}
    used = [position.get(name) for name in features]
    means = [explanation.values[:, index] if index is not None else np.zeros(1) for index in used]
    return {
        "features": list(features),
        "mean_abs": [float(np.mean(np.abs(values))) for values in means],
        "mean": [float(np.mean(values)) for values in means],
        "n_rows": len(explanation.values),
        "sensitive": [name for name in features if name in set(sensitive)],
        "rows_present": len(frame) if rows_present is None else rows_present,
        "method": explanation.method,
        "unit": explanation.unit,
        "base_value": float(np.mean(explanation.base)),
        "additivity_error": explanation.additivity_error,
        "background_rows": explanation.background_rows,
        "seed": seed,
    }


def sample_rows(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Which of `rows` rows are looked at: ascending indexes of the shape (min(rows, most),)."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _sample(frame: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    return frame.iloc[sample_rows(len(frame), most, seed)].reset_index(drop=True)


def _by_kind(model: LoadedModel, X: pd.DataFrame, background: pd.DataFrame, seed: int) -> _Explanation:
    if model.format in (model_formats.XGBOOST_UBJ, model_formats.XGBOOST_JSON):
        return _explain_xgboost(model, X)
    if model.format == model_formats.LIGHTGBM:
        return _explain_lightgbm(model, X)
    if model.format == model_formats.SKOPS:
        estimator, change = _final_estimator(model, X)
        kind = type(estimator).__name__
        if change is not None and kind in _LINEAR:
            return _explain_linear(estimator, change(X), change(background))
        if change is not None and kind in _AVERAGED_TREES | _BOOSTED_TREES and not _has_categories(estimator):
            return _explain_trees(estimator, kind, change(X))
    return _explain_any(model, X, background, seed)


def _explain_xgboost(model: LoadedModel, X: pd.DataFrame) -> _Explanation:
    matrix = xgboost_matrix(X, named=model.features is not None)
    contributions = np.asarray(model.native.predict(matrix, pred_contribs=True), np.float64)
    output = np.asarray(model.native.predict(matrix, output_margin=True), np.float64)
    return _of_contributions("tree_path_dependent", model, contributions, output)


def _explain_lightgbm(model: LoadedModel, X: pd.DataFrame) -> _Explanation:
    given = lightgbm_table(X, model.native.pandas_categorical)
    contributions = np.asarray(model.native.predict(given, pred_contrib=True, num_threads=1), np.float64)
    output = np.asarray(model.native.predict(given, raw_score=True, num_threads=1), np.float64)
    return _of_contributions("tree_path_dependent", model, contributions, output)


def _of_contributions(method: str, model: LoadedModel, contributions: Values, output: Values) -> _Explanation:
    """Both libraries append the base value as a last column."""
    unit = _LOG_ODDS if model.task == BINARY else _PREDICTION
    return _Explanation(method, unit, contributions[:, :-1], contributions[:, -1], output)


def _final_estimator(model: LoadedModel, X: pd.DataFrame) -> tuple[Any, Callable[[pd.DataFrame], Values] | None]:
    """The estimator that decides, and the way from the table to its input where columns stay columns.

    Behind a step that merges or multiplies columns the way is None: values of what comes out of such a step are
    not values of the table's features.
    """
    estimator, steps = model.native, []
    while type(estimator).__name__ == "Pipeline":
        inner = [step for _, step in estimator.steps if step is not None and step != "passthrough"]
        steps += inner[:-1]
        estimator = inner[-1]
    if any(type(step).__name__ not in _ONE_TO_ONE for step in steps):
        return estimator, None

    def change(table: pd.DataFrame) -> Values:
        changed: Any = table if model.features is not None else table.to_numpy()
        for step in steps:
            changed = step.transform(changed)
        return np.asarray(changed, np.float64)

    # An imputer drops columns that were empty in training and can add indicators.
    return estimator, change if change(X[:1]).shape[1] == X.shape[1] else None


def _has_categories(estimator: Any) -> bool:
    return getattr(estimator, "is_categorical_", None) is not None


def _explain_linear(estimator: Any, X: Values, background: Values) -> _Explanation:
    import shap

    # Left alone, shap keeps 100 background rows without saying so.
    masker = shap.maskers.Independent(background, max_samples=len(background))
    explanation = shap.LinearExplainer(estimator, masker)(X)
    classifies = hasattr(estimator, "decision_function")
    logistic = type(estimator).__name__.startswith("LogisticRegression")
    return _Explanation(
        "linear",
        _LOG_ODDS if logistic else _MARGIN if classifies else _PREDICTION,
        np.asarray(explanation.values, np.float64).reshape(X.shape),
        np.broadcast_to(np.asarray(explanation.base_values, np.float64), len(X)),
        np.ravel(_bare(estimator).decision_function(X) if classifies else _bare(estimator).predict(X)),
        len(background),
    )


def _explain_trees(estimator: Any, kind: str, X: Values) -> _Explanation:
    import shap

    explanation = shap.TreeExplainer(_bare(estimator))(X, check_additivity=False)
    values = np.asarray(explanation.values, np.float64)
    base = np.asarray(explanation.base_values, np.float64).reshape(len(X), -1)
    # An averaging classifier is explained once per class, and class 1 is the one that is scored.
    values = values[:, :, 1] if values.ndim == 3 else values
    if kind in _BOOSTED_TREES and hasattr(estimator, "decision_function"):
        unit, output = _LOG_ODDS, _bare(estimator).decision_function(X)
    elif hasattr(estimator, "predict_proba"):
        unit, output = _PROBABILITY, _bare(estimator).predict_proba(X)[:, 1]
    else:
        unit, output = _PREDICTION, _bare(estimator).predict(X)
    return _Explanation("tree_path_dependent", unit, values, base[:, -1], np.ravel(output))


def _bare(estimator: Any) -> Any:
    """The estimator without its column names: it is shown a bare array here and would warn about it."""
    if not hasattr(estimator, "feature_names_in_"):
        return estimator
    bare = copy.copy(estimator)
    del bare.feature_names_in_
    return bare


def _explain_any(model: LoadedModel, X: pd.DataFrame, background: pd.DataFrame, seed: int) -> _Explanation:
    """Ask the model for its scores with some features taken from background rows.

    shap's perturbing explainers compute with the cells, which text does not allow.  They are given the number of
    the row that a cell comes from instead, and the cells are looked up before the model sees them.
    """
    import shap

    width, exact = X.shape[1], X.shape[1] <= EXACT_UP_TO
    mixtures = 2**width if exact else _PERMUTATIONS * (2 * width + 1)
    affordable = _MOST_SCORES // (mixtures * min(len(X), _ENOUGH_ROWS))
    background = _sample(background, max(_FEWEST_BACKGROUND_ROWS, affordable), seed + 1)
    X = _sample(X, max(_FEWEST_ROWS, _MOST_SCORES // (mixtures * len(background))), seed)
    cells = pd.concat([X, background], ignore_index=True)

    def score(sources: Any) -> Values:
        rows = np.asarray(sources, np.int64)
        columns = {name: cells[name].array.take(rows[:, index]) for index, name in enumerate(cells.columns)}
        return model.predict_score(pd.DataFrame(columns))

    sources = np.repeat(np.arange(len(cells), dtype=np.float64)[:, None], width, axis=1)
    masker = shap.maskers.Independent(sources[len(X) :], max_samples=len(background))
    if exact:
        method, explanation = "exact", shap.ExactExplainer(score, masker)(sources[: len(X)], silent=True)
    else:
        explainer = shap.PermutationExplainer(score, masker, seed=seed)
        evaluations = _PERMUTATIONS * (2 * width + 1)
        method = "permutation"
        explanation = explainer(sources[: len(X)], max_evals=evaluations, silent=True)
    return _Explanation(
        method,
        _PROBABILITY if model.task == BINARY else _PREDICTION,
        np.asarray(explanation.values, np.float64),
        np.broadcast_to(np.asarray(explanation.base_values, np.float64), len(X)),
        model.predict_score(X),
        len(background),
    )
