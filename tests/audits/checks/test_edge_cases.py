"""Generated tables at the edges: empty and lone groups, one kind of label, weights, blanks, ties, many groups.

No check may break on them, whatever it says can be worked out again from what is stored, nothing passes over nothing,
and where fairlearn defines a figure ours is the same.
"""

from __future__ import annotations

import json
import math
import resource
import time
import warnings

import numpy as np
import pyarrow as pa
import pytest
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.checks import GroupCounts, Outcome, Roles, RunSpec, SensitiveColumn, list_checks, measure
from audits.checks.engine import recompute
from tests.audits.checks import tables
from tests.audits.checks.tables import judged, measured

GROUPS = st.sampled_from(["a", "b", "c", None])
SCORES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0]), st.none(), st.floats(0, 1))
ROWS = st.lists(
    st.tuples(GROUPS, st.integers(0, 1), st.integers(0, 1), SCORES, st.floats(0, 10), st.integers(0, 3)), max_size=60
)
LABELS = {name: name for name in ("a", "b", "c", "nobody")}
BINARY = Roles(
    task="binary",
    favourable=1,
    label="truth",
    prediction="decision",
    score="score",
    sensitive=(SensitiveColumn("sex", labels=LABELS),),
    features=("size",),
    id="id",
    incumbent="decision",
)
WEIGHTED = Roles(**{**vars(BINARY), "weight": "weight"})
NUMBERS = Roles(
    task="regression",
    label="score",
    prediction="weight",
    incumbent="size",
    sensitive=BINARY.sensitive,
    features=("size",),
)
WEIGHTED_NUMBERS = Roles(**{**vars(NUMBERS), "weight": "size"})
TASKS = pytest.mark.parametrize(
    "roles",
    [BINARY, WEIGHTED, NUMBERS, WEIGHTED_NUMBERS],
    ids=["binary", "weighted", "regression", "weighted regression"],
)
NAMES = sorted(check.name for check in list_checks() if check.family in ("fairness", "performance"))
SMALL = {
    "min_group_size": 1,
    "min_rows": 1,
    "min_positives": 1,
    "min_negatives": 1,
    "min_per_label": 1,
    "min_selected": 1,
    "min_rejected": 1,
    "min_errors": 1,
    "min_segment_size": 1,
    "min_rows_per_class": 1,
    "population": ["a=0.5", "b=0.5"],
    "control": "sex",
}


def table(rows: list[tuple]) -> pa.Table:
    sex, truth, decision, score, weight, size = ([row[place] for row in rows] for place in range(6))
    return pa.table(
        {
            "sex": pa.array(sex, pa.string()),
            "truth": pa.array(truth, pa.int64()),
            "decision": pa.array(decision, pa.int64()),
            "score": pa.array(score, pa.float64()),
            "weight": pa.array(weight, pa.float64()),
            "size": pa.array(size, pa.int64()),
            "id": pa.array(range(len(rows)), pa.int64()),
        }
    )


def every(rows: pa.Table, roles: Roles) -> list[Outcome]:
    """The outcome of every check of both families, with minima that let the smallest tables in."""
    specs = []
    for check in list_checks():
        if check.name in NAMES:
            wanted = {one.name: SMALL[one.name] for one in check.parameters if one.name in SMALL}
            specs.append(RunSpec(check.name, check.version, wanted))
    given_tables = {name: tables.given(rows, roles, 7) for name in ("evaluation", "live", "reference")}
    return measure(specs, tables=given_tables, seed=3)


@TASKS
@pytest.mark.soak
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS)
def test_no_check_breaks_on_any_table(roles: Roles, rows: list[tuple]) -> None:
    hold(every(table(rows), roles))


def hold(outcomes: list[Outcome]) -> None:
    """Nothing broke, what was said can be worked out again, and figures are finite and in their intervals."""
    for outcome in outcomes:
        assert outcome.verdict != "errored", f"{outcome.spec.check}: {outcome.sentence}"
        if outcome.report is None:
            continue
        if outcome.statistics:
            document = outcome.to_document()
            assert recompute(document).to_document() == document
        for one in outcome.report.measurements:
            assert one.value is None or math.isfinite(one.value)
            if one.low is not None and one.high is not None and one.value is not None:
                assert one.low <= one.value + 1e-9
                assert one.value <= one.high + 1e-9


AWKWARD = [
    ("a", 1, 1, 0.5, 0.0, 0),
    ("a", 0, 1, 0.5, 1.5, 0),
    ("b", 1, 0, None, 1.0, 1),
    (None, 0, 0, 1.0, 10.0, 2),
    ("c", 1, 1, 0.0, 0.25, 3),
    *[("c", place % 2, place % 3 % 2, place / 20, 1.0, place % 4) for place in range(20)],
]


