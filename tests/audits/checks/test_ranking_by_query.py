"""performance.ranking_by_query against hand-made tables, scikit-learn and a bootstrap of the queries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from audits.checks import Outcome, RankedRows, Roles, recompute
from audits.checks.statistics import rankings
from audits.checks.statistics.spread import Spread
from tests.audits.checks.tables import judged, keys, measured

NAME = "performance.ranking_by_query"
GRADED = Roles(task="regression", label="grade", score="score", query="query")
BINARY = Roles(task="binary", favourable=1, label="grade", score="score", query="query")

ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 1, 2, 4]), st.sampled_from([-1.0, 0.0, 0.25, 3.0])),
    min_size=2,
    max_size=40,
)


def answers(rows: list[tuple[Any, Any, Any]]) -> pa.Table:
    """Rows of query, grade and score."""
    queries, grades, scores = zip(*rows, strict=True)
    return pa.table({"query": list(queries), "grade": list(grades), "score": pa.array(scores, pa.float64())})


def look(table: pa.Table, roles: Roles = GRADED, **parameters: Any) -> Outcome:
    return judged(NAME, table, roles, min_queries=1, **parameters)


def by_query(rows: list[tuple[Any, Any, Any]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Grades and scores of every query with several rows."""
    queries = {query: [row[1:] for row in rows if row[0] == query] for query, _, _ in rows}
    return [(np.array(of)[:, 0], np.array(of)[:, 1]) for of in queries.values() if len(of) > 1]


@settings(max_examples=80)
@given(rows=ROWS, top=st.none() | st.integers(1, 6), exponential=st.booleans())
def test_gain_and_precision_are_the_means_of_scikit_learns(
    rows: list[tuple[str, int, float]], top: int | None, exponential: bool
) -> None:
    gains, precisions = [], []
    for grades, scores in by_query(rows):
        gained = 2.0**grades - 1 if exponential else grades
        if gained.any():
            gains.append(ndcg_score([gained], [scores], k=top))
        if (grades >= 1).any():
            precisions.append(average_precision_score(grades >= 1, scores))
    outcome = look(answers(rows), top=top, gain="exponential" if exponential else "linear", min_over_random=None)
    if not gains:
        assert outcome.verdict == "inconclusive"
        return
    assert measured(outcome, "discounted_gain").value == pytest.approx(np.mean(gains), abs=1e-12)
    assert measured(outcome, "average_precision").value == pytest.approx(np.mean(precisions), abs=1e-12)
    assert measured(outcome, "discounted_gain").n == len(gains)


@settings(max_examples=30)
@given(rows=ROWS, turn=st.permutations(range(40)), cut=st.integers(0, 40))
def test_order_and_split_of_the_rows_change_nothing(
    rows: list[tuple[str, int, float]], turn: list[int], cut: int
) -> None:
    turned = [rows[place] for place in turn if place < len(rows)]
    whole, parts = look(answers(rows)), look(answers(turned))
    assert whole.to_document() == parts.to_document()
    first, second = RankedRows.empty(GRADED), RankedRows.empty(GRADED)
    for statistic, part in ((first, turned[:cut]), (second, turned[cut:])):
        for batch in answers(part).to_batches() if part else ():
            statistic.add(batch)
    first.merge(second)
    assert first.n_rows == len(rows)
    once = RankedRows.empty(GRADED)
    once.add(answers(rows).combine_chunks().to_batches()[0])
    (ranked,), (expected,) = first.in_order(), once.in_order()
    assert ranked.values.tolist() == expected.values.tolist()
    assert ranked.starts.tolist() == expected.starts.tolist()


def test_queries_taken_a_few_at_a_time_are_those_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    table = answers(list(zip(*(random.integers(0, most, 200).tolist() for most in (40, 3, 5)), strict=True)))
    whole = look(table)
    monkeypatch.setattr(rankings, "_ROWS_AT_A_TIME", 16)
    assert look(table).to_document() == whole.to_document()


def test_the_worst_order_is_found() -> None:
    # One relevant row of two, always last: 1 / log2(3) = 0.6309; in random order (1 + 0.6309) / 2.
    table = answers([row for query in range(40) for row in ((query, 1, 0.0), (query, 0, 1.0))])
    outcome = judged(NAME, table, BINARY)
    assert keys(outcome) == [NAME]
    gain = 1 / np.log2(3)
    assert measured(outcome, "discounted_gain").value == pytest.approx(gain, abs=1e-15)
    assert measured(outcome, "over_random").value == pytest.approx(gain - (1 + gain) / 2, abs=1e-15)
    assert measured(outcome, "average_precision").value == 0.5
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()


