"""Do intervals that are said to hold together do so, for any number of groups?"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from audits.checks import CannotMeasure
from audits.checks.comparison import compared_sets
from audits.checks.statistics import Grouping, GroupRate
from audits.checks.statistics.intervals import wilson
from audits.checks.statistics.rates import selection_rate
from audits.checks.statistics.simultaneous import joint_level, largest_difference, ratios_to_highest
from tests.audits.checks.tables import judged, measured, selected


def drawn_by(*selected_of: tuple[int, int], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    counts = np.zeros((len(selected_of), 3, 3), np.int64)
    for place, (chosen, size) in enumerate(selected_of):
        counts[place, 2, 1], counts[place, 2, 0] = chosen, size - chosen
    grouping = Grouping("sex", tuple(map(str, range(len(selected_of)))), counts, 1, seed)
    return grouping.drawn_rates(selection_rate(1)), np.array([chosen / size for chosen, size in selected_of])


def with_wilson(*selected_of: tuple[int, int], level: float = 0.95) -> list[GroupRate]:
    return [
        GroupRate(str(place), size, chosen / size, *wilson(chosen, size, level))
        for place, (chosen, size) in enumerate(selected_of)
    ]


def critical(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


@pytest.mark.parametrize("groups", [3, 5, 10])
def test_for_groups_of_one_size_the_critical_value_is_tukeys(groups: int) -> None:
    drawn, estimates = drawn_by(*[(5_000, 10_000)] * groups)
    tukey = stats.studentized_range.ppf(0.95, groups, np.inf) / math.sqrt(2)
    found = critical(joint_level([drawn], [estimates]))
    assert tukey - 0.12 < found < tukey + 0.2


def test_it_lies_between_a_single_interval_and_bonferroni() -> None:
    alike, estimates = drawn_by((0, 100), (100, 100))
    assert critical(joint_level([alike], [estimates])) == pytest.approx(1.959964, abs=1e-6)
    wide = np.random.default_rng(1).standard_t(2, (2_000, 2))
    assert critical(joint_level([wide], [np.zeros(2)])) <= NormalDist().inv_cdf(1 - 0.05 / 6) + 1e-9


def test_draws_that_are_mostly_undefined_have_no_joint_level() -> None:
    drawn, estimates = drawn_by((50, 100), (50, 100))
    drawn[:200, 0] = np.nan
    assert joint_level([drawn], [estimates]) is None


def test_the_bounds_of_a_single_pair_are_newcombes() -> None:
    # Newcombe (1998), table II, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339.
    low, high = largest_difference(with_wilson((56, 70), (48, 80)))
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_groups_that_are_truly_alike_keep_a_gap_of_zero_where_single_draws_do_not() -> None:
    random = np.random.default_rng(3)
    joint, single = 0, 0
    for seed in range(60):
        groups = [(int(random.binomial(200, 0.4)), 200) for _ in range(12)]
        drawn, estimates = drawn_by(*groups, seed=seed)
        level = joint_level([drawn], [estimates])
        joint += largest_difference(with_wilson(*groups, level=level))[0] == 0.0
        single += bool(np.quantile(drawn.max(axis=1) - drawn.min(axis=1), 0.025) <= 0.0)
    assert joint >= 54
    assert single == 0


def test_the_ratio_to_the_highest_is_covered() -> None:
    random = np.random.default_rng(4)
    covered = 0
    for _ in range(300):
        groups = with_wilson((int(random.binomial(200, 0.3)), 200), (int(random.binomial(200, 0.5)), 200))
        low, high = ratios_to_highest(groups)[0]
        covered += low <= 0.6 <= high
    assert covered / 300 >= 0.92


def test_a_divisor_that_may_be_zero_bounds_a_ratio_on_one_side_only() -> None:
    first, second = ratios_to_highest(with_wilson((8, 10), (0, 10)))
    assert first == (1.0, 1.0)
    assert second[0] == 0.0
    assert second[1] < 1.0


def test_a_policy_may_ask_for_intervals_that_hold_together() -> None:
    table = selected(**{f"group {place}": (40 + place % 3, 100) for place in range(12)})
    plain = judged("fairness.selection_rate", table, max_difference=0.5)
    joint = judged("fairness.selection_rate", table, max_difference=0.5, simultaneous=True)
    for name, group in (("selection_rate", "sex/group 3"), ("selection_rate_difference", "sex")):
        one, other = measured(plain, name, group), measured(joint, name, group)
        assert one.value == other.value
        assert other.low < one.low
        assert "interval holds for all groups together" in other.note
    ratio = measured(judged("fairness.impact_ratio", table, simultaneous=True), "smallest_impact_ratio", "sex")
    assert ratio.low < ratio.value < ratio.high == 1.0


def test_both_rates_of_equalized_odds_count_as_one_family() -> None:
    first, at = drawn_by((30, 100), (50, 100), seed=1)
    second, also_at = drawn_by((30, 100), (50, 100), seed=2)
    together = joint_level([first, second], [at, also_at])
    assert together > joint_level([first], [at])


def test_too_few_rows_for_a_joint_interval_are_inconclusive() -> None:
    counts = np.zeros((2, 3, 3), np.int64)
    counts[0, 2, 1], counts[1, 2, 1] = 1, 1_000
    grouping = Grouping("sex", ("a", "b"), counts, 1, 1)
    with pytest.raises(
        CannotMeasure, match=r"all groups together\. The selection rate of a rests on 1 of 1,001 rows: about 3,693"
    ):
        compared_sets(grouping, [(selection_rate(1), 1)], (), simultaneous=True)


@pytest.mark.parametrize("groups", [2, 6, 40])
def test_comparing_pairs_in_few_draws_gives_the_level_of_comparing_them_in_all(groups: int) -> None:
    random = np.random.default_rng(groups)
    sizes = random.integers(30, 5_000, groups).tolist()
    drawn, estimates = drawn_by(*((int(size * random.uniform(0.2, 0.6)), size) for size in sizes))
    deviations = drawn - estimates
    spread = np.sqrt((deviations**2).mean(axis=0))
    maxima = np.abs(deviations / spread).max(axis=1)
    for one in range(groups):
        for other in range(one):
            apart = np.abs(deviations[:, one] - deviations[:, other]) / np.hypot(spread[one], spread[other])
            maxima = np.maximum(maxima, apart)
    single = NormalDist().inv_cdf(0.975)
    assert critical(joint_level([drawn], [estimates])) == pytest.approx(
        max(np.quantile(maxima, 0.95), single), rel=1e-5
    )
