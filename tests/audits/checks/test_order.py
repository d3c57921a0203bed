"""Is an outcome the same, to the last byte, for any order of rows, any batches, any parts, and in every process?

Every check of the catalogue is asked, for every task. What is drawn, is drawn by the seed and by what rows hold.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.checks import (
    Attributions,
    ColumnShapes,
    Disturbances,
    Roles,
    RunSpec,
    TableInput,
    engine,
    get_check,
    list_checks,
    measure,
)
from audits.checks.scan import Failure, Statistics, scan_tables
from tests.audits.checks.tables import given
from tests.audits.checks.test_stored import ASKED, ATTRIBUTED, DISTURBED, TASKS, WEIGHED, tables

PROJECT = Path(__file__).resolve().parents[3]
# Cells of these go missing.
WORN = ("sex", "race", "truth", "score", "before", "number_0", "fold", "question", "at", "weight", "card", "category_5")
# Half as many again are shown: more than are kept of a sample, and more numbers than are kept apart.
ROWS = 3_600
# Without weights the same is counted, and advice besides.
WHOLE = [pytest.param(task, marks=pytest.mark.soak if task in WEIGHED else ()) for task in TASKS]
Rearranged = Callable[[pa.Table], pa.Table]
Given = Callable[[pa.Table, Roles, int], TableInput]


def worn(rows: pa.Table) -> pa.Table:
    """The rows with missing cells and, of the first half, repeated: what occurs once needs no order among equals."""
    half = rows.num_rows // 2
    rows = pa.concat_tables([rows, rows[:half]])
    chance = np.random.default_rng(5)
    for name in WORN:
        cells = rows[name]
        missing = pc.if_else(pa.array(chance.random(len(cells)) < 0.02), pa.scalar(None, cells.type), cells)
        rows = rows.set_column(rows.schema.get_field_index(name), name, missing)
    return rows


def permuted(rows: pa.Table) -> pa.Table:
    return rows.take(pa.array(np.random.default_rng(1).permutation(rows.num_rows))).combine_chunks()


def in_columns(table: pa.Table, roles: Roles, batch_rows: int) -> TableInput:
    """A table that keeps its columns apart, and gives no other than those it is asked for."""

    def columns(names: Sequence[str]) -> list[pa.RecordBatch]:
        return table.select(names).to_batches(batch_rows)

    return TableInput(lambda: columns([]), roles, columns=columns)


@cache
def documents(
    task: str,
    batch_rows: int = 1_000,
    *,
    rows: int = ROWS,
    rearranged: Rearranged = pa.Table.combine_chunks,
    given: Given = given,
) -> dict[str, str]:
    """The outcome of every check as it is stored, by its name."""
    shown = {name: rearranged(worn(table[:rows])) for name, table in tables().items()}
    inputs = {name: given(table, TASKS[task], batch_rows) for name, table in shown.items()}
    specs = [RunSpec(check.name, check.version, ASKED.get(check.name, {})) for check in list_checks()]
    found = measure(specs, tables=inputs, statistics={Attributions: ATTRIBUTED, Disturbances: DISTURBED}, seed=3)
    return {one.spec.check: json.dumps(one.to_document(), sort_keys=True) for one in found}


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    assert one.keys() == other.keys()
    return {check for check in one if one[check] != other[check]}


@pytest.mark.parametrize("task", WHOLE)
def test_the_order_of_the_rows_changes_nothing_but_whether_a_column_ascends(task: str) -> None:
    asking = {check.name for check in list_checks() if ColumnShapes in get_check(check.name, check.version).needs}
    assert asking == {"data_quality.declared_schema", "data_quality.schema_contract"}
    assert differing(documents(task), documents(task, 700, rearranged=permuted)) <= asking


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("batch_rows", "rows"), [(1, 12), (7, 84)])
def test_the_size_of_the_batches_changes_nothing(task: str, batch_rows: int, rows: int) -> None:
    assert differing(documents(task, rows=rows), documents(task, batch_rows, rows=rows)) == set()


@pytest.mark.parametrize("task", TASKS)
def test_columns_that_are_read_one_after_the_other_say_what_whole_rows_say(task: str) -> None:
    assert differing(documents(task, 7, rows=84), documents(task, 7, rows=84, given=in_columns)) == set()


@pytest.mark.parametrize("task", WHOLE)
def test_parts_that_are_merged_in_any_order_say_what_the_whole_says(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = documents(task)
    chance = np.random.default_rng(8)

    def in_parts(
        tables: Mapping[str, TableInput], wishes: Mapping[str, Mapping[type, Any]], **asked: Any
    ) -> Statistics:
        """What `scan_tables` gives, of parts that were each read by themselves."""
        found = {key: part for name in wishes for key, part in merged(name, tables[name], wishes[name]).items()}
        for column in next(iter(tables["evaluation"].batches())).schema.names:
            asked["finished"](column, found)
        return found

    def merged(name: str, table: TableInput, kinds: Mapping[type, Any]) -> Statistics:
        batches = list(table.batches())
        cuts = [0, *sorted(chance.integers(1, len(batches), 3).tolist()), len(batches)]
        spans = [batches[first:last] for first, last in pairwise(cuts) if first < last]
        inputs = [TableInput(lambda span=span: span, table.roles) for span in spans]
        parts = [scan_tables({name: part}, {name: kinds}, seed=3) for part in inputs]
        found = dict(parts[0])
        for key in found:
            # A column that ascends does so from part to part: of these the order counts.
            order = np.arange(1, len(parts))
            for place in order if key[1] is ColumnShapes else chance.permutation(order):
                one, other = found[key], parts[place][key]
                if isinstance(one, Failure) or isinstance(other, Failure):
                    found[key] = one if isinstance(one, Failure) else other
                else:
                    one.merge(other)
        return found

    monkeypatch.setattr(engine, "scan_tables", in_parts)
    assert differing(whole, documents.__wrapped__(task)) == set()


def test_every_process_gives_the_same_bytes() -> None:
    """Hashes of texts differ from process to process, and so may the order of sets."""
    told = "from tests.audits.checks.test_order import digest; print(digest())"
    said = {
        subprocess.run(
            [sys.executable, "-c", told],
            cwd=PROJECT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def digest() -> str:
    return hashlib.sha256(json.dumps([documents(task, rows=100) for task in TASKS]).encode()).hexdigest()
