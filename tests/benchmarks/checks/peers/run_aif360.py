"""AIF360: its classification metric of two groups; it compares no more than two, and needs numbers."""

import pandas as pd
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import ClassificationMetric
from stopwatch import Stopwatch, main


def one(watch: Stopwatch, path: str) -> float:
    with watch.reading():
        table = pd.read_parquet(path, columns=["y_true", "y_pred", "sex"])
    table["sex"] = (table["sex"] == "male").astype(float)
    told = {"favorable_label": 1, "unfavorable_label": 0, "protected_attribute_names": ["sex"]}
    truth = BinaryLabelDataset(df=table[["sex", "y_true"]], label_names=["y_true"], **told)
    given = truth.copy()
    given.labels = table[["y_pred"]].to_numpy(float)
    metric = ClassificationMetric(truth, given, [{"sex": 0}], [{"sex": 1}])
    figures = (
        metric.statistical_parity_difference,
        metric.equal_opportunity_difference,
        metric.average_odds_difference,
        metric.false_positive_rate_difference,
        metric.false_negative_rate_difference,
        metric.disparate_impact,
    )
    gaps = [float(figure()) for figure in figures]
    return gaps[0]


if __name__ == "__main__":
    main({"one": one})
