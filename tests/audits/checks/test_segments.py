"""performance.segments against hand-made tables and scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score

from audits.checks import Roles, SegmentCounts, SensitiveColumn
from audits.checks.engine import recompute
from audits.checks.library.segments import WeakestSegments
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.segments"
ROLES = Roles(task="binary", favourable=1, label="y", prediction="p", features=("region", "age"))


def of(*cells: tuple[object, object, int, int]) -> pa.Table:
    """Region, age, and how many right and wrong decisions."""
    rows = [(region, age, right) for region, age, hits, misses in cells for right in [1] * hits + [0] * misses]
    return pa.table(
        {
            "region": [region for region, _, _ in rows],
            "age": pa.array([age for _, age, _ in rows], pa.float64()),
            "y": [1] * len(rows),
            "p": [right for _, _, right in rows],
        }
    )


WEAK = of(("north", 30.0, 190, 10), ("south", 30.0, 95, 5), ("south", 20.0, 60, 40))


def test_the_weakest_segment_comes_out_by_hand() -> None:
    outcome = judged(NAME, WEAK, ROLES, max_gap=0.35)
    assert outcome.verdict == "passed"
    assert measured(outcome, "accuracy").value == 345 / 400
    # Twenty-year-olds: 60 of 100. Everybody else: 285 of 300.
    assert measured(outcome, "segment_accuracy", "age/under 30").value == 0.6
    assert measured(outcome, "gap_to_others", "age/under 30").value == pytest.approx(0.35, abs=1e-15)
    assert judged(NAME, WEAK, ROLES, max_gap=0.35, decide_on="estimate").verdict == "passed"
    found = judged(NAME, WEAK, ROLES, max_gap=0.34, decide_on="estimate")
    assert keys(found) == [f"{NAME}/age/under 30"]


def test_floors_of_declared_segments() -> None:
    assert judged(NAME, WEAK, ROLES, max_gap=None, floors=["region/north=0.9"]).verdict == "passed"
    outcome = judged(NAME, WEAK, ROLES, max_gap=None, floors=["region/south=0.8"], decide_on="estimate")
    assert keys(outcome) == [f"{NAME}/region/south"]
    assert "155" not in outcome.sentence
    for wrong in ("region/west=0.5", "region/north", "region/north=2", "region/north=x"):
        assert judged(NAME, WEAK, ROLES, floors=[wrong]).verdict == "inconclusive"


def test_a_weakness_that_is_chance_among_many_is_no_finding() -> None:
    random = np.random.default_rng(1)
    n, columns = 1_000, {f"f{place}": random.integers(0, 5, 1_000).astype(str) for place in range(20)}
    table = pa.table({**columns, "y": np.ones(n, int), "p": (random.random(n) < 0.8).astype(int)})
    roles = Roles(task="binary", favourable=1, label="y", prediction="p", features=tuple(columns))
    assert judged(NAME, table, roles, max_gap=0.0, decide_on="estimate").verdict == "failed"
    assert judged(NAME, table, roles, max_gap=0.0).verdict == "passed"


def test_missing_values_bands_and_dropped_columns() -> None:
    table = of(("north", None, 150, 50), (None, 40.0, 190, 10))
    roles = Roles(
        task="binary", favourable=1, label="y", prediction="p", features=("region",),
        sensitive=(SensitiveColumn("age", bands=(25.0,)),),
    )  # fmt: skip
    outcome = judged(NAME, table, roles, max_gap=None)
    assert measured(outcome, "segment_accuracy", "age/(missing)").value == 0.75
    assert measured(outcome, "segment_accuracy", "age/25 and over").value == 0.95
    assert measured(outcome, "segment_accuracy", "region/(missing)").value == 0.95
    many = table.set_column(0, "region", pa.array([f"place {n}" for n in range(400)])).to_pylist() * 2
    wide = pa.Table.from_pylist([{**row, "region": f"{row['region']} {n}"} for n, row in enumerate(many)])
    assert "Too many different texts" in " ".join(judged(NAME, wide, roles, max_gap=None).report.notes)


def test_few_rows_blanks_and_other_tasks() -> None:
    assert judged(NAME, of(("north", 1.0, 40, 10)), ROLES).verdict == "inconclusive"
    blank = WEAK.set_column(3, "p", pa.array([None, *WEAK["p"].to_pylist()[1:]]))
    assert judged(NAME, blank, ROLES).verdict == "inconclusive"
    assert judged(NAME, WEAK, Roles(task="regression", label="y", prediction="p")).verdict == "inconclusive"


def test_accuracies_are_scikit_learns_in_any_split_of_the_rows() -> None:
    random = np.random.default_rng(4)
    n = 2_000
    age, region = np.round(random.gamma(4, 10, n), 1), random.choice(["a", "b", "c"], n)
    y = random.integers(0, 2, n)
    p = np.where(random.random(n) < 0.6 + 0.3 * (region == "a"), y, 1 - y)
    table = pa.table({"region": region, "age": age, "y": y, "p": p})
    outcome = judged(NAME, table, ROLES, most_shown=100)
    shown = [one for one in outcome.report.measurements if one.name == "segment_accuracy"]
    assert len(shown) > 20
    for one in shown:
        column, _, name = one.group.partition("/")
        if column == "region":
            mine = region == name
        elif name.startswith("under"):
            mine = age < float(name.split()[-1])
        elif name.endswith("over"):
            mine = age >= float(name.split()[0])
        else:
            mine = (age >= float(name.split()[0])) & (age < float(name.split()[-1]))
        assert one.n == mine.sum()
        assert one.value == pytest.approx(accuracy_score(y[mine], p[mine]), abs=1e-12)
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()
    halves = [SegmentCounts.empty(ROLES) for _ in range(2)]
    for half, part in zip(halves, (table.slice(1_500), table.slice(0, 1_500)), strict=True):
        for batch in part.to_batches(max_chunksize=97):
            half.add(batch)
    halves[0].merge(halves[1])
    small = WeakestSegments.kept(SegmentCounts.condensed({"evaluation": halves[0]})["evaluation"], outcome.effective)
    assert small.to_document() == outcome.statistics["evaluation"]["WeakestSegments"]
