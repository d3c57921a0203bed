"""data_quality.time_leakage and data_quality.freshness against hand-made tables."""

from __future__ import annotations

import datetime
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from audits.checks import Roles, RunSpec, measure, recompute
from audits.checks.statistics.times import as_moments, from_iso
from tests.audits.checks.tables import given, judged, keys, measured

LEAKAGE, FRESHNESS = "data_quality.time_leakage", "data_quality.freshness"
ROLES = Roles(task="regression", time="at", features=("paid", "city"))


def days(*numbers: int | None, paid: int = 0, typed: bool = False) -> pa.Table:
    start = datetime.date(2026, 1, 1)
    at = [None if n is None else start + datetime.timedelta(days=n) for n in numbers]
    due = [None if day is None else day + datetime.timedelta(days=paid) for day in at]
    table = pa.table({"at": pa.array(at, pa.date32()), "paid": pa.array(due, pa.date32()), "city": ["Bonn"] * len(at)})
    texts = [column.cast(pa.string()) for column in table.columns]
    return table if typed else pa.table(texts, names=table.column_names)


@pytest.mark.parametrize("typed", [True, False])
def test_rows_from_before_the_end_of_the_reference_are_counted(typed: bool) -> None:
    reference = days(0, 5, 9, None, typed=typed)
    outcome = judged(LEAKAGE, days(9, 10, 11, None, 3, typed=typed), ROLES, reference=reference)
    assert keys(outcome) == [f"{LEAKAGE}/overlap_share"]
    overlap = measured(outcome, "overlap_share")
    assert (measured(outcome, "overlap_rows").value, overlap.value, overlap.n) == (2, 0.5, 4)
    assert overlap.note == "the reference ends at 2026-01-10T00:00:00Z, the evaluation begins at 2026-01-04T00:00:00Z"
    later = judged(LEAKAGE, days(10, 11, typed=typed), ROLES, reference=reference)
    assert later.verdict == "passed"


@pytest.mark.parametrize("typed", [True, False])
def test_a_feature_from_after_its_row_is_found_in_texts_and_times(typed: bool) -> None:
    outcome = judged(LEAKAGE, days(10, 11, paid=1, typed=typed), ROLES, reference=days(0, typed=typed))
    assert keys(outcome) == [f"{LEAKAGE}/paid/later_share"]
    assert measured(outcome, "later_share", "paid").value == 1
    assert not any(m.group == "city" for m in outcome.report.measurements)  # type: ignore[union-attr]
    tables = {"reference": days(0, typed=typed), "allowed": ["paid"]}
    assert judged(LEAKAGE, days(10, paid=1, typed=typed), ROLES, **tables).verdict == "passed"  # type: ignore[arg-type]


def test_what_is_no_time_or_missing_is_inconclusive() -> None:
    reference = days(0)
    soon = pa.table({"at": ["2026-01-01", "soon"], "paid": ["", ""], "city": ["", ""]})
    outcome = judged(LEAKAGE, soon, ROLES, reference=reference)
    assert (outcome.verdict, "not a time in every filled cell" in outcome.sentence) == ("inconclusive", True)
    for check in (LEAKAGE, FRESHNESS):
        none = judged(check, days(None, None), ROLES, **({"reference": reference} if check == LEAKAGE else {}), **(
            {"as_of": "2026-02-01"} if check == FRESHNESS else {}))  # type: ignore[arg-type]  # fmt: skip
        assert (none.verdict, "row" in none.sentence) == ("inconclusive", True)


def test_times_are_the_same_in_any_form_and_zone() -> None:
    expected = [from_iso("2026-03-01T12:00:00"), from_iso("2026-03-01")]
    moments = [datetime.datetime(2026, 3, 1, 12), datetime.datetime(2026, 3, 1)]
    forms = [
        pa.array(["2026-03-01T12:00:00Z", "2026-03-01"]),
        pa.array([" 2026-03-01 13:00:00+01:00", "2026-03-01T00:00"]),
        pa.array(["2026-03-01T12:00", "2026-02-28T19:00:00-0500"]).dictionary_encode(),
        *[pa.array(moments, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")],
        pa.array(moments, pa.timestamp("us")).cast(pa.timestamp("us", "Europe/Paris")),
    ]
    for form in forms:
        found = as_moments(form)
        assert found is not None
        assert found.tolist() == expected, form
    assert as_moments(pa.array([1, 2])) is None
    assert as_moments(pa.array(["12:30"])) is None


def test_neither_batches_nor_order_change_the_counts_and_they_equal_pandas() -> None:
    random = np.random.default_rng(2)
    now, then = (days(*map(int, random.integers(0, 400, 300))) for _ in range(2))
    found = []
    for table, rows in ((now, 7), (now, 300), (now.take(pa.array(random.permutation(300))), 50)):
        tables = {"evaluation": given(table, ROLES, rows), "reference": given(then, ROLES)}
        found.append(measure([RunSpec(LEAKAGE, 1)], tables=tables)[0])
    assert found[0].to_document() == found[1].to_document() == found[2].to_document()
    first, second = (pd.to_datetime(table["at"].to_pandas()) for table in (now, then))
    assert measured(found[0], "overlap_rows").value == int((first <= second.max()).sum()) > 0
    stored = json.loads(json.dumps(found[0].to_document()))
    assert recompute(stored).to_document() == stored


def test_the_age_of_the_newest_row_counts_from_a_given_moment() -> None:
    table = days(0, 20, 10)
    outcome = judged(FRESHNESS, table, ROLES, as_of="2026-01-31T12:00:00Z", max_age_days=10)
    assert (measured(outcome, "newest_age").value, measured(outcome, "span").value) == (10.5, 20)
    assert keys(outcome) == [f"{FRESHNESS}/newest_age"]
    assert judged(FRESHNESS, table, ROLES, as_of="2026-01-31", max_age_days=10).verdict == "passed"
    blank = judged(FRESHNESS, days(0, None), ROLES, as_of="2026-01-31")
    assert keys(blank) == [f"{FRESHNESS}/rows_without_time"]


def test_without_a_moment_or_with_rows_from_the_future_nothing_passes() -> None:
    assert "as_of" in judged(FRESHNESS, days(0), ROLES).sentence
    future = judged(FRESHNESS, days(0, 40), ROLES, as_of="2026-01-31")
    assert (future.verdict, "after 2026-01-31" in future.sentence) == ("inconclusive", True)
    assert measured(future, "newest_age").value == -10
