"""Builders of small tables whose answers can be worked out by hand, and of the real ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from audits.checks import Measurement, Outcome, Roles, RunSpec, SensitiveColumn, TableInput, measure
from tests.shared_data import shared_data

SEX = (SensitiveColumn("sex"),)
DECISIONS = Roles(task="binary", favourable=1, label="truth", prediction="decision", sensitive=SEX)


def confusion(**groups: tuple[int, int, int, int]) -> pa.Table:
    """People by group of the column sex: true positives, false positives, false negatives, true negatives."""
    pairs = ((1, 1), (0, 1), (1, 0), (0, 0))
    rows = [
        {"sex": group, "truth": truth, "decision": decision}
        for group, counts in groups.items()
        for (truth, decision), count in zip(pairs, counts, strict=True)
        for _ in range(count)
    ]
    schema = pa.schema([("sex", pa.string()), ("truth", pa.int64()), ("decision", pa.int64())])
    return pa.Table.from_pylist(rows, schema=schema)


def selected(**groups: tuple[int, int]) -> pa.Table:
    """People by group of the column sex: how many were selected, of how many."""
    return confusion(**{name: (chosen, 0, 0, size - chosen) for name, (chosen, size) in groups.items()})


def given(table: pa.Table, roles: Roles, batch_rows: int = 1_000) -> TableInput:
    return TableInput(lambda: table.to_batches(batch_rows), roles)


def judged(
    check: str,
    table: pa.Table,
    roles: Roles = DECISIONS,
    *,
    reference: pa.Table | None = None,
    live: pa.Table | None = None,
    statistics: Mapping[type, object] | None = None,
    **parameters: Any,
) -> Outcome:
    """The outcome of version 1 of one check."""
    tables = {"evaluation": given(table, roles)}
    beside = {"reference": reference, "live": live}
    tables |= {name: given(other, roles) for name, other in beside.items() if other is not None}
    spec = RunSpec(check, 1, parameters)
    (outcome,) = measure([spec], tables=tables, statistics=statistics or {}, seed=11)
    return outcome


def measured(outcome: Outcome, name: str, group: str | None = None) -> Measurement:
    """The one measurement with this name and group."""
    assert outcome.report is not None, outcome.sentence
    (found,) = [m for m in outcome.report.measurements if m.name == name and m.group == group]
    return found


def keys(outcome: Outcome) -> list[str]:
    assert outcome.report is not None, outcome.sentence
    return [finding.key for finding in outcome.report.findings]


def adult(part: str) -> pa.Table:
    """Adult: train, test or all, with the column `split` that tells the two parts apart."""
    table = parquet.read_table(shared_data("adult.parquet"))
    if part == "all":
        return table
    return table.filter(pa.array([split == part for split in table["split"].to_pylist()]))


def forest() -> pa.Table:
    """Decisions of a random forest on Adult."""
    return csv.read_csv(shared_data("adult_random_forest_predictions.csv"))


FOREST = Roles(
    task="binary",
    favourable=1,
    label="y_true",
    prediction="y_pred",
    sensitive=(SensitiveColumn("sex"), SensitiveColumn("race")),
)


def german() -> pa.Table:
    return csv.read_csv(shared_data("german_credit.csv"))


def bike(year: int) -> pa.Table:
    table = csv.read_csv(shared_data("bike_sharing_day.csv"))
    return table.filter(pa.array([value == year - 2011 for value in table["yr"].to_pylist()]))


def loaded_by(code: str, *modules: str) -> set[str]:
    """Which of these modules a process of its own has loaded once it ran the code."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*set({modules!r}) & sys.modules.keys())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())
