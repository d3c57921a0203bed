"""drift.significance against hand-made tables and SciPy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from audits.checks import Roles
from tests.audits.checks.tables import adult, judged, keys, measured

NAME = "drift.significance"
ROLES = Roles(task="regression", features=("x",))


def of(**counts: int) -> pa.Table:
    return pa.table({"x": pa.array([name or None for name, n in counts.items() for _ in range(n)], pa.string())})


def test_the_same_counts_pass() -> None:
    outcome = judged(NAME, of(a=60, b=60), ROLES, reference=of(a=60, b=60))
    assert outcome.verdict == "passed"
    assert (measured(outcome, "cramers_v", "x").value, measured(outcome, "p_value", "x").value) == (0.0, 1.0)


def test_a_move_beyond_chance_and_trifle_is_found() -> None:
    outcome = judged(NAME, of(a=160, b=40), ROLES, reference=of(a=100, b=100))
    assert keys(outcome) == [f"{NAME}/x"]


def test_a_significant_trifle_and_a_large_accident_both_pass() -> None:
    trifle = judged(NAME, of(a=51_000, b=49_000), ROLES, reference=of(a=50_000, b=50_000))
    assert (trifle.verdict, measured(trifle, "p_value", "x").value < 1e-4) == ("passed", True)
    accident = judged(NAME, of(a=6, b=4), ROLES, reference=of(a=4, b=6), min_rows=5)
    assert (accident.verdict, measured(accident, "cramers_v", "x").value > 0.1) == ("passed", True)


def test_new_and_vanished_categories_are_counted() -> None:
    outcome = judged(NAME, of(a=95, c=5), ROLES, reference=of(a=90, b=10), max_association=1.0)
    assert keys(outcome) == [f"{NAME}/x/new_share"]
    assert measured(outcome, "new_share", "x").value == 0.05
    assert measured(outcome, "gone_share", "x").value == 0.1
    assert judged(NAME, of(a=95, c=5), ROLES, reference=of(a=100), max_new_share=0.05, max_association=1.0).verdict == (
        "passed"
    )


def test_a_change_of_missing_cells_is_found() -> None:
    now = pa.table({"x": pa.array([*range(100), *[None] * 20], pa.float64())})
    then = pa.table({"x": pa.array(range(100), pa.float64())})
    outcome = judged(NAME, now, ROLES, reference=then)
    assert keys(outcome) == [f"{NAME}/x/missing_change"]
    assert measured(outcome, "missing_change", "x").value == pytest.approx(20 / 120, abs=1e-15)


def test_too_few_rows_are_inconclusive() -> None:
    assert judged(NAME, of(a=99), ROLES, reference=of(a=100)).verdict == "inconclusive"


def test_p_values_and_their_correction_are_scipys() -> None:
    names = ("workclass", "education", "marital_status", "sex")
    outcome = judged(NAME, adult("test"), Roles(task="regression", features=names), reference=adult("train"))
    now, then = adult("test").to_pandas(), adult("train").to_pandas()
    expected = []
    for name in names:
        counts = [side[name].fillna("").value_counts() for side in (now, then)]
        index = counts[0].index.union(counts[1].index)
        table = np.array([count.reindex(index, fill_value=0) for count in counts])
        found = stats.chi2_contingency(table, correction=False)
        expected.append(found.pvalue)
        assert measured(outcome, "p_value", name).value == pytest.approx(found.pvalue, rel=1e-9)
        association = stats.contingency.association(table, method="cramer")
        assert measured(outcome, "cramers_v", name).value == pytest.approx(association, abs=1e-12)
    adjusted = [measured(outcome, "adjusted_p_value", name).value for name in names]
    assert adjusted == pytest.approx(list(stats.false_discovery_control(expected)), rel=1e-9)
