"""drift.distance against hand-made tables and SciPy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from scipy.spatial.distance import euclidean, jensenshannon

from audits.checks import Roles
from tests.audits.checks.tables import adult, judged, keys, measured

NAME = "drift.distance"
ROLES = Roles(task="regression", features=("x",))


def of(*values: object) -> pa.Table:
    return pa.table({"x": pa.array(values)})


def test_the_same_values_have_no_distance() -> None:
    outcome = judged(NAME, of(*range(100)), ROLES, reference=of(*range(100)))
    assert outcome.verdict == "passed"
    assert [measured(outcome, n, "x").value for n in ("jensen_shannon", "hellinger", "wasserstein")] == [0, 0, 0]


def test_tables_without_a_common_value_are_as_far_apart_as_can_be() -> None:
    outcome = judged(NAME, of(*["a"] * 100), ROLES, reference=of(*["b"] * 100))
    assert measured(outcome, "jensen_shannon", "x").value == 1.0
    assert measured(outcome, "hellinger", "x").value == 1.0
    assert keys(outcome) == [f"{NAME}/x"]


def test_exactly_on_the_limit_passes() -> None:
    table, then = of(*["a"] * 100), of(*["b"] * 100)
    assert judged(NAME, table, ROLES, reference=then, max_jensen_shannon=1.0).verdict == "passed"
    shifted = of(*[n + 1.0 for n in range(100)])
    deviation = np.std(range(100))
    outcome = judged(NAME, shifted, ROLES, reference=of(*map(float, range(100))), max_wasserstein=1 / deviation)
    assert measured(outcome, "wasserstein", "x").value == pytest.approx(1 / deviation, rel=1e-12)


def test_a_constant_reference_has_no_unit_to_measure_in() -> None:
    outcome = judged(
        NAME, of(*[1.0, 2.0] * 60), ROLES, reference=of(*[1.0] * 100), max_jensen_shannon=None, max_wasserstein=1.0
    )
    assert (outcome.verdict, measured(outcome, "wasserstein", "x").value) == ("inconclusive", None)


def test_too_few_rows_are_inconclusive() -> None:
    assert judged(NAME, of(*range(99)), ROLES, reference=of(*range(100))).verdict == "inconclusive"


def test_figures_of_adult_are_scipys() -> None:
    roles = Roles(task="regression", features=("workclass", "final_weight"))
    outcome = judged(NAME, adult("test"), roles, reference=adult("train"))
    now, then = adult("test").to_pandas(), adult("train").to_pandas()
    counts = [side["workclass"].fillna("").value_counts() for side in (now, then)]
    index = counts[0].index.union(counts[1].index)
    p, q = (count.reindex(index, fill_value=0).to_numpy() for count in counts)
    assert measured(outcome, "jensen_shannon", "workclass").value == pytest.approx(jensenshannon(p, q, 2), abs=1e-12)
    apart = euclidean(np.sqrt(p / p.sum()), np.sqrt(q / q.sum())) / np.sqrt(2)
    assert measured(outcome, "hellinger", "workclass").value == pytest.approx(apart, rel=1e-12)
    expected = stats.wasserstein_distance(now["final_weight"], then["final_weight"]) / then["final_weight"].std(ddof=0)
    assert measured(outcome, "wasserstein", "final_weight").value == pytest.approx(expected, rel=1e-9)
