"""Drift is measured against a stored profile of the reference as against its rows, and the profile holds nobody."""

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.checks import (
    ColumnValues,
    Outcome,
    Roles,
    RunSpec,
    TableInput,
    list_checks,
    measure,
    profile_document,
    reads_profile,
)
from audits.checks.statistics.column_values import RARE
from audits.checks.statistics.stored_profile import FEWEST_ROWS, MOST_CELLS, profiled

ROLES = Roles("binary", favourable=1, features=("income", "children", "town"))
DRIFT = [RunSpec(f"drift.{name}", 1) for name in ("population_stability", "kolmogorov_smirnov", "significance")]


def table(rows: int, seed: int, shift: float = 0.0) -> pa.Table:
    chance = np.random.default_rng(seed)
    income = np.exp(chance.normal(shift, 1, rows))
    return pa.table(
        {
            "income": pa.array(income, mask=chance.random(rows) < 0.1),
            "children": chance.poisson(1.2 + shift, rows),
            "town": chance.choice(["Aachen", "Bonn", "Celle"], rows, p=[0.5, 0.3, 0.2]),
        }
    )


def rows_of(rows: pa.Table) -> TableInput:
    return TableInput(rows.to_batches, ROLES)


def as_profile(rows: pa.Table) -> TableInput:
    """The rows as a profile that was written down and read again."""
    document = json.loads(json.dumps(profile_document(rows_of(rows)), allow_nan=False))
    stored = ColumnValues.from_document({"names": list(ROLES.features), "columns": document["columns"]})
    return TableInput(lambda: (_ for _ in ()), ROLES, stored)


def figures(outcome: Outcome) -> dict[tuple[str, str | None], Any]:
    assert outcome.report is not None, outcome.sentence
    return {(one.name, one.group): one for one in outcome.report.measurements}


def drift(reference: TableInput) -> list[Outcome]:
    return measure(DRIFT, tables={"evaluation": rows_of(table(20_000, 1, 0.1)), "reference": reference})


def test_the_distance_from_a_profile_is_off_by_no_more_than_it_says() -> None:
    reference = table(30_000, 2)
    exact, stored = (figures(drift(of)[1]) for of in (rows_of(reference), as_profile(reference)))
    # 27,000 incomes lie in cells of ten or eleven, all of which may lie before the end of the last one.
    one = stored["kolmogorov_smirnov", "income"]
    assert "against a stored profile; off by at most 0.0004" in one.note
    assert abs(one.value - exact["kolmogorov_smirnov", "income"].value) <= 11 / 26_900
    assert one.low < exact["kolmogorov_smirnov", "income"].value < one.high


def test_counts_of_few_numbers_and_texts_are_exact_in_a_profile() -> None:
    reference = table(30_000, 2)
    for exact, stored in zip(drift(rows_of(reference)), drift(as_profile(reference)), strict=True):
        for (name, group), one in figures(exact).items():
            if group != "income" and name != "adjusted_p_value":
                assert math.isclose(figures(stored)[name, group].value, one.value, rel_tol=1e-9, abs_tol=2e-3)
            if group == "town":
                assert figures(stored)[name, group].value == one.value or name == "adjusted_p_value"


def test_the_verdicts_are_those_of_the_rows() -> None:
    reference = table(30_000, 2)
    assert [one.verdict for one in drift(rows_of(reference))] == [one.verdict for one in drift(as_profile(reference))]


def test_a_check_that_needs_rows_says_so() -> None:
    runs = [RunSpec("data_quality.shared_rows", 1)]
    reference = table(1_000, 2)
    (outcome,) = measure(runs, tables={"evaluation": rows_of(reference), "reference": as_profile(reference)})
    assert outcome.verdict == "inconclusive"
    assert "is a stored profile, and this check needs its rows" in outcome.sentence


@pytest.mark.parametrize("name", ["data_quality.near_constant_columns", "drift.distance"])
def test_a_profile_stands_for_a_reference_and_never_for_what_is_evaluated(name: str) -> None:
    profile = as_profile(table(1_000, 2))
    (outcome,) = measure([RunSpec(name, 1)], tables={"evaluation": profile, "reference": rows_of(table(1_000, 3))})
    assert outcome.verdict == "inconclusive"
    assert outcome.sentence == "The evaluation table is a stored profile, and this check needs its rows."


def test_what_can_be_measured_against_a_profile_is_known_before_it_is_ordered() -> None:
    assert [check.name for check in list_checks() if reads_profile(check, "reference")] == [
        "drift.distance",
        "drift.kolmogorov_smirnov",
        "drift.overall",
        "drift.population_stability",
        "drift.significance",
    ]
    assert not any(reads_profile(check, "evaluation") for check in list_checks())


def test_texts_of_few_rows_stand_in_no_profile_and_count_as_rare() -> None:
    towns = ["Aachen"] * 500 + ["Bonn"] * 400 + ["Anna's own street"] * 9
    rows = pa.table({"income": [1.0] * 909, "children": [1] * 909, "town": towns})
    document = profile_document(rows_of(rows))
    assert "Anna" not in json.dumps(document)
    assert document["columns"][2]["texts"] == {"Aachen": 500, "Bonn": 400, RARE: 9}
    # The same rows again: what is rare there is as rare here.
    stability = measure(DRIFT[:1], tables={"evaluation": rows_of(rows), "reference": as_profile(rows)})[0]
    assert figures(stability)["population_stability_index", "town"].value == 0


@given(st.lists(st.floats(-1e300, 1e300), min_size=FEWEST_ROWS, max_size=300), st.integers(1, 40))
def test_no_cell_holds_fewer_rows_than_protect_a_person(numbers: list[float], copies: int) -> None:
    values = np.array(numbers + numbers[:1] * copies)
    rows = ColumnValues.empty(Roles("binary", features=("x",)))
    rows.add(pa.record_batch({"x": values}))
    column = profiled(rows.by_name["x"])
    ends, counts = column.numbers.values(), column.numbers.counts[:, 0]
    assert counts.min() >= FEWEST_ROWS
    assert len(counts) <= 2 * MOST_CELLS
    assert counts.sum() == len(values)
    # Every share up to an end is exact, and no more rows lie before the end of a cell than it says.
    assert [(values <= end).sum() for end in ends] == np.cumsum(counts).tolist()
    starts = np.append(-np.inf, ends[:-1])
    before = [((values > start) & (values < end)).sum() for start, end in zip(starts, ends, strict=True)]
    assert column.inside == max(before)
    assert ends[-1] == values.max() or (values == values.max()).sum() < FEWEST_ROWS


@pytest.mark.parametrize("rows", [0, 5])
def test_too_few_rows_leave_counts_alone(rows: int) -> None:
    values = ColumnValues.empty(Roles("binary", features=("x",)))
    values.add(pa.record_batch({"x": pa.array([1.5] * rows + [None] * 20, pa.float64())}))
    column = profiled(values.by_name["x"])
    assert (column.numbers.total, column.rows, column.missing) == (0, rows + 20, 20)