@TASKS
def test_no_check_breaks_on_an_awkward_table(roles: Roles) -> None:
    hold(every(table(AWKWARD), roles))
    scored = [row for row in AWKWARD if row[3] is not None]
    hold(every(table(scored), roles))
    # A single row with a label whose square is rounded, and weights whose squares are no doubles.
    hold(every(table([("c", 1, 1, 0.8859986795958393, 0.0, 1)]), roles))
    hold(every(table([("b", 1, 0, 0.25, 1e-200, 3), ("a", 1, 1, 0.0, 8.0, 1), ("b", 0, 1, 1.0, 1e-200, 0)]), roles))
    # Nearly all of the weight is with people who have no benefit of the decisions.
    hold(every(table([("c", 0, 0, None, 0.0, 1), (None, 1, 0, None, 1.0, 2), ("c", 0, 0, None, 1e-290, 3)]), roles))


@pytest.mark.parametrize("roles", [BINARY, NUMBERS], ids=["binary", "regression"])
def test_nothing_passes_over_no_rows(roles: Roles) -> None:
    assert {outcome.verdict for outcome in every(table([]), roles)} == {"inconclusive"}


@settings(max_examples=10)
@given(rows=ROWS.filter(len))
def test_rates_of_generated_tables_are_fairlearns(rows: list[tuple]) -> None:
    columns = table(rows).to_pydict()
    sexes = ["(missing)" if sex is None else sex for sex in columns["sex"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = MetricFrame(
            metrics={"selection": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate},
            y_true=columns["truth"],
            y_pred=columns["decision"],
            sensitive_features=sexes,
        )
    parity = judged("fairness.demographic_parity_difference", table(rows), BINARY, min_group_size=1)
    odds = judged("fairness.equalized_odds_difference", table(rows), BINARY, min_positives=1, min_negatives=1)
    for group, expected in frame.by_group.iterrows():
        where = f"sex/{group}"
        assert measured(parity, "selection_rate", where).value == pytest.approx(expected["selection"], abs=1e-12)
        for name, short in (("true_positive_rate", "tpr"), ("false_positive_rate", "fpr")):
            found = measured(odds, name, where)
            # fairlearn calls a rate among nobody 0; here it is undefined.
            assert found.value == (None if found.n == 0 else pytest.approx(expected[short], abs=1e-12))


@settings(max_examples=10)
@given(rows=ROWS.filter(lambda rows: sum(row[4] for row in rows) > 0))
def test_weighted_rates_of_generated_tables_are_fairlearns(rows: list[tuple]) -> None:
    columns = table(rows).to_pydict()
    sexes = ["(missing)" if sex is None else sex for sex in columns["sex"]]
    outcome = judged("fairness.demographic_parity_difference", table(rows), WEIGHTED, min_group_size=1)
    for group in set(sexes):
        mine = [place for place, sex in enumerate(sexes) if sex == group]
        weights = [columns["weight"][place] for place in mine]
        found = measured(outcome, "selection_rate", f"sex/{group}").value
        if sum(weights) == 0:
            assert found is None
            continue
        decided = [columns["decision"][place] for place in mine]
        expected = selection_rate(decided, decided, sample_weight=weights)
        assert found == pytest.approx(float(expected), abs=1e-9)


def test_labels_that_are_all_true_leave_undefined_what_needs_the_others() -> None:
    rows = [("a", 1, 1, 0.9, 1.0, 0)] * 40 + [("b", 1, 0, 0.1, 1.0, 1)] * 40
    verdicts = {outcome.spec.check: outcome.verdict for outcome in every(table(rows), BINARY)}
    assert verdicts["fairness.equal_opportunity_gap"] == "failed"
    assert verdicts["fairness.false_positive_rate_parity"] == "inconclusive"
    assert verdicts["performance.roc_auc"] == "inconclusive"
    assert verdicts["fairness.auc_gap"] == "inconclusive"


def test_one_group_alone_is_compared_with_nobody() -> None:
    rows = [("a", place % 2, place % 3 % 2, place / 100, 1.0, 0) for place in range(100)]
    alone = Roles(**{**vars(BINARY), "sensitive": (SensitiveColumn("sex"),)})
    for outcome in every(table(rows), alone):
        family, _, name = outcome.spec.check.partition(".")
        if family == "fairness" and name.endswith(("parity", "_gap", "_difference", "_ratio")):
            assert outcome.verdict == "inconclusive", outcome.spec.check


def grouped(n: int, rows: int = 1) -> tuple[pa.Table, Roles]:
    """So many groups of so many rows each, with outcomes that differ from group to group."""
    random = np.random.default_rng(n)
    sexes = [f"group {place}" for place in range(n) for _ in range(rows)]
    truth, decision = random.integers(0, 2, (2, n * rows)).tolist()
    cells = zip(sexes, truth, decision, strict=True)
    return table([(sex, true, given, 0.5, 1.0, 0) for sex, true, given in cells]), Roles(
        **{**vars(BINARY), "sensitive": (SensitiveColumn("sex"),), "score": None}
    )


def test_one_more_than_ten_thousand_groups_is_refused() -> None:
    many = judged("fairness.demographic_parity_difference", *grouped(10_001), min_group_size=1)
    assert many.verdict == "inconclusive"
    assert 'Sensitive column "sex" has more than 10000 groups; declare bands or labels' in many.sentence


def test_what_would_pass_is_said_of_thousands_of_groups_too() -> None:
    rows, roles = grouped(1_500, 20)
    before = time.process_time()
    outcome = judged("fairness.demographic_parity_difference", rows, roles, min_group_size=1, max_difference=0.3)
    (finding,) = outcome.report.findings
    assert finding.would_pass.endswith(" more groups.")
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()
    # Not every group is weighed against every other one.
    assert time.process_time() - before < 20


@pytest.mark.parametrize(
    ("check", "roles"),
    [
        ("fairness.score_distance", Roles("binary", 1, label="truth", score="score", prediction="decision")),
        ("fairness.regression_parity", Roles("regression", label="score", prediction="weight")),
    ],
    ids=["scores", "errors"],
)
def test_every_two_of_300_groups_are_compared_in_seconds_and_few_are_stored(check: str, roles: Roles) -> None:
    random = np.random.default_rng(3)
    rows, _ = grouped(300, 40)
    for name in ("score", "weight"):
        rows = rows.set_column(rows.schema.get_field_index(name), name, pa.array(random.random(12_000)))
    before = time.process_time()
    minimum = {} if "regression" in check else {"min_group_size": 1}
    outcome = judged(check, rows, Roles(**{**vars(roles), "sensitive": (SensitiveColumn("sex"),)}), **minimum)
    assert outcome.verdict in ("failed", "inconclusive")
    # 44,850 pairs are too many to be gone through one by one, or to be stored.
    assert time.process_time() - before < 15
    document = json.loads(json.dumps(outcome.to_document()))
    assert recompute(document).to_document() == document
    assert len(json.dumps(document["statistics"])) < 120_000
    if check == "fairness.score_distance":
        scores = {group: part["score"].to_numpy() for group, part in rows.to_pandas().groupby("sex")}
        names = sorted(scores)
        some = [(names[one], names[other]) for one, other in zip(range(0, 200), range(100, 300), strict=True)]
        found = measured(outcome, "score_distance", "sex")
        assert found.value >= max(stats.ks_2samp(scores[one], scores[other]).statistic for one, other in some) - 1e-12
        first, _, second = found.note.partition(" against ")
        assert found.value == pytest.approx(stats.ks_2samp(scores[first], scores[second]).statistic, abs=2e-3)


@pytest.mark.soak
def test_ten_thousand_groups_are_compared_in_the_memory_of_a_worker() -> None:
    rows, roles = grouped(10_000, 4)
    outcome = judged("fairness.equalized_odds_difference", rows, roles, min_positives=1, min_negatives=1)
    assert outcome.verdict in ("failed", "inconclusive")
    document = outcome.to_document()
    assert recompute(document).to_document() == document
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 1024**2


def test_draws_made_in_parts_are_draws_of_all_rows() -> None:
    rows, roles = grouped(2_500, 20)
    counts = GroupCounts.empty(roles)
    for batch in rows.to_batches():
        counts.add(batch)
    everyone = np.ones((3, 3), bool)
    drawn = counts.grouping("sex").drawn_sums(everyone)
    assert drawn.shape == (2_000, 2_500)
    # Every draw has as many rows as the table, and a group of 20 rows in 50,000 varies as a binomial count does.
    assert set(drawn.sum(axis=1)) == {50_000.0}
    assert drawn.mean() == 20
    assert drawn.var(axis=0).mean() == pytest.approx(20 * (1 - 20 / 50_000), rel=0.01)
    # So does a thousand of them taken together, which are one of the parts.
    assert drawn[:, :1_000].sum(axis=1).var() == pytest.approx(20_000 * (1 - 20_000 / 50_000), rel=0.15)


@pytest.mark.parametrize("check", ["fairness.scoring_rate", "fairness.class_parity", "fairness.regression_parity"])
def test_scores_classes_and_errors_of_more_than_500_groups_are_refused(check: str) -> None:
    rows, roles = grouped(501)
    regression = Roles("regression", label="score", prediction="weight", sensitive=roles.sensitive)
    outcome = judged(check, rows, regression if "regression" in check else Roles(**{**vars(roles), "score": "score"}))
    assert outcome.verdict == "inconclusive"
    assert 'Sensitive column "sex" has more than 500 groups; declare bands or labels' in outcome.sentence
