"""deepchecks: four checks of a table, drift of every feature on all rows, and rows that two tables share."""

import warnings

import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.checks import (
    DataDuplicates,
    FeatureDrift,
    IsSingleValue,
    MixedNulls,
    PercentOfNulls,
    TrainTestSamplesMix,
)
from stopwatch import Stopwatch, main

warnings.simplefilter("ignore")
TEXTS = [f"c{place}" for place in range(6)]
NUMBERS = [f"n{place:02}" for place in range(13)]
FEATURES = [*NUMBERS, *TEXTS]


def _dataset(watch: Stopwatch, path: str) -> Dataset:
    with watch.reading():
        table = pd.read_parquet(path)
    table["seen_at"] = table["seen_at"].astype("int64")
    return Dataset(table, label="y_true", index_name="id", features=[*FEATURES, "seen_at"], cat_features=TEXTS)


def quality(watch: Stopwatch, path: str, *, with_display: bool = True) -> float:
    """By default it lists some of what it finds beside the figures. The id makes every row another one."""
    table = _dataset(watch, path)
    rows = len(table.data)
    checks = (
        DataDuplicates(n_samples=rows, ignore_columns=["id"]),
        PercentOfNulls(n_samples=rows),
        IsSingleValue(n_samples=rows),
        MixedNulls(n_samples=rows),
    )
    repeated, *_ = [check.run(table, with_display=with_display).value for check in checks]
    return float(repeated)


def figures(watch: Stopwatch, path: str) -> float:
    return quality(watch, path, with_display=False)


def drift(watch: Stopwatch, path: str, other: str) -> int:
    now, then = _dataset(watch, path), _dataset(watch, other)
    check = FeatureDrift(n_samples=len(now.data), numerical_drift_method="KS", categorical_drift_method="PSI")
    return len(check.run(then, now, with_display=False).value)


def overlap(watch: Stopwatch, path: str, other: str) -> float:
    now, then = _dataset(watch, path), _dataset(watch, other)
    check = TrainTestSamplesMix(n_samples=len(now.data))
    return float(check.run(then, now, with_display=False).value["ratio"])


if __name__ == "__main__":
    main({"quality": quality, "figures": figures, "drift": drift, "overlap": overlap})