def test_low_scores_come_first_where_class_0_is_favourable() -> None:
    rows = [row for query in range(40) for row in ((query, 0, 0.0), (query, 1, 1.0))]
    turned = Roles(task="binary", favourable=0, label="grade", score="score", query="query")
    assert measured(look(answers(rows), turned), "discounted_gain").value == 1.0
    assert measured(look(answers(rows), BINARY), "discounted_gain").value == 1.0


def test_exactly_on_the_limit_passes() -> None:
    table = answers([row for query in range(40) for row in ((query, 1, 0.0), (query, 0, 1.0))])
    limits = {"min_over_random": None, "max_irrelevant": 0.0}
    assert judged(NAME, table, BINARY, min_average_precision=0.5, **limits).verdict == "passed"
    assert judged(NAME, table, BINARY, min_average_precision=0.5001, **limits).verdict == "failed"
    random = answers([row for query in range(40) for row in ((query, 1, 0.0), (query, 0, 0.0))])
    assert judged(NAME, random, BINARY).verdict == "passed"  # no better than random, and no worse


def test_queries_that_say_nothing_are_counted_and_left_out() -> None:
    rows = [("good", 1, 2.0), ("good", 0, 1.0), ("none", 0, 2.0), ("none", 0, 1.0), ("alone", 1, 1.0)]
    rows += [("all", 1, 1.0), ("all", 1, 2.0)]
    outcome = look(answers(rows), BINARY)
    assert measured(outcome, "discounted_gain").n == 2
    assert measured(outcome, "irrelevant").value == pytest.approx(1 / 3)
    assert outcome.report is not None
    assert [note.split(" queries ")[0] for note in outcome.report.notes] == ["1 of 4"] * 4
    assert keys(look(answers(rows), BINARY, max_irrelevant=0.2)) == [f"{NAME}/irrelevant"]


def test_nothing_is_measured_over_nothing() -> None:
    one = [("a", 1, 2.0), ("a", 0, 1.0)]
    assert "1 of 1 queries" in judged(NAME, answers(one), BINARY).sentence
    assert look(answers([("a", 0, 2.0), ("a", 0, 1.0)]), BINARY).verdict == "inconclusive"
    for gap in ((None, 1, 1.0), ("a", None, 1.0), ("a", 1, None), ("a", 1, float("nan")), ("", 1, 1.0)):
        refused = look(answers([*one, gap]), BINARY)
        assert refused.verdict == "inconclusive"
        assert "1 of 3 rows lack the query, the score or the label" in refused.sentence
    assert "below 0" in look(answers([*one, ("a", -1, 1.0)])).sentence
    assert "too large" in look(answers([*one, ("a", 2_000, 1.0)]), gain="exponential").sentence
    assert (
        "declare a regression"
        in look(answers(one), Roles("multiclass", None, "grade", query="query", score="score")).sentence
    )
    assert "role query" in look(answers(one), Roles("regression", None, "grade", score="score")).sentence


def test_what_is_stored_stays_small_and_the_interval_is_that_of_queries_drawn_again() -> None:
    random = np.random.default_rng(8)
    n = 3_000
    query = np.repeat(np.arange(n), 8)
    grade = random.integers(0, 4, 8 * n)
    score = grade + random.normal(0, 2, 8 * n)
    outcome = look(pa.table({"query": query, "grade": grade, "score": score}))
    assert len(str(outcome.to_document()["statistics"])) < 8_000
    gains = np.array([ndcg_score([grade[query == q]], [score[query == q]]) for q in range(n)])
    gain = measured(outcome, "discounted_gain")
    assert gain.value == pytest.approx(gains.mean(), abs=1e-12)
    drawn = gains[random.integers(0, n, (2_000, n))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert gain.low is not None
    assert gain.high is not None
    assert gain.high - gain.low == pytest.approx(high - low, rel=0.08)
    assert gain.low == pytest.approx(low, abs=0.1 * (high - low))


def test_few_figures_are_stored_as_they_are_and_many_in_steps() -> None:
    few = np.array([0.25, 0.5, 0.25, 1.0])
    assert Spread.of(few).units == (2, 1, 1)
    many = np.random.default_rng(1).uniform(-1, 1, 5_000)
    spread = Spread.of(many)
    assert len(spread.units) == 64
    assert float(spread.mean or 0) == pytest.approx(many.mean(), abs=1e-15)
    assert Spread.from_document(spread.to_document()) == spread
    assert Spread.of(np.empty(0)).mean is None
    assert Spread.of(np.empty(0)).interval(0) == (None, None)
