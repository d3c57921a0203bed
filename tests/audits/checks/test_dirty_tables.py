"""Do the checks of data quality find what is known to be wrong with the awkward tables?"""

from __future__ import annotations

from typing import Any

import pytest

from audits.checks import Outcome, Roles, RunSpec, TableInput, measure
from audits.tables.reading import TableFormat, open_table
from tests.audits.checks.tables import keys, measured
from tests.shared_data import shared_data

CSV = TableFormat("csv")


def judged(
    name: str, check: str, *, reference: str | None = None, fmt: TableFormat = CSV, **parameters: Any
) -> Outcome:
    """The outcome of a check over every column of an awkward table as its reader gives it."""
    tables = {}
    for purpose, file in (("evaluation", name), ("reference", reference)):
        if file is not None:
            table = open_table(shared_data("dirty", file), fmt)
            roles = Roles(task="regression", features=table.column_names)
            tables[purpose] = TableInput(table.batches, roles)
    (outcome,) = measure([RunSpec(check, 1, parameters)], tables=tables)
    return outcome


def test_blank_and_disguised_cells_of_the_beers_are_counted() -> None:
    blanks = judged("beers_dirty.csv", "data_quality.completeness")
    assert {m.group: m.value for m in blanks.report.measurements if m.name == "missing" and m.value} == {  # type: ignore[union-attr]
        "state": 127,
        "abv": 62,
        "style": 5,
    }
    disguised = judged("beers_dirty.csv", "data_quality.disguised_missing")
    # Every wrong cell of the bitterness is an "N/A" where the clean table has nothing.
    assert measured(disguised, "disguised_cells", "ibu/n/a").value == 1005
    assert "data_quality.disguised_missing/ibu" in keys(disguised)


def test_units_in_numbers_and_percent_signs_break_the_contract_of_the_clean_table() -> None:
    outcome = judged("beers_dirty.csv", "data_quality.schema_contract", reference="beers_clean.csv")
    broken = {key.removeprefix("data_quality.schema_contract/") for key in keys(outcome)}
    assert {"ounces/type", "abv/type", "ibu/type", "state/required"} <= broken
    clean = judged("beers_clean.csv", "data_quality.schema_contract", reference="beers_clean.csv")
    assert clean.verdict == "passed"


def test_percent_signs_stand_out_among_the_numbers_of_the_beers() -> None:
    assert "data_quality.mixed_types/abv" in keys(judged("beers_dirty.csv", "data_quality.mixed_types"))
    assert "data_quality.mixed_types/abv" not in keys(judged("beers_clean.csv", "data_quality.mixed_types"))


@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1"])
def test_a_spanish_table_read_as_it_was_written_is_sound(encoding: str) -> None:
    fmt = TableFormat("csv", encoding=encoding)
    outcome = judged("spanish_windows1252.csv", "data_quality.encoding_damage", fmt=fmt)
    assert outcome.verdict == "passed"


def test_a_brewery_tells_its_city_and_state_in_all_but_the_rows_that_were_counted_apart() -> None:
    # Counted with the csv module alone; the dirty file runs city and state together in 127 rows.
    check = "data_quality.functional_dependencies"
    clean = judged("beers_clean.csv", check, min_rows_per_value=3)
    assert measured(clean, "broken_rows", "brewery-name -> city").value == 18
    assert measured(clean, "broken_rows", "brewery-name -> state").value == 1
    dirty = judged("beers_dirty.csv", check, declared=["brewery_name -> city"])
    assert measured(dirty, "broken_rows", "brewery_name -> city").value == 136
