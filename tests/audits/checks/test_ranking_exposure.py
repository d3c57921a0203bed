"""fairness.ranking_exposure against hand-made rankings and a plain ranking of rows."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pyarrow as pa
import pytest

from audits.checks import Roles
from audits.checks.engine import recompute
from tests.audits.checks.tables import SEX, judged, keys, measured

NAME = "fairness.ranking_exposure"
ROLES = Roles(task="binary", favourable=1, score="score", sensitive=SEX)


def ranked(*rows: tuple[str, float]) -> pa.Table:
    return pa.table({"sex": [sex for sex, _ in rows], "score": [score for _, score in rows]})


# First and third are men, second and fourth women.
FOUR = ranked(("Male", 4.0), ("Female", 3.0), ("Male", 2.0), ("Female", 1.0))


def test_exposure_and_the_share_in_the_top_come_out_by_hand() -> None:
    outcome = judged(NAME, FOUR, ROLES, top_share=0.5, min_group_size=1, min_exposure_ratio=0.5)
    assert measured(outcome, "top_rate", "sex/Male").value == 0.5
    assert measured(outcome, "top_rate_ratio", "sex").value == 1.0
    male, female = (1 + 1 / log2(4)) / 2, (1 / log2(3) + 1 / log2(5)) / 2
    assert measured(outcome, "exposure", "sex/Male").value == pytest.approx(male, abs=1e-12)
    assert measured(outcome, "exposure", "sex/Female").value == pytest.approx(female, abs=1e-12)
    assert measured(outcome, "exposure_ratio", "sex").value == pytest.approx(female / male, abs=1e-12)
    assert outcome.verdict == "passed"


def test_each_ratio_is_held_against_its_own_limit() -> None:
    outcome = judged(NAME, FOUR, ROLES, top_share=0.25, min_group_size=1)
    # The only one in the top is a man.
    assert keys(outcome) == [f"{NAME}/top_rate/sex", f"{NAME}/exposure/sex"]
    assert judged(NAME, FOUR, ROLES, top_share=0.5, min_group_size=1, min_exposure_ratio=0.70).verdict == "passed"
    assert judged(NAME, FOUR, ROLES, top_share=0.5, min_group_size=1, min_exposure_ratio=0.71).verdict == "failed"


def test_ties_share_their_ranks() -> None:
    tied = ranked(*[("Male", 1.0)] * 2, *[("Female", 1.0)] * 2)
    outcome = judged(NAME, tied, ROLES, top_share=0.5, min_group_size=1, min_top_ratio=1.0, min_exposure_ratio=1.0)
    assert outcome.verdict == "passed"
    assert measured(outcome, "top_rate", "sex/Female").value == 0.5


def test_low_scores_are_the_high_ones_where_class_zero_is_favourable() -> None:
    turned = judged(NAME, FOUR, replace(ROLES, favourable=0), top_share=0.5, min_group_size=1)
    female = (1 + 1 / log2(4)) / 2
    assert measured(turned, "exposure", "sex/Female").value == pytest.approx(female, abs=1e-12)


def test_one_group_small_groups_and_missing_scores() -> None:
    assert judged(NAME, ranked(*[("Male", 1.0)] * 50), ROLES).verdict == "inconclusive"
    assert "Male (2)" in judged(NAME, FOUR, ROLES).sentence
    table = FOUR.set_column(1, "score", pa.array([None, 1.0, 2.0, 3.0]))
    assert judged(NAME, table, ROLES, min_group_size=1).verdict == "inconclusive"


def test_figures_are_those_of_a_plain_ranking_of_many_rows() -> None:
    random = np.random.default_rng(2)
    n = 3_000
    sex = random.choice(["a", "b", "c"], n, p=[0.5, 0.4, 0.1])
    score = random.permutation(n) / 4 + np.where(sex == "b", 40.0, 0.0)
    unique = np.argsort(np.argsort(score, kind="stable"), kind="stable").astype(float)
    outcome = judged(NAME, pa.table({"sex": sex, "score": unique}), ROLES)
    rank = n - unique
    for group in "abc":
        mine = sex == group
        exposure = measured(outcome, "exposure", f"sex/{group}")
        assert exposure.value == pytest.approx(float((1 / np.log2(1 + rank[mine])).mean()), abs=1e-12)
        assert exposure.low < exposure.value < exposure.high
        top = measured(outcome, "top_rate", f"sex/{group}")
        assert top.value == pytest.approx(float((rank[mine] <= 300).mean()), abs=1e-12)
    assert recompute(outcome.to_document()).to_document() == outcome.to_document()
