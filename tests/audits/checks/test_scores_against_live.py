"""performance.scores_against_live against hand-made tables, SciPy, scikit-learn and the bootstrap of rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn import metrics

from audits.checks import Outcome, PairedRows, Roles, RunSpec, measure
from audits.checks.engine import recompute
from tests.audits.checks.tables import given, keys, measured

NAME = "performance.scores_against_live"
ROLES = Roles(task="binary", favourable=1, id="id", score="score", label="truth", prediction="decision")


def judged(
    new: pa.Table, live: pa.Table, roles: Roles = ROLES, live_roles: Roles = ROLES, **parameters: object
) -> Outcome:
    tables = {"evaluation": given(new, roles), "live": given(live, live_roles)}
    (outcome,) = measure([RunSpec(NAME, 1, parameters)], tables=tables, seed=11)
    return outcome


def table(score: object, truth: object, ids: object = None) -> pa.Table:
    score = np.asarray(score, float)
    names = np.arange(len(score)) if ids is None else ids
    return pa.table({"id": names, "score": score, "truth": truth, "decision": (score >= 0.5).astype(int)})


def sample(n: int, seed: int = 5) -> tuple[pa.Table, pa.Table]:
    """The new version sees more of the truth than the live one; the live table stands in another order."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, n)
    shared = random.normal(0, 1, n)
    new = 1 / (1 + np.exp(-(1.4 * (truth - 0.5) + shared)))
    live = 1 / (1 + np.exp(-(1.0 * (truth - 0.5) + 0.8 * shared + random.normal(0, 0.6, n))))
    order = random.permutation(n)
    return table(np.round(new, 3), truth), table(np.round(live, 3)[order], truth[order], order)


TRUTH = [1] * 40 + [0] * 40
BEST = table([0.9] * 40 + [0.1] * 40, TRUTH)
# Half of the positives stand with the negatives: the area is 3/4.
WORSE = table([0.9] * 20 + [0.1] * 60, TRUTH)


def test_differences_come_out_by_hand() -> None:
    outcome = judged(WORSE, BEST)
    assert keys(outcome) == [NAME]
    assert measured(outcome, "auc_loss").value == 0.25
    assert (measured(outcome, "roc_auc").value, measured(outcome, "live_roc_auc").value) == (0.75, 1.0)
    assert measured(outcome, "error_increase").value == 0.25
    assert measured(outcome, "balanced_accuracy_loss").value == 0.25
    # Squared distances: 0.01 of the right ones, 0.81 of the twenty wrong ones.
    assert measured(outcome, "brier_increase").value == pytest.approx(0.2, abs=1e-15)
    assert measured(outcome, "mcnemar_p_value").value == pytest.approx(2 * 0.5**20, rel=1e-9)
    better = judged(BEST, WORSE)
    assert (better.verdict, measured(better, "auc_loss").value) == ("passed", -0.25)


def test_the_same_scores_lose_nothing() -> None:
    outcome = judged(WORSE, WORSE, auc_margin=0.0, error_margin=1.0, balanced_accuracy_margin=0.0)
    assert outcome.verdict == "passed"
    assert measured(outcome, "delong_p_value").value == 1.0


def test_every_margin_is_held() -> None:
    exact = {"auc_margin": 0.25, "brier_margin": 0.21, "error_margin": 0.25, "balanced_accuracy_margin": 0.25}
    assert judged(WORSE, BEST, decide_on="estimate", **exact).verdict == "passed"
    less = dict.fromkeys(exact, 0.19)
    found = keys(judged(WORSE, BEST, decide_on="estimate", **less))
    names = ("auc_loss", "brier_increase", "error_increase", "balanced_accuracy_loss")
    assert found == [f"{NAME}/{name}" for name in names]


def test_too_few_rows_to_tell_do_not_pass() -> None:
    new, live = sample(120)
    loss = measured(judged(new, live), "auc_loss")
    assert loss.low < loss.value < loss.high
    margin = max(0.0, round(loss.value, 3) + 0.001)
    assert judged(new, live, auc_margin=margin, decide_on="estimate").verdict == "passed"
    assert judged(new, live, auc_margin=margin).verdict == "failed"
    assert judged(new, live, auc_margin=margin, decide_on="interval").verdict == "inconclusive"
    assert judged(new, live, min_positives=100).verdict == "inconclusive"


def test_rows_are_joined_by_id_and_not_by_place() -> None:
    new, live = sample(500)
    backwards = live.take(pa.array(np.arange(499, -1, -1)))
    assert judged(new, live).to_document() == judged(new, backwards).to_document()


def test_rows_without_partner_contradictions_and_blanks() -> None:
    new, live = sample(500)
    outcome = judged(new, live.slice(0, 450))
    assert outcome.verdict == "inconclusive"
    assert "50 of 500 rows of the evaluation table have no partner" in outcome.sentence
    allowed = judged(new, live.slice(0, 450), max_unmatched_share=0.1, auc_margin=0.5)
    assert allowed.verdict == "passed"
    assert allowed.report.notes
    wrong = live.set_column(2, "truth", pa.array(1 - live["truth"].to_numpy()))
    assert "another label" in judged(new, wrong).sentence
    blank = live.set_column(1, "score", pa.array([None, *live["score"].to_pylist()[1:]]))
    assert judged(new, blank).verdict == "inconclusive"
    (alone,) = measure([RunSpec(NAME, 1)], tables={"evaluation": given(new, ROLES)})
    assert "needs the live table" in alone.sentence


