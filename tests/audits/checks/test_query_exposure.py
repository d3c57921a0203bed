"""fairness.query_exposure against hand-made rankings, a plain loop and queries drawn again."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.checks import Outcome, RankedGroups, Roles, SensitiveColumn, recompute
from audits.checks.statistics import rankings
from tests.audits.checks.tables import SEX, judged, keys, measured

NAME = "fairness.query_exposure"
ROLES = Roles(task="binary", favourable=1, score="score", query="query", sensitive=SEX)
Row = tuple[str, str | None, float]
SECOND = 1 / math.log2(3)

ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["f", "m", None]), st.sampled_from([0.0, 1.0, 2.0, 5.0])),
    min_size=2,
    max_size=30,
)


def people(rows: list[Row]) -> pa.Table:
    queries, sexes, scores = zip(*rows, strict=True)
    return pa.table({"query": list(queries), "sex": pa.array(sexes, pa.string()), "score": list(scores)})


def look(rows: list[Row], roles: Roles = ROLES, **parameters: Any) -> Outcome:
    return judged(NAME, people(rows), roles, **{"min_queries": 1, **parameters})


def plainly(rows: list[Row]) -> dict[str, float]:
    """The mean relative exposure of each group, worked out row by row."""
    seen = defaultdict(list)
    for query in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == query]
        if len({sex for _, sex, _ in mine}) < 2:
            continue
        worth = [1 / math.log2(2 + rank) for rank in range(len(mine))]
        for _, sex, score in mine:
            above = sum(other > score for _, _, other in mine)
            tied = sum(other == score for _, _, other in mine)
            seen[sex or "(missing)"].append(sum(worth[above : above + tied]) / tied / (sum(worth) / len(mine)))
    return {group: sum(values) / len(values) for group, values in seen.items()}


@settings(max_examples=80)
@given(rows=ROWS)
def test_every_exposure_is_the_one_of_a_plain_loop(rows: list[Row]) -> None:
    expected, outcome = plainly(rows), look(rows)
    if len(expected) < 2:
        assert outcome.verdict == "inconclusive"
        return
    for group, value in expected.items():
        assert measured(outcome, "query_exposure", f"sex/{group}").value == pytest.approx(value, abs=1e-12)
    ratio = measured(outcome, "query_exposure_ratio", "sex")
    assert ratio.value == pytest.approx(min(expected.values()) / max(expected.values()), abs=1e-12)


@settings(max_examples=30)
@given(rows=ROWS, turn=st.permutations(range(30)), cut=st.integers(0, 30))
def test_order_and_split_of_the_rows_change_nothing(rows: list[Row], turn: list[int], cut: int) -> None:
    turned = [rows[place] for place in turn if place < len(rows)]
    whole = look(rows)
    assert look(turned).to_document() == whole.to_document()
    assert recompute(whole.to_document()).to_document() == whole.to_document()
    first, second = RankedGroups.empty(ROLES), RankedGroups.empty(ROLES)
    for statistic, part in ((first, turned[:cut]), (second, turned[cut:])):
        for batch in people(part).to_batches() if part else ():
            statistic.add(batch)
    first.merge(second)
    assert first.n_rows == len(rows)
    once = RankedGroups.empty(ROLES)
    once.add(people(rows).combine_chunks().to_batches()[0])
    for statistic in (first, once):
        ((ranked,), (belongs, groups)) = (statistic.in_order(), statistic.by_group("sex"))
        named = [(groups[place],) for place in belongs[ranked.values]]
        assert sorted(named) == sorted((sex or "(missing)",) for _, sex, _ in rows)


def test_whoever_is_always_second_is_found_and_on_the_limit_passes() -> None:
    rows: list[Row] = [row for q in range(40) for row in ((f"q{q}", "m", 1.0), (f"q{q}", "f", 0.0))]
    outcome = judged(NAME, people(rows), ROLES)
    assert keys(outcome) == [f"{NAME}/sex"]
    ratio = measured(outcome, "query_exposure_ratio", "sex").value
    assert ratio == pytest.approx(SECOND, abs=1e-15)
    assert look(rows, min_ratio=SECOND - 1e-12).verdict == "passed"
    in_turns: list[Row] = [(q, sex, 1.0 - score if int(q[1:]) % 2 else score) for q, sex, score in rows]
    even = look(in_turns)
    assert even.verdict == "passed"
    assert measured(even, "query_exposure_ratio", "sex").value == pytest.approx(1.0, abs=1e-15)
    turned = Roles(task="binary", favourable=0, score="score", query="query", sensitive=SEX)
    assert measured(look(rows, turned), "query_exposure", "sex/f").value == pytest.approx(2 / (1 + SECOND), abs=1e-12)


def test_the_length_of_a_list_and_queries_of_one_group_make_no_gap() -> None:
    rows: list[Row] = [(f"q{q}", sex, 1.0) for q in range(40) for sex in ("m", "f")]
    rows += [("men", "m", float(score)) for score in range(50)]
    outcome = look(rows)
    assert measured(outcome, "query_exposure_ratio", "sex").value == 1.0
    assert outcome.report is not None
    assert outcome.report.notes == ("50 of 130 rows stand in queries with one group of sex; they are left out.",)
    assert look([("men", "m", 1.0), ("men", "m", 2.0)]).verdict == "inconclusive"
    assert "(missing)" not in outcome.sentence


def test_nothing_is_measured_over_nothing() -> None:
    rows: list[Row] = [("a", "m", 1.0), ("a", "f", 0.0)]
    assert judged(NAME, people(rows), ROLES).verdict == "inconclusive"
    gap = people(rows).append_column("more", pa.array([1, 2])).set_column(2, "score", pa.array([1.0, None]))
    assert judged(NAME, gap, ROLES).sentence == "1 of 2 rows lack the query or the score."
    alone = Roles(task="binary", favourable=1, score="score", query="query")
    assert "role sensitive" in judged(NAME, people(rows), alone).sentence


def test_crossings_are_groups_and_queries_may_be_taken_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    table = pa.table(
        {
            "query": random.integers(0, 100, 900),
            "sex": random.choice(["f", "m"], 900),
            "race": random.choice(["a", "b"], 900),
            "score": random.integers(0, 5, 900).astype(float),
        }
    )
    both = Roles(task="regression", score="score", query="query", sensitive=(*SEX, SensitiveColumn("race")))
    whole = judged(NAME, table, both, attribute="sex x race")
    assert measured(whole, "query_exposure", "sex x race/f x a").value is not None
    monkeypatch.setattr(rankings, "_ROWS_AT_A_TIME", 64)
    parts = judged(NAME, table, both, attribute="sex x race")
    for one in whole.report.measurements if whole.report else ():
        assert measured(parts, one.name, one.group).value == pytest.approx(one.value, abs=1e-14)


def test_the_interval_is_that_of_queries_drawn_again() -> None:
    random = np.random.default_rng(9)
    n = 600
    query, sex = np.repeat(np.arange(n), 8), random.choice(["f", "m"], 8 * n)
    # Whether men come first depends on the query: rows of one hang together.
    score = np.repeat(random.normal(0, 2, n), 8) * (sex == "m") + random.normal(size=8 * n)
    outcome = judged(NAME, pa.table({"query": query, "sex": sex, "score": score}), ROLES)
    ranks = np.argsort(np.argsort(-score.reshape(n, 8), axis=1), axis=1)
    worth = 1 / np.log2(2 + np.arange(8))
    exposure = worth[ranks] / worth.mean()
    men = (sex == "m").reshape(n, 8)
    mixed = men.any(axis=1) & ~men.all(axis=1)
    exposure, men = exposure[mixed], men[mixed]
    drawn = random.integers(0, len(men), (4_000, len(men)))
    means = (exposure * men).sum(axis=1)[drawn].sum(axis=1) / men.sum(axis=1)[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    found = measured(outcome, "query_exposure", "sex/m")
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low == pytest.approx(high - low, rel=0.1)
