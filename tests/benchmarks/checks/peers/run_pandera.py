"""pandera: a schema of the wide table on pandas; it has no share of labels."""

import pandas as pd
import pandera.pandas as pa
from stopwatch import Stopwatch, main

TEXTS = [f"c{place}" for place in range(6)]
NUMBERS = [f"n{place:02}" for place in range(13)]
REST = ["seen_at", *TEXTS, "y_true", "y_pred", "y_score", "sex", "race", "age"]
ALLOWED = {"y_true": [0, 1], "y_pred": [0, 1], "sex": ["female", "male", "other"], "race": list("abcdef")}


def quality(watch: Stopwatch, path: str) -> int:
    with watch.reading():
        table = pd.read_parquet(path)
    missing = pa.Check(lambda cells: cells.isna().mean() <= 0.5, ignore_na=False)
    few = pa.Check(lambda cells: cells.nunique() <= 500)
    columns = {"id": pa.Column(unique=True, checks=[missing])}
    columns |= {name: pa.Column(nullable=True, checks=[missing, pa.Check.in_range(-10, 1e9)]) for name in NUMBERS}
    columns |= {name: pa.Column(nullable=True, checks=[missing]) for name in REST}
    columns |= {name: pa.Column(nullable=True, checks=[missing, few]) for name in TEXTS}
    columns |= {name: pa.Column(checks=[missing, pa.Check.isin(values)]) for name, values in ALLOWED.items()}
    schema = pa.DataFrameSchema(columns, unique=[*NUMBERS, *REST])
    try:
        schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as found:
        return len(found.schema_errors)
    return 0


if __name__ == "__main__":
    main({"quality": quality})