def test_what_one_table_lacks_is_left_out_unless_it_is_asked_for() -> None:
    new, live = sample(500)
    bare = Roles(task="binary", favourable=1, id="id", score="score")
    outcome = judged(new, live, live_roles=bare, auc_margin=0.5)
    assert outcome.verdict == "passed"
    assert "error_increase" not in {one.name for one in outcome.report.measurements}
    assert judged(new, live, live_roles=bare, auc_margin=0.5, error_margin=0.5).verdict == "inconclusive"


def test_areas_and_their_test_are_delongs() -> None:
    new, live = sample(400)
    outcome = judged(new, live)
    frame = new.to_pandas().merge(live.to_pandas(), on="id", suffixes=("", "_live"))
    truth = frame["truth"].to_numpy() == 1
    areas = [metrics.roc_auc_score(truth, frame[name]) for name in ("score", "score_live")]
    assert measured(outcome, "roc_auc").value == pytest.approx(areas[0], abs=1e-12)
    assert measured(outcome, "live_roc_auc").value == pytest.approx(areas[1], abs=1e-12)
    # The definition, pair by pair: equations 4 to 6 of DeLong and others.
    kernels = []
    for name in ("score", "score_live"):
        up, down = frame.loc[truth, name].to_numpy(), frame.loc[~truth, name].to_numpy()
        kernels.append((up[:, None] > down[None, :]) + 0.5 * (up[:, None] == down[None, :]))
    rows = np.cov([kernel.mean(axis=1) for kernel in kernels])
    columns = np.cov([kernel.mean(axis=0) for kernel in kernels])
    matrix = rows / truth.sum() + columns / (~truth).sum()
    error = np.sqrt(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    loss = measured(outcome, "auc_loss")
    assert loss.value == pytest.approx(areas[1] - areas[0], abs=1e-12)
    assert (loss.high - loss.low) / 2 == pytest.approx(stats.norm.ppf(0.975) * error, abs=1e-9)
    expected = 2 * stats.norm.sf(abs(areas[1] - areas[0]) / error)
    assert measured(outcome, "delong_p_value").value == pytest.approx(expected, rel=1e-9)


def test_figures_of_decisions_and_chances_are_scikit_learns_and_scipys() -> None:
    new, live = sample(600)
    outcome = judged(new, live)
    frame = new.to_pandas().merge(live.to_pandas(), on="id", suffixes=("", "_live"))
    truth = frame["truth"]
    for name, oracle in (
        ("balanced_accuracy_loss", metrics.balanced_accuracy_score),
        ("f1_loss", metrics.f1_score),
        ("matthews_loss", metrics.matthews_corrcoef),
    ):
        expected = oracle(truth, frame["decision_live"]) - oracle(truth, frame["decision"])
        found = measured(outcome, name)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.low <= found.value <= found.high
    squares = [(frame[name] - truth) ** 2 for name in ("score", "score_live")]
    expected = stats.ttest_rel(*squares).confidence_interval(0.95)
    brier = measured(outcome, "brier_increase")
    assert (brier.low, brier.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_paired_bootstrap_is_that_of_rows() -> None:
    new, live = sample(300)
    found = measured(judged(new, live), "f1_loss")
    frame = new.to_pandas().merge(live.to_pandas(), on="id", suffixes=("", "_live"))
    columns = frame[["truth", "decision", "decision_live"]].to_numpy()
    random, drawn = np.random.default_rng(0), []
    for _ in range(400):
        truth, mine, theirs = columns[random.integers(0, 300, 300)].T
        drawn.append(metrics.f1_score(truth, theirs) - metrics.f1_score(truth, mine))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_the_outcome_is_worked_out_again_from_a_few_numbers() -> None:
    outcome = judged(*sample(5_000))
    document = outcome.to_document()
    assert recompute(document).to_document() == document
    assert len(str(document["statistics"])) < 3_000
    halves = [PairedRows.empty(ROLES) for _ in range(2)]
    new, live = sample(200)
    for half, part in zip(halves, (new.slice(0, 50), new.slice(50)), strict=True):
        for batch in part.to_batches():
            half.add(batch)
    halves[1].merge(halves[0])
    other = PairedRows.empty(ROLES)
    for batch in live.to_batches(max_chunksize=7):
        other.add(batch)
    joined = PairedRows.condensed({"evaluation": halves[1], "live": other})["evaluation"].joined
    assert joined.to_document() == judged(new, live).statistics["evaluation"]["PairedRows"]["joined"]


def test_rows_that_share_an_id_have_no_partner_whichever_comes_first() -> None:
    twice = np.append(np.arange(80), [0, 1])
    new = table([*BEST["score"].to_pylist(), 0.1, 0.1], [*TRUTH, 1, 1], twice)
    assert judged(new, WORSE).verdict == "inconclusive"
    answers = [
        judged(rows, WORSE, max_unmatched_share=0.1).to_document()
        for rows in (new, new.take(pa.array(range(81, -1, -1))))
    ]
    joined = answers[0]["statistics"]["evaluation"]["PairedRows"]["joined"]
    assert (joined["rows"], joined["only_new"], joined["only_live"]) == (78, 4, 2)
    assert answers[0] == answers[1]
