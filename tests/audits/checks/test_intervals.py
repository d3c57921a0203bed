"""Are the intervals those of the books, and do they cover what they promise?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from audits.checks import GroupCounts, Roles
from audits.checks.statistics import intervals
from audits.checks.statistics.intervals import dkw_reach, percentile, redrawn, redrawn_once, wilson
from audits.checks.statistics.rates import selection_rate
from tests.audits.checks.tables import DECISIONS, selected


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 40), (13, 40), (40, 40), (700, 1_000)])
def test_wilsons_interval_is_scipys(successes: int, trials: int) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_without_trials_there_is_no_interval() -> None:
    assert wilson(0, 0) == (None, None)


def test_draws_of_counts_are_draws_of_rows() -> None:
    counts = np.array([30, 10, 60])
    by_counts = redrawn(counts, seed=1)[:, 0] / 100
    random = np.random.default_rng(2)
    rows = np.repeat([1, 0, 0], counts)
    by_rows = np.array([random.choice(rows, 100).mean() for _ in range(2_000)])
    assert stats.ks_2samp(by_counts, by_rows).pvalue > 0.01


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    counts = np.array([30, 10, 60])
    assert (redrawn(counts, seed=1) == redrawn(counts, seed=1)).all()
    assert (redrawn(counts, seed=1) != redrawn(counts, seed=2)).any()


def test_what_several_checks_draw_again_is_drawn_once_and_cannot_be_changed() -> None:
    counts = np.array([30, 10, 61])
    found = redrawn_once(counts, 1)
    assert redrawn_once(counts.copy(), 1) is found
    assert (found == redrawn(counts, seed=1)).all()
    assert (redrawn_once(counts, 2) == redrawn(counts, seed=2)).all()
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_draws_that_would_fill_the_memory_make_room_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "_kept", {})  # other tests have drawn before
    first = redrawn_once(np.array([30, 10, 62]), 1)
    wide = [redrawn_once(np.full(900, 10 + place), 1) for place in range(4)]
    assert redrawn_once(np.array([30, 10, 62]), 1) is first
    assert redrawn_once(np.full(900, 13), 1) is wide[3]
    assert redrawn_once(np.full(900, 11), 1) is not wide[1]


def test_draws_that_are_mostly_undefined_give_no_interval() -> None:
    draws = np.arange(100.0)
    assert percentile(draws, 50.0) == pytest.approx((2.475, 96.525))
    draws[:6] = np.nan
    assert percentile(draws, 50.0) == (None, None)
    assert percentile(np.full(10, np.nan), 0.0) == (None, None)


def test_an_interval_holds_its_own_estimate() -> None:
    """Two groups alike: every redrawn gap is above the gap of 0 that was found."""
    gaps = np.abs(np.random.default_rng(1).normal(0, 0.02, 2_000))
    low, high = percentile(gaps, 0.0)
    assert low == 0.0
    assert high == pytest.approx(np.quantile(gaps, 0.975))


def test_the_interval_of_a_difference_covers_the_true_one_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(8)
    covered = 0
    for round_number in range(100):
        women, men = int(random.binomial(300, 0.3)), int(random.binomial(300, 0.5))
        table = selected(Female=(women, 300), Male=(men, 300))
        counts = GroupCounts.empty(DECISIONS)
        counts.seed = round_number
        for batch in table.to_batches():
            counts.add(batch)
        drawn = counts.grouping("sex").drawn_rates(selection_rate(1))
        low, high = percentile(drawn.max(axis=1) - drawn.min(axis=1), abs(women - men) / 300)
        covered += bool(low <= 0.2 <= high)
    assert covered >= 88


def test_equal_weights_change_neither_rate_nor_interval_by_much() -> None:
    table = selected(Female=(30, 100), Male=(50, 100))
    weighted = table.append_column("weight", pa.array([2.5] * 200))
    plain, heavy = GroupCounts.empty(DECISIONS), GroupCounts.empty(Roles(**{**vars(DECISIONS), "weight": "weight"}))
    for batch in table.to_batches():
        plain.add(batch)
    for batch in weighted.to_batches():
        heavy.add(batch)
    for one, other in zip(
        plain.grouping("sex").rates(selection_rate(1)), heavy.grouping("sex").rates(selection_rate(1)), strict=True
    ):
        assert one.value == other.value
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)
    drawn = [counts.grouping("sex").drawn_rates(selection_rate(1)) for counts in (plain, heavy)]
    assert drawn[0] == pytest.approx(drawn[1], abs=1e-12)


def test_the_reach_of_a_distance_covers_the_true_one() -> None:
    random = np.random.default_rng(6)
    reach = dkw_reach(200, 300)
    found = [stats.ks_2samp(random.random(200), random.random(300)).statistic for _ in range(200)]
    assert np.mean(np.array(found) <= reach) >= 0.95
