"""data_quality.shared_rows against hand-made tables and pandas."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from audits.checks import Roles, RunSpec, measure, recompute
from tests.audits.checks.tables import given, judged, keys, measured

NAME = "data_quality.shared_rows"
ROLES = Roles(task="regression", label="y", features=("a", "b"))


def of(*rows: tuple[object, object]) -> pa.Table:
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(("a", "b"))})
    return table.append_column("y", pa.array(np.arange(len(rows), dtype=float)))


def test_tables_without_a_common_row_pass() -> None:
    outcome = judged(NAME, of(("x", 1), ("x", 2)), ROLES, reference=of(("y", 1), ("x", 3)))
    assert (outcome.verdict, measured(outcome, "shared_rows").value) == ("passed", 0)


def test_every_shared_row_of_the_evaluation_counts_whatever_its_label() -> None:
    outcome = judged(NAME, of(("x", 1), ("x", 1), ("x", 2)), ROLES, reference=of(("q", 9), ("x", 1)))
    assert measured(outcome, "shared_rows").value == 2
    assert keys(outcome) == [NAME]


def test_exactly_on_the_limit_passes() -> None:
    table = of(*[("x", n) for n in range(10)])
    assert judged(NAME, table, ROLES, reference=of(("x", 3)), max_share=0.1).verdict == "passed"
    assert judged(NAME, table, ROLES, reference=of(("x", 3)), max_share=0.09).verdict == "failed"


def test_tables_with_other_features_are_inconclusive() -> None:
    tables = {"evaluation": given(of(("x", 1)), ROLES)}
    tables["reference"] = given(of(("x", 1)), Roles(task="regression", label="y", features=("a",)))
    (outcome,) = measure([RunSpec(NAME, 1)], tables=tables)
    assert (outcome.verdict, "same features" in outcome.sentence) == ("inconclusive", True)


def test_the_count_is_pandas_s_and_no_digest_is_stored() -> None:
    random = np.random.default_rng(3)
    sides = [[("abc"[i], int(n)) for i, n in zip(*random.integers(0, 3, (2, 300)), strict=True)] for _ in range(2)]
    sides = [[(word, n + int(random.integers(0, 100))) for word, n in side] for side in sides]
    now, then = (of(*side) for side in sides)
    outcome = judged(NAME, now, ROLES, reference=then)
    known = set(sides[1])
    assert measured(outcome, "shared_rows").value == sum(row in known for row in sides[0]) > 0
    stored = json.loads(json.dumps(outcome.to_document()))
    assert recompute(stored).to_document() == stored
    assert len(json.dumps(stored["statistics"])) < 500
