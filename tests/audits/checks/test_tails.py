"""The chances of scipy.stats, without its import."""

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from audits.checks.statistics import tails
from tests.audits.checks.tables import loaded_by

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.3, 1.0, 2.5, 17.0, 400.0])
def test_the_tails_are_those_of_scipy(value: float) -> None:
    assert tails.chi_square_tail(value, 7) == scipy.stats.chi2.sf(value, 7)
    assert tails.normal_tail(value) == scipy.stats.norm.sf(value)


def test_the_normal_quantile_is_that_of_scipy() -> None:
    assert tails.normal_quantile(0.025) == scipy.stats.norm.isf(0.025)


@given(P_VALUES)
def test_adjusted_p_values_are_those_of_scipy_in_the_given_order(p_values: list[float]) -> None:
    assert tails.adjusted(p_values) == scipy.stats.false_discovery_control(p_values).tolist()


def test_nothing_is_adjusted_where_nothing_was_tested() -> None:
    assert tails.adjusted([]) == []


def test_the_library_of_checks_is_imported_without_what_takes_longer_than_a_check() -> None:
    code = "import audits.sandbox.measuring; from audits.checks import list_checks; list_checks()"
    assert loaded_by(code, "scipy.stats", "scipy.special", "pandas", "sklearn") == set()
