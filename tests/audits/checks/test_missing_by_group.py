"""data_quality.missing_by_group against hand-made tables and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from statsmodels.stats.proportion import proportion_confint

from audits.checks import GroupMissing, Roles, SensitiveColumn, recompute
from tests.audits.checks.tables import SEX, judged, keys, measured

NAME = "data_quality.missing_by_group"
ROLES = Roles(task="regression", sensitive=SEX, features=("income", "city"))


def people(**missing: tuple[int, int]) -> pa.Table:
    """People by group of the column sex: of how many the income is missing, of how many."""
    rows = [
        {"sex": group, "income": None if place < gone else 1.5, "city": "York"}
        for group, (gone, size) in missing.items()
        for place in range(size)
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([("sex", "string"), ("income", "double"), ("city", "string")]))


def test_as_much_is_known_about_both() -> None:
    outcome = judged(NAME, people(f=(10, 100), m=(20, 200)), ROLES)
    assert outcome.verdict == "passed"
    assert measured(outcome, "missing_gap", "income by sex").value == 0.0
    assert measured(outcome, "missing_share", "income by sex/f").value == 0.1
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_a_known_gap_is_found_and_exactly_on_the_limit_passes() -> None:
    table = people(f=(30, 100), m=(20, 200))
    outcome = judged(NAME, table, ROLES)
    assert keys(outcome) == [f"{NAME}/income by sex"]
    assert "between f and m of income by sex: a value of 0.2" in outcome.sentence
    gap = measured(outcome, "missing_gap", "income by sex")
    f, m = (proportion_confint(*counts, method="wilson") for counts in ((30, 100), (20, 200)))
    assert gap.low == pytest.approx(0.2 - np.hypot(0.3 - f[0], m[1] - 0.1), abs=1e-12)
    assert gap.high == pytest.approx(0.2 + np.hypot(f[1] - 0.3, 0.1 - m[0]), abs=1e-12)
    assert measured(outcome, "missing_share", "income by sex/f").value == 0.3
    assert judged(NAME, table, ROLES, max_gap=0.2).verdict == "passed"
    assert judged(NAME, table, ROLES, max_gap=0.2, decide_on="interval").verdict == "inconclusive"


def test_small_groups_and_single_ones_decide_nothing() -> None:
    assert judged(NAME, people(f=(0, 100)), ROLES).verdict == "inconclusive"
    three = people(f=(10, 100), m=(10, 100), x=(20, 20))
    outcome = judged(NAME, three, ROLES)
    assert outcome.sentence == "Too few rows in sex/x (20); 30 are needed."
    assert measured(outcome, "group_rows", "sex/x").n == 20
    assert judged(NAME, three, ROLES, leave_out=["x"]).verdict == "passed"
    alone = Roles(task="regression", sensitive=SEX, features=("sex",))
    assert "no feature besides" in judged(NAME, people(f=(0, 50), m=(0, 50)), alone).sentence
    assert "role sensitive" in judged(NAME, three, Roles(task="regression", features=("city",))).sentence


def test_crossings_are_pandas_s_in_any_split() -> None:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "sex": random.choice(["f", "m", None], 2_000),
            "age": random.integers(20, 70, 2_000),
            "income": np.where(random.random(2_000) < 0.2, np.nan, 1.0),
            "city": random.choice(["York", "", None], 2_000),
        }
    )
    both = Roles(
        task="regression", sensitive=(*SEX, SensitiveColumn("age", bands=(40.0,))), features=("income", "city")
    )
    table = pa.Table.from_pandas(frame)
    outcome = judged(NAME, table, both, attribute="sex x age")
    sex, old = frame["sex"].fillna("(missing)"), frame["age"] >= 40
    for feature, gone in (("income", frame["income"].isna()), ("city", frame["city"].fillna("") == "")):
        shares = gone.groupby([sex, old]).mean()
        gap = measured(outcome, "missing_gap", f"{feature} by sex x age").value
        assert gap == pytest.approx(shares.max() - shares.min(), abs=1e-12)
    whole, first, second = (GroupMissing.empty(both) for _ in range(3))
    for statistic, part in ((whole, table), (first, table[:700]), (second, table[700:])):
        for batch in part.to_batches(max_chunksize=300):
            statistic.add(batch)
    second.merge(first)
    assert second.n_rows == 2_000
    for attribute in ("sex", "age", "age x sex"):
        expected = whole.by_group(attribute)
        assert {group: of.tolist() for group, of in second.by_group(attribute).items()} == {
            group: of.tolist() for group, of in expected.items()
        }
