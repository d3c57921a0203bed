"""data_quality.class_balance against hand-made tables."""

from __future__ import annotations

import pyarrow as pa

from audits.checks import Roles
from tests.audits.checks.tables import judged, keys, measured

NAME = "data_quality.class_balance"
ROLES = Roles(task="multiclass", label="y")


def of(**classes: int) -> pa.Table:
    return pa.table({"y": pa.array([name for name, n in classes.items() for _ in range(n)], pa.string())})


def test_balanced_classes_pass() -> None:
    outcome = judged(NAME, of(a=50, b=50), ROLES)
    assert (outcome.verdict, measured(outcome, "class_share", "y/a").value) == ("passed", 0.5)


def test_a_rare_class_is_found_and_the_limit_itself_passes() -> None:
    assert keys(judged(NAME, of(a=995, b=5), ROLES)) == [f"{NAME}/y/b"]
    assert judged(NAME, of(a=990, b=10), ROLES).verdict == "passed"
    assert judged(NAME, of(a=990, b=10), ROLES, decide_on="lower").verdict == "failed"
    assert judged(NAME, of(a=990, b=10), ROLES, decide_on="interval").verdict == "inconclusive"


def test_one_class_alone_and_few_rows_are_inconclusive() -> None:
    assert judged(NAME, of(a=100), ROLES).verdict == "inconclusive"
    assert judged(NAME, of(a=15, b=14), ROLES).verdict == "inconclusive"
