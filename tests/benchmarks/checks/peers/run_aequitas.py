"""Aequitas: twelve rates and their disparities, along one attribute or three, none crossed."""

import pandas as pd
from aequitas import Audit
from stopwatch import Stopwatch, main


def _audit(watch: Stopwatch, path: str, attributes: list[str]) -> float:
    with watch.reading():
        table = pd.read_parquet(path, columns=["y_true", "y_pred", *attributes])
    table = table.rename(columns={"y_true": "label", "y_pred": "score"})
    audit = Audit(table, sensitive_attribute_column=attributes, label_column="label", score_column="score")
    audit.audit()
    rates = audit.metrics["pprev"].xs("sex")
    return float(rates.max() - rates.min())


def one(watch: Stopwatch, path: str) -> float:
    return _audit(watch, path, ["sex"])


def three(watch: Stopwatch, path: str) -> float:
    return _audit(watch, path, ["sex", "race", "age"])


if __name__ == "__main__":
    main({"one": one, "three": three})
