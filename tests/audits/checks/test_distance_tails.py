"""The chances of distances against scipy.stats and against every way through a small grid."""

import math
from fractions import Fraction
from itertools import combinations

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats._stats_py import _attempt_exact_2kssamp

from audits.checks.statistics import distance_tails
from audits.checks.statistics.distance_tails import one_sample_tail, two_sample_tail
from tests.audits.checks.tables import loaded_by


def distance_of(scaled: float, n: int, m: int) -> Fraction:
    """About the distance whose size by the rows is `scaled`, which samples of these sizes can have."""
    steps = math.lcm(n, m)
    return Fraction(min(steps, max(1, round(scaled * math.sqrt((n + m) / (n * m)) * steps))), steps)


def by_scipy(distance: Fraction, n: int, m: int) -> float:
    works, _, chance = _attempt_exact_2kssamp(n, m, math.gcd(n, m), float(distance), "two-sided")
    assert works
    return float(chance)


@given(n=st.integers(1, 6), m=st.integers(1, 6), data=st.data())
def test_every_order_of_few_rows_was_counted(n: int, m: int, data: st.DataObject) -> None:
    steps = math.lcm(n, m)
    distance = Fraction(data.draw(st.integers(1, steps)), steps)
    orders = list(combinations(range(n + m), n))
    far = 0
    for order in orders:
        first = [sum(place < end for place in order) for end in range(n + m + 1)]
        apart = [abs(Fraction(above, n) - Fraction(end - above, m)) for end, above in enumerate(first)]
        far += max(apart) >= distance
    assert two_sample_tail(distance, n, m) == pytest.approx(far / len(orders), rel=1e-12)


@pytest.mark.parametrize("scaled", [0.3, 0.7, 1.0, 1.5, 2.5, 4.0])
@pytest.mark.parametrize(
    ("n", "m"), [(30, 31), (365, 366), (9_000, 40), (2_500, 2_500), (1_000, 3_001), (7_001, 10_000)]
)
def test_samples_of_up_to_ten_thousand_rows_have_the_exact_chance(n: int, m: int, scaled: float) -> None:
    distance = distance_of(scaled, n, m)
    exact = by_scipy(distance, n, m)
    assert two_sample_tail(distance, n, m) == pytest.approx(exact, rel=1e-10)
    assert two_sample_tail(distance, m, n) == two_sample_tail(distance, n, m)


def test_a_chance_too_small_to_be_counted_keeps_its_size() -> None:
    distance = distance_of(7.0, 10_000, 8_000)
    exact = by_scipy(distance, 10_000, 8_000)
    assert 1e-44 < exact < 1e-40
    assert two_sample_tail(distance, 10_000, 8_000) == pytest.approx(exact, rel=0.1)


def test_the_same_values_are_as_likely_as_can_be_and_tables_without_a_common_value_as_unlikely() -> None:
    assert two_sample_tail(Fraction(0), 500, 700) == 1.0
    assert two_sample_tail(Fraction(0), 500_000, 700_000) == 1.0
    assert two_sample_tail(Fraction(1), 20, 30) == pytest.approx(2 / math.comb(50, 20), rel=1e-12)
    assert two_sample_tail(Fraction(1), 500_000, 700_000) == 0.0


@pytest.mark.parametrize("scaled", [0.02, 0.2, 0.5, 1.0, 1.48, 1.49, 2.0, 5.0, 12.0])
@pytest.mark.parametrize("n", [2, 10, 50, 140, 141, 1_000, 50_000, 100_000, 100_001, 1_000_000])
def test_one_sample_has_the_chance_of_scipy(n: int, scaled: float) -> None:
    distance = min(1.0, scaled / math.sqrt(n))
    assert one_sample_tail(distance, n) == pytest.approx(scipy.stats.kstwo.sf(distance, n), rel=1e-10)


@pytest.mark.parametrize("scaled", [1.5, 3.0, 12.0])
def test_a_few_terms_tell_the_sum_of_millions(scaled: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a million rows SciPy itself takes a limit, which is off by up to a thousandth."""
    few = one_sample_tail(scaled / 1_500, 1_500**2)
    monkeypatch.setattr(distance_tails, "_PER_DEVIATION", 10**9)
    assert few == pytest.approx(one_sample_tail(scaled / 1_500, 1_500**2), rel=1e-11)
    assert few == pytest.approx(scipy.stats.kstwo.sf(scaled / 1_500, 1_500**2), rel=5e-3)


@pytest.mark.parametrize(("few", "many"), [(100, 2_000_000), (1_000, 100_000)])
def test_few_rows_against_very_many_have_the_chance_of_scipy(few: int, many: int) -> None:
    for scaled in (0.4, 0.8, 1.2, 1.6, 3.0):
        distance = distance_of(scaled, few, many)
        expected = scipy.stats.kstwo.sf(float(distance), round(few * many / (few + many)))
        assert two_sample_tail(distance, few, many) == pytest.approx(expected, rel=1e-9)


def test_nothing_of_scipy_is_imported_for_them() -> None:
    code = (
        "from fractions import Fraction; from audits.checks.statistics import distance_tails as tails;"
        "tails.two_sample_tail(Fraction(1, 10), 100, 90); tails.two_sample_tail(Fraction(1, 10), 10**6, 10**6)"
    )
    assert loaded_by(code, "scipy.stats", "scipy.special") == set()
