"""Is what an outcome stores small, and is every figure worked out again from it, also from what was stored before?"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audits.checks import (
    Attributions,
    Disturbances,
    Outcome,
    Roles,
    RunSpec,
    SensitiveColumn,
    list_checks,
    measure,
    recompute,
)
from audits.checks.outcomes import plain
from audits.checks.scan import condensed, scan_tables
from audits.checks.statistics.disturbances import LEVELS, Answers
from audits.checks.wishes import wishes_of
from tests.audits.checks.tables import given, measured

ROWS = 6_000
NUMBERS = tuple(f"number_{place}" for place in range(14))
# How many different texts each of these columns holds.
TEXTS = {f"category_{place}": n for place, n in enumerate((3, 5, 8, 12, 30, 200))}
BINARY = Roles(
    task="binary",
    favourable=1,
    label="truth",
    prediction="decision",
    score="score",
    incumbent="before",
    time="at",
    fold="fold",
    query="question",
    sensitive=tuple(SensitiveColumn(name) for name in ("sex", "race", "age")),
    features=(*NUMBERS, *TEXTS, "card"),
    key=("question", "fold"),
    id="id",
)
WEIGHTED = Roles(**{**vars(BINARY), "weight": "weight"})
CLASSES = Roles(**{**vars(BINARY), "task": "multiclass", "favourable": None, "score": None})
REGRESSION = Roles(
    task="regression",
    label="number_0",
    prediction="score",
    incumbent="number_1",
    lower="lower",
    upper="upper",
    fold="fold",
    sensitive=BINARY.sensitive,
    features=BINARY.features[2:],
    id="id",
)
WEIGHTED_REGRESSION = Roles(**{**vars(REGRESSION), "weight": "weight"})
WEIGHTED_CLASSES = Roles(**{**vars(CLASSES), "weight": "weight"})
LABELS = Roles(task="multi_label", labels=("truth", "other"), predictions=("decision", "before"))
TASKS = {
    "binary": BINARY,
    "weighted": WEIGHTED,
    "multiclass": CLASSES,
    "regression": REGRESSION,
    "multi_label": LABELS,
    "weighted classes": WEIGHTED_CLASSES,
    "weighted regression": WEIGHTED_REGRESSION,
}
WEIGHED = {"binary": "weighted", "multiclass": "weighted classes", "regression": "weighted regression"}
ASKED = {
    "fairness.representation": {"population": ["f=0.5", "m=0.5"], "attribute": "sex"},
    "fairness.conditional_label_parity": {"control": "age"},
    "fairness.conditional_parity": {"control": "age"},
    "data_quality.declared_schema": {"columns": ["number_0: number; required", "category_0: one of value 0 of them"]},
    "data_quality.freshness": {"as_of": "2026-01-10"},
    "data_quality.functional_dependencies": {"declared": ["category_0 -> category_1"]},
    "performance.segments": {"floors": ["sex/f=0.4"]},
}
ATTRIBUTED = Attributions(NUMBERS, np.linspace(0.1, 1, 14), np.zeros(14), 500, ("number_0",))
# What they keep was once stored whole; rows that are ranked never were.
SEEN = dict.fromkeys(LEVELS, Answers(moved=0.1, changed=20, broken=15, mended=5))
DISTURBED = Disturbances(2_000, ROWS, 3, 0.5, 300.0, SEEN, SEEN, dict.fromkeys(reversed(NUMBERS), SEEN["0.1"]))
KEEPING = [check for check in list_checks() if check.keeps and hasattr(check.needs[0], "from_document")]
KILOBYTE = 1_000


@cache
def table(seed: int, shift: float = 0.0) -> pa.Table:
    """Every row has a score and numbers of its own, so that more of them occur than are kept apart."""
    random = np.random.default_rng(seed)
    scores = random.random(ROWS)
    first = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return pa.table(
        {
            "sex": random.choice(["f", "m", "x"], ROWS, p=[0.49, 0.48, 0.03]),
            "race": random.choice(list("abcdef"), ROWS),
            "age": random.choice(["young", "middle", "old"], ROWS),
            "truth": (random.random(ROWS) < scores).astype(int),
            "other": random.integers(0, 2, ROWS),
            "decision": (scores > 0.5).astype(int),
            "before": (scores + random.normal(size=ROWS) / 4 > 0.5).astype(int),
            "score": scores,
            "weight": random.choice([0.5, 1.0, 2.25], ROWS),
            "lower": scores - 1,
            "upper": scores + 1,
            "fold": random.integers(0, 5, ROWS),
            "question": np.arange(ROWS) // 10,
            "at": pa.array([first + dt.timedelta(minutes=int(n)) for n in random.integers(0, 10_000, ROWS)]),
            **{
                name: pa.array(np.exp(random.normal(shift, 1, ROWS)), mask=random.random(ROWS) < 0.1 * (place > 1))
                for place, name in enumerate(NUMBERS)
            },
            **{name: random.choice([f"value {k} of them" for k in range(n)], ROWS) for name, n in TEXTS.items()},
            # A specimen number of a card in every other row.
            "card": ["4012888888881881", "none"] * (ROWS // 2),
            "id": np.arange(ROWS),
        }
    )


def tables() -> dict[str, pa.Table]:
    """The table of now, the reference, and that of the live version: it scored the same rows somewhat differently."""
    now = table(7)
    live = now.set_column(now.schema.get_field_index("score"), "score", pc.sqrt(now["score"]))
    return {"evaluation": now, "reference": table(3, 0.2), "live": live}


def outcomes(specs: list[RunSpec], roles: Roles) -> list[Outcome]:
    inputs = {name: given(rows, roles) for name, rows in tables().items()}
    return measure(specs, tables=inputs, statistics={Attributions: ATTRIBUTED, Disturbances: DISTURBED}, seed=3)


@pytest.fixture(scope="module")
def everything() -> dict[tuple[str, str], Outcome]:
    """The outcome of every check of the catalogue for each task."""
    specs = [RunSpec(check.name, check.version, ASKED.get(check.name, {})) for check in list_checks()]
    return {(task, outcome.spec.check): outcome for task, roles in TASKS.items() for outcome in outcomes(specs, roles)}


def stored(outcome: Outcome) -> dict[str, Any]:
    """The document as it comes back from where it is stored: fields in alphabetical order."""
    document: dict[str, Any] = json.loads(json.dumps(outcome.to_document(), sort_keys=True))
    return document


def figures(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in document.items() if name != "statistics"}


def test_every_check_of_the_catalogue_is_measured_here(everything: dict[tuple[str, str], Outcome]) -> None:
    told = {check for (_, check), outcome in everything.items() if outcome.report and outcome.report.measurements}
    assert told == {check.name for check in list_checks()}
    assert not [outcome.sentence for outcome in everything.values() if outcome.verdict == "errored"]


def test_every_figure_gap_and_interval_is_worked_out_again_from_what_is_stored(
    everything: dict[tuple[str, str], Outcome],
) -> None:
    documents = {of: stored(outcome) for of, outcome in everything.items() if outcome.report is not None}
    again = {of: stored(recompute(document)) for of, document in documents.items()}
    assert {of: document for of, document in documents.items() if again[of] != document} == {}


def test_a_check_uses_declared_weights_or_says_that_it_does_not(everything: dict[tuple[str, str], Outcome]) -> None:
    note = 'Every row counts once: the weights in column "weight" are not used by this check.'
    for (task, weighed), check in itertools.product(WEIGHED.items(), list_checks()):
        plain_one, weighted = everything[task, check.name].report, everything[weighed, check.name].report
        if plain_one is None or weighted is None:
            continue
        assert (note in weighted.notes) == (not check.weighs), check.name
        if check.family in ("fairness", "performance", "drift"):
            # What weighs comes out otherwise, and what does not comes out the same.
            assert (plain_one.measurements == weighted.measurements) == (not check.weighs), check.name


def test_a_verdict_over_thirty_columns_stores_a_few_kilobytes(everything: dict[tuple[str, str], Outcome]) -> None:
    advised, sizes = {}, {}
    for of, outcome in everything.items():
        found = outcome.to_document()["statistics"]
        size = len(json.dumps(found, separators=(",", ":")))
        (advised if "ScoreSteps" in found.get("evaluation", {}) else sizes)[of] = size
    assert {of: size for of, size in sizes.items() if size > 10 * KILOBYTE} == {}
    assert sorted(sizes.values())[len(sizes) // 2] < 5 * KILOBYTE
    # Advice needs the scores of each group in steps.
    assert advised
    assert {of: size for of, size in advised.items() if size > 16 * KILOBYTE} == {}


def test_what_is_stored_of_drift_names_no_text_and_no_number_of_anybody(
    everything: dict[tuple[str, str], Outcome],
) -> None:
    for check in ("population_stability", "kolmogorov_smirnov", "significance", "by_group"):
        told = json.dumps(everything["binary", f"drift.{check}"].to_document()["statistics"])
        assert "category_5" in told
        assert "value" not in told


@pytest.mark.parametrize("check", KEEPING, ids=lambda check: check.name)
def test_an_outcome_stored_with_all_that_was_counted_gives_the_same_figures(
    check: Any, everything: dict[tuple[str, str], Outcome]
) -> None:
    task = next(task for task in TASKS if everything[task, check.name].report is not None)
    document = stored(everything[task, check.name])
    (kind,) = check.needs
    roles, asked = TASKS[task], document["effective_parameters"]
    tables = {"evaluation": table(7), "reference": table(3, 0.2)}
    wishes = {name: wishes_of([(check, asked)], name, roles) for name in check.tables}
    inputs = {name: given(tables[name], roles) for name in check.tables}
    scanned = scan_tables(inputs, wishes, seed=3)
    counted: Mapping[str, Any] = {name: scanned[name, kind] for name in check.tables}
    if hasattr(kind, "condensed"):
        counted = condensed(kind, counted)
    kept_whole = {name: {kind.__name__: plain(one.to_document())} for name, one in counted.items()}
    before = json.loads(json.dumps({**document, "statistics": kept_whole}, sort_keys=True))
    assert figures(recompute(before).to_document()) == figures(document)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_is_said_of_one_attribute_does_not_depend_on_what_else_is_ordered(task: str) -> None:
    named = [check.name for check in list_checks() if "attribute" in check.resolve({})]
    runs = [RunSpec(name, 1, {**ASKED.get(name, {}), "attribute": "sex"}) for name in named]
    others = [RunSpec(name, 1, {**ASKED.get(name, {}), "attribute": "race x age"}) for name in named]
    alone = [outcomes([run], TASKS[task])[0] for run in runs]
    among = outcomes([*others, *runs], TASKS[task])[len(others) :]
    assert [one.to_document() for one in alone] == [one.to_document() for one in among]


def test_runs_with_other_parameters_keep_sums_of_their_own() -> None:
    name = "fairness.calibration_within_groups"
    few, many = outcomes([RunSpec(name, 1, {"bins": 2}), RunSpec(name, 1, {"bins": 10})], BINARY)
    for outcome, bins in ((few, 2), (many, 10)):
        assert measured(outcome, f"observed_share_in_bin_{bins}", "sex/f").value is not None
        assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_a_document_that_holds_other_statistics_is_refused() -> None:
    (outcome,) = outcomes([RunSpec("performance.roc_auc", 1)], BINARY)
    document = {**outcome.to_document(), "statistics": {"evaluation": {}}}
    with pytest.raises(ValueError, match="stored without statistics"):
        recompute(document)
