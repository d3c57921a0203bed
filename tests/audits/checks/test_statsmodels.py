"""Are the figures that statsmodels defines the same here?"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from audits.checks.statistics import GroupRate
from audits.checks.statistics.contingency import cochran_mantel_haenszel
from audits.checks.statistics.intervals import wilson
from audits.checks.statistics.simultaneous import difference_of
from audits.checks.statistics.tails import adjusted
from tests.audits.checks import test_against_live, test_calibration_slope
from tests.audits.checks.tables import DECISIONS, confusion, judged, measured
from tests.audits.checks.test_roc_auc import scored

COUNTS = st.integers(1, 500)


def rate(name: str, chosen: int, n: int, value: object) -> GroupRate:
    low, high = wilson(chosen, n)
    return GroupRate(name, n, value, low, high)  # type: ignore[arg-type]


@settings(max_examples=50)
@given(chosen=st.integers(0, 200), others=st.integers(0, 200), level=st.sampled_from([0.9, 0.95, 0.999]))
def test_wilsons_interval_is_the_same(chosen: int, others: int, level: float) -> None:
    n = chosen + others
    if n == 0:
        assert wilson(chosen, n, level) == (None, None)
        return
    assert wilson(chosen, n, level) == pytest.approx(proportion_confint(chosen, n, 1 - level, "wilson"), abs=1e-12)


@settings(max_examples=50)
@given(first=st.tuples(COUNTS, COUNTS), second=st.tuples(COUNTS, COUNTS))
def test_newcombes_interval_of_a_difference_is_the_same(first: tuple[int, int], second: tuple[int, int]) -> None:
    (a, b), (c, d) = first, second
    ours = difference_of(rate("a", a, a + b, a / (a + b)), rate("b", c, c + d, c / (c + d)))
    theirs = confint_proportions_2indep(a, a + b, c, c + d, method="newcomb", compare="diff")
    assert ours == pytest.approx(theirs, abs=1e-12)


@settings(max_examples=30)
@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=6))
def test_the_test_and_the_pooled_odds_over_strata_are_the_same(strata: list[tuple[int, int, int, int]]) -> None:
    ours = cochran_mantel_haenszel([((a, b), (c, d)) for a, b, c, d in strata])
    theirs = StratifiedTable([np.array([[a, b], [c, d]], float) for a, b, c, d in strata])
    found = theirs.test_null_odds(correction=False)
    assert ours.statistic == pytest.approx(found.statistic, rel=1e-9, abs=1e-12)
    assert ours.p_value == pytest.approx(found.pvalue, rel=1e-9, abs=1e-12)
    assert float(ours.odds_ratio) == pytest.approx(theirs.oddsratio_pooled, rel=1e-9)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_p_values_are_raised_for_false_discoveries_in_the_same_way(p_values: list[float]) -> None:
    assert adjusted(p_values) == pytest.approx(list(multipletests(p_values, method="fdr_bh")[1]), abs=1e-12)


@pytest.mark.parametrize("counts", [(100, 50, 150, 700), (40, 7, 9, 944), (300, 60, 60, 580)])
def test_mcnemars_exact_test_of_two_versions_is_the_same(counts: tuple[int, int, int, int]) -> None:
    both_wrong, only_new, only_live, both_right = counts
    outcome = judged(test_against_live.NAME, test_against_live.pairs(*counts), test_against_live.CLASSES)
    theirs = mcnemar([[both_right, only_new], [only_live, both_wrong]], exact=True)
    assert measured(outcome, "p_value").value == pytest.approx(theirs.pvalue, rel=1e-9)


def test_the_line_of_calibration_is_the_fit_of_a_logit_with_its_interval() -> None:
    random = np.random.default_rng(5)
    chances = random.uniform(0.05, 0.95, 400).round(3)
    labels = (random.random(400) < chances**1.3).astype(int)
    table = scored(*[(float(chance), int(label), 1) for chance, label in zip(chances, labels, strict=True)])
    outcome = judged(test_calibration_slope.NAME, table, test_calibration_slope.ROLES)
    odds = np.log(chances / (1 - chances))
    line = sm.Logit(labels, sm.add_constant(odds)).fit(disp=0, method="newton", tol=1e-14)
    slope = measured(outcome, "calibration_slope")
    assert slope.value == pytest.approx(line.params[1], abs=1e-9)
    assert (slope.low, slope.high) == pytest.approx(tuple(line.conf_int()[1]), abs=1e-9)
    level = sm.GLM(labels, np.ones(400), family=sm.families.Binomial(), offset=odds).fit(tol=1e-14)
    assert measured(outcome, "calibration_intercept").value == pytest.approx(level.params[0], abs=1e-9)


def test_cohens_kappa_is_the_same() -> None:
    outcome = judged("performance.confusion", confusion(all=(40, 15, 9, 36)), DECISIONS)
    names = [one.name for one in outcome.report.measurements if "kappa" in one.name]  # type: ignore[union-attr]
    theirs = cohens_kappa(np.array([[36, 15], [9, 40]]), return_results=False)
    assert measured(outcome, names[0]).value == pytest.approx(theirs, abs=1e-12)
