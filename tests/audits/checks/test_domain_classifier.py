"""drift.domain_classifier against simulation and scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from audits.checks import Roles, RowSample, RunSpec, measure, recompute
from audits.checks.statistics import row_sample
from audits.checks.statistics.telling_apart import TellingApart, _fitted
from tests.audits.checks.tables import adult, given, judged, keys, measured

NAME = "drift.domain_classifier"
ROLES = Roles(task="regression", features=("x", "t", "z"))


def drawn(seed: int, shift: float = 0.0, n: int = 1_500, common: float = 0.3) -> pa.Table:
    random = np.random.default_rng(seed)
    return pa.table(
        {
            "x": random.normal(shift, 1, n),
            "t": np.where(random.random(n) < common, "a", "b"),
            "z": pa.array(np.where(random.random(n) < 0.2, np.nan, random.normal(size=n)), from_pandas=True),
        }
    )


def test_tables_of_one_kind_cannot_be_told_apart() -> None:
    outcome = judged(NAME, drawn(1), ROLES, reference=drawn(2))
    found = measured(outcome, "domain_auc")
    assert outcome.verdict == "passed"
    assert found.value == pytest.approx(0.5, abs=0.04)
    assert found.note.startswith("1500 of 1500 rows now and 1500 of 1500 of the reference; most by ")


@pytest.mark.parametrize("what", ["shift", "common"])
def test_a_change_of_numbers_or_of_texts_is_learnt(what: str) -> None:
    table = drawn(1, shift=1.0) if what == "shift" else drawn(1, common=0.9)
    outcome = judged(NAME, table, ROLES, reference=drawn(2))
    assert keys(outcome) == [NAME]
    strongest = max(
        (m for m in outcome.report.measurements if m.name == "feature_weight"),  # type: ignore[union-attr]
        key=lambda m: m.value or 0,
    )
    assert strongest.group == ("x" if what == "shift" else "t")


def test_the_area_of_shifted_bell_curves_is_the_known_one() -> None:
    roles = Roles(task="regression", features=("x",))
    outcome = judged(NAME, drawn(1, shift=1.0), roles, reference=drawn(2))
    # Two bell curves one standard deviation apart: the chance is Phi(1 / sqrt(2)); deciles lose a little of it.
    assert measured(outcome, "domain_auc").value == pytest.approx(0.7602, abs=0.03)


def test_the_area_is_scikit_learn_s_of_the_stored_scores() -> None:
    outcome = judged(NAME, drawn(1, shift=0.5), ROLES, reference=drawn(2))
    apart = TellingApart.from_document(outcome.statistics["evaluation"]["RowSample"]["apart"])
    scores = np.concatenate([np.repeat(np.arange(257), apart.now), np.repeat(np.arange(257), apart.then)])
    expected = roc_auc_score(np.arange(len(scores)) < apart.now.sum(), scores)
    assert measured(outcome, "domain_auc").value == pytest.approx(expected, abs=1e-12)


def test_the_fit_is_scikit_learn_s() -> None:
    random = np.random.default_rng(5)
    design = (random.random((800, 6)) < 0.4).astype(float)
    target = (random.random(800) < 0.2 + 0.5 * design[:, 0]).astype(float)
    start, slopes = _fitted(design, target)
    # Its own solver, stopped where the gradient is small, has five digits; Newton's method has them all.
    newton = LogisticRegression(C=1.0, class_weight="balanced", solver="newton-cholesky", tol=1e-12)
    expected = newton.fit(design, target)
    assert slopes == pytest.approx(expected.coef_[0], rel=1e-9)
    assert start == pytest.approx(float(expected.intercept_[0]), rel=1e-9)


def test_equal_rows_in_both_tables_are_no_help() -> None:
    table = drawn(1)
    outcome = judged(NAME, table, ROLES, reference=table)
    assert measured(outcome, "domain_auc").value == pytest.approx(0.5, abs=1e-9)


def test_few_rows_and_other_features_are_inconclusive() -> None:
    few = judged(NAME, drawn(1, n=300), ROLES, reference=drawn(2))
    assert (few.verdict, "300 rows of now" in few.sentence) == ("inconclusive", True)
    tables = {"evaluation": given(drawn(1), Roles(task="regression", features=("x",)))}
    tables["reference"] = given(drawn(2), Roles(task="regression", features=("t",)))
    (other,) = measure([RunSpec(NAME, 1)], tables=tables)
    assert (other.verdict, "no feature of one kind" in other.sentence) == ("inconclusive", True)


def test_the_rows_that_are_used_do_not_depend_on_order_batches_or_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_sample, "MOST_ROWS", 700)
    now, then = drawn(1, shift=0.2), drawn(2)
    shuffled = now.take(pa.array(np.random.default_rng(0).permutation(1_500)))
    documents = []
    for table, rows in ((now, 11), (now, 1_500), (shuffled, 500)):
        tables = {"evaluation": given(table, ROLES, rows), "reference": given(then, ROLES)}
        documents.append(measure([RunSpec(NAME, 1)], tables=tables)[0])
    assert "700 of 1500 rows now" in measured(documents[0], "domain_auc").note
    areas = [measured(outcome, "domain_auc").value for outcome in documents]
    assert areas[0] == areas[1] == pytest.approx(areas[2], abs=1e-9)
    stored = json.loads(json.dumps(documents[0].to_document()))
    assert recompute(stored).to_document() == stored
    whole, first, second = (RowSample.empty(ROLES) for _ in range(3))
    for statistic, part in ((whole, now), (first, now.slice(500)), (second, now.slice(0, 500))):
        for batch in part.to_batches(300):
            statistic.add(batch)
    first.merge(second)
    assert first.kinds.digests.tolist() == whole.kinds.digests.tolist()
    assert first.kinds.counts.tolist() == whole.kinds.counts.tolist()
    assert first.kinds.values["x"].tolist() == whole.kinds.values["x"].tolist()


def test_of_few_different_rows_as_many_are_looked_at_as_come() -> None:
    def people(seed: int, chances: list[float]) -> pa.Table:
        random = np.random.default_rng(seed)
        return pa.table({"x": random.choice(8, 40_000, p=chances), "t": random.choice(list("abcde"), 40_000)})

    roles = Roles(task="regression", features=("x", "t"))
    chances = [place / 36 for place in range(8, 0, -1)]
    outcome = judged(NAME, people(1, chances), roles, reference=people(2, chances[::-1]))
    # Told by x alone: the chance that a row of now has the smaller x, and half of the ties.
    smaller = sum(chances[i] * chances[7 - j] * (1.0 if i < j else 0.5 * (i == j)) for i in range(8) for j in range(8))
    assert measured(outcome, "domain_auc").value == pytest.approx(smaller, abs=0.02)
    assert keys(outcome) == [NAME]
    kept = RowSample.empty(roles)
    for batch in people(1, chances).to_batches(999):
        kept.add(batch)
    assert (len(kept.kinds.digests), kept.kinds.counts.sum()) == (40, 40_000)
    assert judged(NAME, people(1, chances), roles, reference=people(2, chances)).verdict == "passed"


def test_training_and_test_part_of_adult_cannot_be_told_apart() -> None:
    table = adult("train")
    roles = Roles(
        task="regression", features=("age", "workclass", "education", "hours_per_week", "sex", "capital_gain")
    )
    outcome = judged(NAME, adult("test"), roles, reference=table)
    assert outcome.verdict == "passed"
    assert (measured(outcome, "domain_auc").value or 1) < 0.55
