"""fairlearn: six metrics by group with their differences, along one attribute, along all seven groupings, redrawn."""

from itertools import combinations

import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    count,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score
from stopwatch import Stopwatch, main

ATTRIBUTES = ("sex", "race", "age")
METRICS = {
    "count": count,
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "false_negative_rate": false_negative_rate,
    "accuracy": accuracy_score,
}
SCORES = {"roc_auc": roc_auc_score, "brier": brier_score_loss}


def _frame(table: pd.DataFrame, attributes: tuple[str, ...], **redrawn: object) -> float:
    frame = MetricFrame(
        metrics=METRICS,
        y_true=table["y_true"],
        y_pred=table["y_pred"],
        sensitive_features=table[list(attributes)],
        **redrawn,
    )
    return float(frame.difference()["selection_rate"])


def _read(watch: Stopwatch, path: str) -> pd.DataFrame:
    with watch.reading():
        return pd.read_parquet(path, columns=["y_true", "y_pred", *ATTRIBUTES])


def one(watch: Stopwatch, path: str) -> float:
    return _frame(_read(watch, path), ("sex",))


def seven(watch: Stopwatch, path: str) -> float:
    table = _read(watch, path)
    gaps = [_frame(table, some) for size in (1, 2, 3) for some in combinations(ATTRIBUTES, size)]
    return gaps[0]


def redrawn(watch: Stopwatch, path: str) -> float:
    """Two draws along one attribute: the cost grows with the number of draws."""
    return _frame(_read(watch, path), ("sex",), n_boot=2, ci_quantiles=[0.025, 0.975], random_state=0)


def scores(watch: Stopwatch, path: str) -> float:
    with watch.reading():
        table = pd.read_parquet(path, columns=["y_true", "y_score", "sex"])
    frame = MetricFrame(
        metrics=SCORES, y_true=table["y_true"], y_pred=table["y_score"], sensitive_features=table["sex"]
    )
    return float(frame.by_group["roc_auc"]["female"])


if __name__ == "__main__":
    main({"one": one, "seven": seven, "redrawn": redrawn, "scores": scores})
