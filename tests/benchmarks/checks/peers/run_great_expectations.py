"""Great Expectations: 53 expectations over the wide table, with counts of what is found, and as verdicts alone."""

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from stopwatch import Stopwatch, main

expect = gx.expectations
TEXTS = [f"c{place}" for place in range(6)]
NUMBERS = [f"n{place:02}" for place in range(13)]
ALL = ["id", *NUMBERS, "seen_at", *TEXTS, "y_true", "y_pred", "y_score", "sex", "race", "age"]
ALLOWED = {"y_true": [0, 1], "y_pred": [0, 1], "sex": ["female", "male", "other"], "race": list("abcdef")}


def quality(watch: Stopwatch, path: str, result_format: str = "SUMMARY") -> int:
    """By default it counts, as ours does, what is missing and what is not as expected, and lists some of it."""
    with watch.reading():
        table = pd.read_parquet(path)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = context.data_sources.add_pandas("memory").add_dataframe_asset("table")
    batch = batch.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": table})
    suite = gx.ExpectationSuite(name="quality")
    wanted = [expect.ExpectColumnValuesToNotBeNull(column=name, mostly=0.5) for name in ALL]
    wanted += [expect.ExpectColumnValuesToBeUnique(column="id")]
    wanted += [expect.ExpectColumnUniqueValueCountToBeBetween(column=name, max_value=500) for name in TEXTS]
    wanted += [expect.ExpectColumnValuesToBeBetween(column=name, min_value=-10, max_value=1e9) for name in NUMBERS]
    wanted += [expect.ExpectColumnValuesToBeInSet(column=name, value_set=values) for name, values in ALLOWED.items()]
    wanted += [expect.ExpectCompoundColumnsToBeUnique(column_list=ALL[1:])]
    wanted += [expect.ExpectColumnMeanToBeBetween(column="y_true", min_value=0, max_value=1)]
    for one in wanted:
        suite.add_expectation(one)
    return sum(not result.success for result in batch.validate(suite, result_format=result_format).results)


def verdicts(watch: Stopwatch, path: str) -> int:
    return quality(watch, path, "BOOLEAN_ONLY")


if __name__ == "__main__":
    main({"quality": quality, "verdicts": verdicts})
