"""Two columns in order are compared in few places, and nothing is lost by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.checks.statistics.sorted_numbers import SortedNumbers, area_between, farthest_apart

NUMBERS = st.lists(st.one_of(st.integers(-6, 6).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=300)


def rows(numbers: list[float] | np.ndarray) -> SortedNumbers:
    return SortedNumbers(np.sort(np.array(numbers, np.float64)))


def distinct(numbers: list[float] | np.ndarray) -> SortedNumbers:
    values, counts = np.unique(np.array(numbers, np.float64), return_counts=True)
    return SortedNumbers(values, np.cumsum(counts))


def distance(first: SortedNumbers, second: SortedNumbers) -> float:
    at = np.array([farthest_apart(first, second)])
    return abs(float(first.not_above(at)[0]) / first.total - float(second.not_above(at)[0]) / second.total)


def farthest_of_all(first: list[float], second: list[float]) -> float:
    points = np.array([*first, *second])
    shares = [(np.array(numbers)[None, :] <= points[:, None]).mean(axis=1) for numbers in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


@settings(max_examples=50)
@given(numbers=NUMBERS, others=NUMBERS)
def test_rows_below_and_up_to_a_number_are_counted_together_as_apart(numbers: list[float], others: list[float]) -> None:
    points = np.sort(np.array([*numbers, *others]))
    for held in (rows(numbers), distinct(numbers)):
        below, not_above = held.around(points)
        assert below.tolist() == held.below(points).tolist()
        assert not_above.tolist() == held.not_above(points).tolist()


@settings(max_examples=150)
@given(first=NUMBERS, second=NUMBERS)
def test_distance_area_and_quantiles_are_scipys_and_numpys(first: list[float], second: list[float]) -> None:
    shares = np.linspace(0, 1, 11)
    for one, other in ((rows(first), rows(second)), (distinct(first), rows(second)), (rows(first), distinct(second))):
        assert distance(one, other) == pytest.approx(farthest_of_all(first, second), abs=1e-12)
        assert area_between(one, other) == pytest.approx(stats.wasserstein_distance(first, second), rel=1e-9, abs=1e-9)
        assert one.quantiles(shares) == pytest.approx(np.quantile(first, shares), rel=1e-12, abs=1e-9)
        assert one.deviation() == pytest.approx(np.std(first), rel=1e-9, abs=1e-9)
        assert one.commonest() == np.unique(first, return_counts=True)[1].max()


@pytest.mark.parametrize("shift", [0.0, 0.01, 1.0])
def test_long_columns_are_compared_as_all_of_their_numbers(shift: float) -> None:
    random = np.random.default_rng(7)
    first, second = random.normal(shift, 1, 40_000), np.round(random.normal(0, 1, 31_000), 3)
    expected = stats.ks_2samp(first, second, method="asymp").statistic
    assert distance(rows(first), rows(second)) == pytest.approx(expected, abs=1e-12)
    assert distance(rows(second), distinct(first)) == pytest.approx(expected, abs=1e-12)
    assert area_between(rows(first), rows(second)) == pytest.approx(stats.wasserstein_distance(first, second), rel=1e-9)
