"""A run whose reference is a stored profile is measured in the locked child like any other."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audits.sandbox import execute, profile_table
from audits.tables import TableFormat, UnusableTable, inspect_table, parse_declaration

DECLARED = {"task": "regression", "columns": {"age": {"roles": ["feature"]}, "town": {"roles": ["feature"]}}}
PARQUET = TableFormat("parquet")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    chance = np.random.default_rng(3)
    table = pa.table({"age": chance.normal(40, 10, 5_000), "town": chance.choice(["Aachen", "Bonn"], 5_000)})
    pq.write_table(table, tmp_path / "reference.parquet")
    document = profile_table(tmp_path / "reference.parquet", PARQUET, parse_declaration(DECLARED))
    path = tmp_path / "reference.profile.json"
    path.write_text(json.dumps(document))
    pq.write_table(table.slice(0, 2_000), tmp_path / "evaluation.parquet")
    return path


def measured(profile: Path, *checks: str) -> dict[str, Any]:
    formats = {"evaluation": "parquet", "reference": "profile"}
    paths = {"evaluation": profile.with_name("evaluation.parquet"), "reference": profile}
    tables = {
        purpose: {"path": str(path), "format": {"format": formats[purpose]}, "declaration": DECLARED}
        for purpose, path in paths.items()
    }
    runs = [{"check": check, "version": 1, "parameters": {}} for check in checks]
    spec = {"runs": runs, "tables": tables, "artifact": None, "seed": 7}
    return execute(spec, wall_seconds=60, cpu_seconds=60, memory_bytes=1024 * 2**20)


def test_drift_is_measured_against_the_profile(profile: Path) -> None:
    answer = measured(profile, "drift.population_stability", "data_quality.shared_rows")
    stability, shared = answer["outcomes"]
    assert stability["verdict"] == "passed"
    assert "against a stored profile" in stability["measurements"][0]["note"]
    assert shared["verdict"] == "inconclusive"
    assert answer["rows"] == {"evaluation": 2_000, "reference": 5_000}


def test_a_profile_is_inspected_like_a_table(profile: Path) -> None:
    facts = inspect_table(profile, TableFormat("profile"), parse_declaration(DECLARED))
    assert (facts.n_rows, facts.columns) == (5_000, (("age", "number"), ("town", "text")))


def test_a_declaration_asks_a_profile_for_something_it_knows(profile: Path) -> None:
    sensitive = {**DECLARED, "columns": {"town": {"roles": ["sensitive"]}}}
    with pytest.raises(UnusableTable, match='give one of "age", "town" the role feature, prediction or score'):
        inspect_table(profile, TableFormat("profile"), parse_declaration(sensitive))
    both = {**DECLARED, "columns": {"age": {"roles": ["feature"]}, "sex": {"roles": ["sensitive"]}}}
    assert inspect_table(profile, TableFormat("profile"), parse_declaration(both)).n_rows == 5_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rows": 4_999}, "do not add up"),
        ({"profile": 2}, 'no "profile": 1'),
        ({"columns": 5}, "what its columns hold"),
        ({"columns": [{}]}, "has no name"),
    ],
)
def test_a_profile_that_does_not_add_up_is_refused(profile: Path, change: dict[str, Any], reason: str) -> None:
    profile.write_text(json.dumps({**json.loads(profile.read_text()), **change}))
    with pytest.raises(UnusableTable, match=reason):
        inspect_table(profile, TableFormat("profile"), parse_declaration(DECLARED))
    (outcome,) = measured(profile, "drift.population_stability")["outcomes"]
    assert (outcome["verdict"], reason in outcome["sentence"]) == ("errored", True)


@pytest.mark.parametrize(
    "change",
    [
        {"values": [3, 2, 1]},
        {"values": [1, 1, 2]},
        {"values": [1, 2, 10**400]},
        {"values": [1, 2, float("inf")]},
        {"values": [1, 2, float("nan")]},
        {"values": [True, 2, 3]},
        {"values": ["1", "2", "3"]},
        {"values": {}, "counts": []},
        {"values": [1, 2]},
        {"counts": [5_000, 0, 0]},
        {"counts": [5_001, -1, 0]},
        {"counts": [4_998, True, True]},
        {"counts": [4_998.0, 1, 1]},
        {"places": [0, 1, 2]},
        {"dropped_bits": None},
    ],
    ids=str,
)
def test_numbers_of_a_profile_that_do_not_add_up_are_refused(profile: Path, change: dict[str, Any]) -> None:
    document = json.loads(profile.read_text())
    numbers = document["columns"][0]["numbers"]
    numbers.update({"values": [1, 2.5, 3], "counts": [4_998, 1, 1]})
    document["columns"][0]["missing"] = 0
    profile.write_text(json.dumps(document))
    inspect_table(profile, TableFormat("profile"), parse_declaration(DECLARED))
    numbers.update(change)
    profile.write_text(json.dumps(document))
    with pytest.raises(UnusableTable, match='Column "age": the counts of the column do not add up'):
        inspect_table(profile, TableFormat("profile"), parse_declaration(DECLARED))


def test_a_declared_feature_that_the_profile_does_not_hold_is_named(profile: Path) -> None:
    declared = {"task": "regression", "columns": {"height": {"roles": ["feature"]}}}
    with pytest.raises(UnusableTable, match='Column "height": the profile has no such column'):
        inspect_table(profile, TableFormat("profile"), parse_declaration(declared))
