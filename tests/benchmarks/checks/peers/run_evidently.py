"""evidently: its summary of a table, and drift of 19 columns by KS and PSI; it takes no timestamps."""

import warnings

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift
from evidently.presets import DataSummaryPreset
from stopwatch import Stopwatch, main

warnings.simplefilter("ignore")
TEXTS = [f"c{place}" for place in range(6)]
NUMBERS = [f"n{place:02}" for place in range(13)]


def _dataset(watch: Stopwatch, path: str, columns: list[str] | None = None, index: str | None = None) -> Dataset:
    with watch.reading():
        table = pd.read_parquet(path, columns=columns)
    if index is not None:
        table = table.set_index(index)
    numbers = [name for name in table.columns if name in NUMBERS or name.startswith("y_")]
    texts = [name for name in table.columns if name in TEXTS or name in ("sex", "race", "age")]
    return Dataset.from_pandas(table, DataDefinition(numerical_columns=numbers, categorical_columns=texts))


def quality(watch: Stopwatch, path: str) -> float:
    """The id is no column: with it no row repeats another, and the summary cannot leave it out."""
    metrics = Report([DataSummaryPreset()]).run(_dataset(watch, path, index="id"), None).dict()["metrics"]
    return next(metric["value"] for metric in metrics if metric["metric_name"] == "DuplicatedRowCount()")


def drift(watch: Stopwatch, path: str, other: str) -> int:
    now, then = (_dataset(watch, one, [*NUMBERS, *TEXTS]) for one in (path, other))
    metrics = [ValueDrift(column=name, method=method) for name in NUMBERS for method in ("ks", "psi")]
    metrics += [ValueDrift(column=name, method="psi") for name in TEXTS]
    return len(Report(metrics).run(now, then).dict()["metrics"])


if __name__ == "__main__":
    main({"quality": quality, "drift": drift})
