"""Is what an outcome stores small, and are its figures worked out again from it, also from what was stored before?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Outcome, Roles, RunSpec, SensitiveColumn, list_checks, measure, recompute
from audits.checks.outcomes import plain
from audits.checks.scan import scan_table
from tests.audits.checks.tables import given, measured

ROWS = 6_000
ROLES = Roles(
    task="binary",
    favourable=1,
    label="truth",
    prediction="decision",
    score="score",
    sensitive=tuple(SensitiveColumn(name) for name in ("sex", "race", "age")),
    features=("income", "town"),
    id="id",
)
KEEPING = [RunSpec(check.name, check.version) for check in list_checks() if check.keeps is not None]


def table() -> pa.Table:
    """Every row has a score of its own, so that more scores occur than are kept apart."""
    random = np.random.default_rng(7)
    scores = random.random(ROWS)
    return pa.table(
        {
            "sex": random.choice(["f", "m"], ROWS),
            "race": random.choice(list("abcde"), ROWS),
            "age": random.choice(["young", "old"], ROWS),
            "truth": (random.random(ROWS) < scores).astype(int),
            "decision": (scores > 0.5).astype(int),
            "score": scores,
            "income": random.normal(size=ROWS),
            "town": random.choice(["here", "there"], ROWS),
            "id": np.arange(ROWS),
        }
    )


def outcomes(specs: list[RunSpec]) -> list[Outcome]:
    return measure(specs, tables={"evaluation": given(table(), ROLES)}, seed=3)


def figures(document: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in document.items() if name != "statistics"}


def test_a_verdict_over_scores_of_their_own_and_whole_columns_stores_a_few_kilobytes() -> None:
    assert len(KEEPING) >= 11
    for outcome in outcomes(KEEPING):
        assert outcome.verdict in ("passed", "failed"), outcome.sentence
        assert len(json.dumps(outcome.to_document()["statistics"])) < 6_000, outcome.spec.check


def test_every_figure_is_worked_out_again_from_what_was_kept() -> None:
    for outcome in outcomes(KEEPING):
        document = json.loads(json.dumps(outcome.to_document()))
        assert recompute(document).to_document() == document


@pytest.mark.parametrize("spec", KEEPING, ids=lambda spec: spec.check)
def test_an_outcome_stored_with_all_that_was_counted_gives_the_same_figures(spec: RunSpec) -> None:
    (outcome,) = outcomes([spec])
    document = outcome.to_document()
    (check,) = (one for one in list_checks() if (one.name, one.version) == (spec.check, spec.version))
    (kind,) = check.needs
    counted: Any = scan_table(given(table(), ROLES), [kind], seed=3, name="evaluation")[kind]
    before = {**document, "statistics": {"evaluation": {kind.__name__: plain(counted.to_document())}}}
    assert figures(recompute(before).to_document()) == figures(document)


def test_runs_with_other_parameters_keep_sums_of_their_own() -> None:
    name = "fairness.calibration_within_groups"
    few, many = outcomes([RunSpec(name, 1, {"bins": 2}), RunSpec(name, 1, {"bins": 10})])
    for outcome, bins in ((few, 2), (many, 10)):
        assert measured(outcome, f"observed_share_in_bin_{bins}", "sex/f").value is not None
        assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_a_document_that_holds_other_statistics_is_refused() -> None:
    (outcome,) = outcomes([RunSpec("performance.roc_auc", 1)])
    document = {**outcome.to_document(), "statistics": {"evaluation": {}}}
    with pytest.raises(ValueError, match="stored without statistics"):
        recompute(document)
