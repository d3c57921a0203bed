"""data_quality.correlation_change and drift.correlation_structure against pandas, SciPy and simulation."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from audits.checks import Correlations, Roles, RunSpec, measure, recompute
from audits.checks.library.correlation_structure import jennrich
from tests.audits.checks.tables import adult, given, judged, keys, measured

CHANGE, STRUCTURE = "data_quality.correlation_change", "drift.correlation_structure"
ROLES = Roles(task="regression", label="y", features=("a", "b", "c"))


def drawn(rho: float, seed: int, n: int = 800) -> pa.Table:
    random = np.random.default_rng(seed)
    a, b, c = random.normal(size=(3, n))
    b = rho * a + np.sqrt(1 - rho * rho) * b
    return pa.table({"a": a, "b": b, "c": c, "y": a + b + c})


def test_correlations_are_those_of_pandas_with_missing_cells_and_large_means() -> None:
    table = adult("all")
    names = ("age", "education_years", "capital_gain", "capital_loss", "hours_per_week", "final_weight")
    frame = table.select(names).to_pandas().astype(float)
    random = np.random.default_rng(1)
    frame = frame.mask(random.random(frame.shape) < 0.1)
    frame["age"] += 1e9
    roles = Roles(task="regression", features=names)
    expected = frame.corr()
    rows = frame.notna().astype(int).T @ frame.notna().astype(int)
    for size in (500, 50_000):
        statistic = Correlations.empty(roles)
        for batch in pa.Table.from_pandas(frame, preserve_index=False).to_batches(size):
            statistic.add(batch)
        for (first, second), (n, r) in statistic.condensed({"t": statistic})["t"].pairs.items():
            assert r == pytest.approx(expected.loc[first, second], abs=1e-9)
            assert n == rows.loc[first, second]


def test_a_pair_that_goes_together_otherwise_is_found_with_its_interval() -> None:
    outcome = judged(CHANGE, drawn(0.0, 1), ROLES, reference=drawn(0.8, 2))
    assert f"{CHANGE}/a/b" in keys(outcome)
    found = measured(outcome, "correlation_change", "a and b")
    now, then = (stats.pearsonr(t["a"], t["b"]).statistic for t in (drawn(0.0, 1), drawn(0.8, 2)))
    assert found.value == pytest.approx(abs(now - then), abs=1e-11)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.8 < found.high
    assert judged(CHANGE, drawn(0.8, 3), ROLES, reference=drawn(0.8, 2)).verdict == "passed"


def test_the_p_values_are_fisher_s_corrected_for_the_number_of_pairs() -> None:
    now, then = drawn(0.1, 1), drawn(0.2, 2)
    outcome = judged(CHANGE, now, ROLES, reference=then)
    pairs = [("a", "b"), ("a", "c"), ("a", "y"), ("b", "c"), ("b", "y"), ("c", "y")]
    z = [
        (np.arctanh(stats.pearsonr(now[i], now[j]).statistic) - np.arctanh(stats.pearsonr(then[i], then[j]).statistic))
        / np.sqrt(2 / 797)
        for i, j in pairs
    ]
    adjusted = stats.false_discovery_control(2 * stats.norm.sf(np.abs(z)))
    for (i, j), expected in zip(pairs, adjusted, strict=True):
        assert measured(outcome, "adjusted_p_value", f"{i} and {j}").value == pytest.approx(expected, rel=1e-9)


def test_constant_columns_and_few_rows_leave_nothing_to_compare() -> None:
    flat = pa.table({"a": [1.0] * 200, "b": ["x"] * 200, "c": [2.0] * 200, "y": np.arange(200.0)})
    for check in (CHANGE, STRUCTURE):
        assert judged(check, flat, ROLES, reference=drawn(0.5, 1)).verdict == "inconclusive"
        assert judged(check, drawn(0.5, 1, 50), ROLES, reference=drawn(0.5, 1)).verdict == "inconclusive"
    many = Roles(task="regression", features=tuple(f"x{n}" for n in range(201)))
    wide = pa.table({name: [1.0, 2.0] for name in many.features})
    assert "more than 200" in judged(CHANGE, wide, many, reference=wide).sentence


def test_the_distance_between_the_matrices_is_herdin_s() -> None:
    now, then = drawn(0.0, 1), drawn(0.9, 2)
    outcome = judged(STRUCTURE, now, ROLES, reference=then)
    first, second = (t.select(["a", "b", "c"]).to_pandas().corr().to_numpy() for t in (now, then))
    expected = 1 - np.trace(first @ second) / np.linalg.norm(first) / np.linalg.norm(second)
    assert measured(outcome, "correlation_matrix_distance").value == pytest.approx(expected, abs=1e-11)
    assert keys(outcome) == [STRUCTURE]
    same = judged(STRUCTURE, drawn(0.9, 3), ROLES, reference=then)
    assert (same.verdict, measured(same, "p_value").value or 0) > ("passed", 0.01)


def test_p_values_under_no_change_are_spread_evenly() -> None:
    random = np.random.default_rng(12)
    p_values = []
    for _ in range(300):
        root = np.linalg.cholesky([[1, 0.5, 0.2], [0.5, 1, 0], [0.2, 0, 1]])
        first, second = (np.corrcoef(root @ random.normal(size=(3, n))) for n in (300, 500))
        p_values.append(jennrich(first, second, 300, 500))
    assert stats.kstest([p for p in p_values if p is not None], "uniform").pvalue > 0.01


def test_a_feature_that_the_others_determine_has_no_test() -> None:
    def doubled(table: pa.Table) -> pa.Table:
        return table.set_column(2, "c", pa.array(table["a"].to_numpy() * 2))

    near, far = (judged(STRUCTURE, doubled(drawn(rho, 1)), ROLES, reference=doubled(drawn(0.9, 2))) for rho in (0.9, 0))
    assert (near.verdict, far.verdict) == ("passed", "inconclusive")
    assert "determined by the others" in far.sentence


def test_batches_and_order_change_nothing_and_the_outcome_can_be_recomputed() -> None:
    now, then = drawn(0.3, 1), drawn(0.6, 2)
    shuffled = now.take(pa.array(np.random.default_rng(0).permutation(800)))
    documents = []
    for table, rows in ((now, 7), (now, 800), (shuffled, 100)):
        tables = {"evaluation": given(table, ROLES, rows), "reference": given(then, ROLES)}
        documents.append(
            [one.to_document() for one in measure([RunSpec(CHANGE, 1), RunSpec(STRUCTURE, 1)], tables=tables)]
        )
    for other in documents[1:]:
        for mine, theirs in zip(documents[0], other, strict=True):
            for first, second in zip(mine["measurements"], theirs["measurements"], strict=True):
                assert first["value"] == pytest.approx(second["value"], abs=1e-11)
    for document in documents[0]:
        stored = json.loads(json.dumps(document))
        assert recompute(stored).to_document() == stored
