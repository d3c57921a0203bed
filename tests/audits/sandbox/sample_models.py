"""Small real models on a small table, for the tests beside this file."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["age", "income", "debt"]
FEATURES = [*NUMBERS, "city"]


def applicants(rows=300, seed=7):
    """Three numbers, a text column and whether credit was repaid, which depends on the first three columns."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=NUMBERS)
    frame["city"] = np.where(rng.random(rows) < 0.5, "Leeds", "York")
    repaid = frame["income"] - frame["debt"] + 0.5 * frame["age"] + 0.3 * rng.normal(size=rows) > 0
    return frame, repaid.astype(int)


def logistic(frame, repaid):
    return LogisticRegression().fit(frame[NUMBERS], repaid)


def forest(frame, repaid, trees=10):
    return RandomForestClassifier(trees, max_depth=4, random_state=0).fit(frame[NUMBERS], repaid)


def boosting(frame, repaid):
    return HistGradientBoostingClassifier(max_iter=10, random_state=0).fit(frame[NUMBERS], repaid)


def text_pipeline(frame, repaid):
    """The ordinary way with mixed columns: impute and scale numbers, one column per city, then a model."""
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["city"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(frame[FEATURES], repaid)


def save_skops(model, path):
    import skops.io

    skops.io.dump(model, path)
    return path


def save_xgboost(frame, repaid, path, features=NUMBERS):
    import xgboost

    table = frame[features].assign(**{name: frame[name].astype("category") for name in features if name == "city"})
    matrix = xgboost.DMatrix(table, label=repaid, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, matrix, 10)
    booster.save_model(path)
    return booster, matrix


def save_lightgbm(frame, repaid, path, features=NUMBERS):
    import lightgbm

    table = frame[features].assign(**{name: frame[name].astype("category") for name in features if name == "city"})
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 7}
    booster = lightgbm.train(settings, lightgbm.Dataset(table, label=repaid), 10)
    booster.save_model(path)
    return booster, table


def save_onnx(model, path, *, zipmap=True, dtype=np.float32):
    import skl2onnx

    first = np.zeros((1, model.n_features_in_), dtype)
    options = {id(model): {"zipmap": zipmap}} if hasattr(model, "classes_") else None
    path.write_bytes(skl2onnx.to_onnx(model, first, options=options).SerializeToString())
    return path
