"""data_quality.functional_dependencies against hand-made tables and pandas."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles, RunSpec, ValuePairs, measure, recompute
from tests.audits.checks.tables import given, judged, keys, measured

NAME = "data_quality.functional_dependencies"
ROLES = Roles(task="regression", features=("city", "state", "note"))
PLACES = {"Bonn": "NRW", "Köln": "NRW", "Kiel": "SH", "Ulm": "BW", "Aalen": "BW"}


def of(cities: list[str | None], wrong: dict[int, str | None] | None = None) -> pa.Table:
    states = [PLACES.get(city or "") for city in cities]
    for place, state in (wrong or {}).items():
        states[place] = state
    return pa.table({"city": cities, "state": states, "note": [f"n{i}" for i in range(len(cities))]})


CITIES: list[str | None] = [list(PLACES)[i % 5] for i in range(200)]


def test_a_dependency_that_nearly_holds_is_found_with_its_broken_rows() -> None:
    outcome = judged(NAME, of(CITIES, {3: "SH", 7: None}), ROLES)
    assert keys(outcome) == [f"{NAME}/city -> state"]
    assert measured(outcome, "broken_rows", "city -> state").value == 1
    assert measured(outcome, "dependency_error", "city -> state").value == 1 / 199
    assert judged(NAME, of(CITIES, {3: "SH"}), ROLES, allowed=["city -> state"]).verdict == "passed"


def test_one_that_holds_or_is_broken_often_is_no_finding() -> None:
    assert judged(NAME, of(CITIES), ROLES).verdict == "passed"
    often = dict.fromkeys(range(0, 200, 10), "SH")
    assert judged(NAME, of(CITIES, often), ROLES).verdict == "passed"
    assert judged(NAME, of(CITIES, often), ROLES, max_error=0.2).verdict == "failed"


def test_a_column_of_one_value_is_determined_by_everything_and_says_nothing() -> None:
    table = of(CITIES).set_column(1, "state", pa.array(["NRW"] * 199 + ["SH"]))
    assert judged(NAME, table, ROLES).verdict == "passed"


def test_a_declared_dependency_must_hold_in_every_row() -> None:
    often = dict.fromkeys(range(0, 200, 10), "SH")
    outcome = judged(NAME, of(CITIES, often), ROLES, declared=["city->state"])
    assert outcome.verdict == "failed"
    assert judged(NAME, of(CITIES), ROLES, declared=["city -> state"]).verdict == "passed"
    for declared in ("city -> land", "city state"):
        assert judged(NAME, of(CITIES), ROLES, declared=[declared]).verdict == "inconclusive"


def test_columns_of_too_many_texts_are_left_out() -> None:
    cities: list[str | None] = [*CITIES] * 6
    outcome = judged(NAME, of(cities), ROLES)
    found = ValuePairs.from_document(outcome.statistics["evaluation"]["ValuePairs"]).dependencies()
    assert set(found) == {("city", "state"), ("state", "city")}


def test_the_error_is_that_of_pandas_in_any_batches_and_order() -> None:
    random = np.random.default_rng(1)
    a, b = (np.array([f"v{n}" for n in random.integers(0, 8, 600)]) for _ in range(2))
    b = np.where(random.random(600) < 0.9, np.char.add("w", a), b)
    table = pa.table({"city": a, "state": b, "note": ["x", None] * 300})
    frame = table.to_pandas()
    counts = frame.groupby(["city", "state"]).size()
    expected = 1 - counts.groupby("city").max().sum() / 600
    documents = []
    for one, rows in ((table, 7), (table, 600), (table.take(pa.array(random.permutation(600))), 100)):
        spec = RunSpec(NAME, 1, {"declared": ["city -> state"]})
        documents.append(measure([spec], tables={"evaluation": given(one, ROLES, rows)})[0])
    found = measured(documents[0], "dependency_error", "city -> state").value
    assert found == pytest.approx(expected, abs=1e-12)
    assert documents[0].to_document() == documents[1].to_document() == documents[2].to_document()
    stored = json.loads(json.dumps(documents[0].to_document()))
    assert recompute(stored).to_document() == stored


def test_parts_merge_into_the_whole() -> None:
    table = of(CITIES, {3: "SH", 150: "SH"})
    whole, first, second = (ValuePairs.empty(ROLES) for _ in range(3))
    for statistic, part in ((whole, table), (first, table.slice(101)), (second, table.slice(0, 101))):
        statistic.add(part.combine_chunks().to_batches()[0])
    first.merge(second)
    assert first.to_document() == whole.to_document()
