"""Is every interval, test and fit over people that SciPy or statsmodels defines the same here?

All checks are asked at once about the people of test_oracles.py, without weights: both libraries know none there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
from scipy import special, stats
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar
from statsmodels.stats.proportion import proportion_confint

from audits.checks import MISSING, Measurement, Roles, RunSpec, SensitiveColumn, get_check, measure
from tests.audits.checks.tables import adult, german, given
from tests.audits.checks.test_oracles import BY_GROUP, MINIMA, TABLES, judged_by_a_model, rows_of

Rows = pd.DataFrame
Found = dict[tuple[str, str, str | None], Measurement]
EXACT = 1e-9

# Shares with Wilson's interval. An area has it at DeLong's variance, a mean of two shares that of Zou and Donner.
OTHERS = ("roc_auc", "balanced_accuracy", "brier_score", "false_negatives_per_false_positive")
WILSON = [
    *[key for key in BY_GROUP if key[1] not in OTHERS],
    ("fairness.representation", "share_of_rows"),
    ("fairness.scoring_rate", "scoring_rate"),
    ("performance.accuracy", "accuracy"),
    ("performance.ranking", "prevalence"),
    ("data_quality.class_balance", "class_share"),
]
STRATIFIED = {"fairness.conditional_parity": "decision", "fairness.conditional_label_parity": "truth"}
UNWEIGHED = [name for name in TABLES if name not in ("Adult, weighed", "a group that weighs nothing")]


@cache
def people(name: str) -> Rows:
    """With a stratum for everyone, and the score and the decision of another model."""
    rows = rows_of(name).reset_index(drop=True).assign(group=lambda all: all.group.fillna(MISSING))
    if name == "Adult":
        few = adult("test").select(["age", "education_years", "income_over_50k", "sex"])
        rows["stratum"], rows["other"] = (
            adult("test")["workclass"].to_pandas().fillna(MISSING),
            judged_by_a_model(few, "income_over_50k", None, 0.4).score,
        )
    elif name == "German credit":
        few = german().select(["duration_months", "age_years", "good_credit", "sex"])
        rows["stratum"], rows["other"] = (
            german()["housing"].to_pandas(),
            judged_by_a_model(few, "good_credit", None, 0.7).score,
        )
    else:
        rows["stratum"], rows["other"] = [f"s{place % 3}" for place in rows.index], np.roll(rows.score, 1)
    cut = rows.score[rows.decision == 1].min()
    return rows.assign(before=(rows.other >= cut).astype(int), id=[f"p{place}" for place in rows.index])


def measured(rows: Rows, task: str, asked: dict[str, dict[str, Any]], **roles: Any) -> Found:
    """Figures by check, name and group, of checks with their parameters beside the smallest tables that they take."""
    of_live = rows.assign(score=rows.other, decision=rows.before)
    shown = {
        name: given(pa.Table.from_pandas(table, preserve_index=False), Roles(task=task, id="id", **roles))
        for name, table in (("evaluation", rows), ("live", of_live))
    }
    specs = []
    for check, parameters in asked.items():
        minima = [one.name for one in get_check(check, 1).parameters if one.name in MINIMA]
        specs.append(RunSpec(check, 1, {**dict.fromkeys(minima, 1), **parameters}))
    found: Found = {}
    for outcome in measure(specs, tables=shown, seed=1):
        assert outcome.verdict != "errored", outcome.sentence
        for one in outcome.report.measurements if outcome.report else ():
            found[outcome.spec.check, one.name, one.group] = one
    return found


@cache
def of_decisions(name: str) -> Found:
    rows = people(name)
    groups = sorted(set(rows.group))
    by_stratum = {"attribute": "group", "control": "stratum"}
    asked: dict[str, dict[str, Any]] = {check: {} for check, _ in WILSON}
    asked |= {"fairness.four_fifths_rule": {"attribute": "group"}, "fairness.score_distance": {"attribute": "group"}}
    asked["fairness.representation"] = {
        "attribute": "group",
        "population": [f"{group}=1/{len(groups)}" for group in groups],
    }
    asked |= dict.fromkeys(STRATIFIED, by_stratum)
    asked |= {
        "performance.against_live": {},
        "performance.scores_against_live": {},
        "performance.calibration_slope": {},
    }
    return measured(
        rows,
        "binary",
        asked,
        favourable=1,
        label="truth",
        prediction="decision",
        score="score",
        incumbent="before",
        sensitive=(SensitiveColumn("group"), SensitiveColumn("stratum")),
    )


@cache
def of_errors(name: str) -> Found:
    """The scores read as numbers that the other model and the labels tell."""
    asked: dict[str, dict[str, Any]] = {"performance.against_live": {}, "fairness.regression_parity": {}}
    sensitive = (SensitiveColumn("group"),)
    return measured(
        people(name), "regression", asked, label="score", prediction="other", incumbent="truth", sensitive=sensitive
    )


def same(found: Measurement | None, expected: float | tuple[float, ...], where: object, nothing: float = 0.0) -> None:
    """A figure, or its interval; what is not a number is undefined here, and up to `nothing` it is 0."""
    if isinstance(expected, tuple):
        values = None if found is None else (found.low, found.high)
    else:
        values = None if found is None else found.value
    undefined = np.isnan(expected).any()
    if undefined:
        assert values in (None, (None, None)), where
    else:
        assert values == pytest.approx(expected, rel=EXACT, abs=nothing), where


def pairs_of(rows: Rows, column: str) -> list[tuple[pd.Series, pd.Series]]:
    return list(combinations([part[column] for _, part in rows.groupby("group")], 2))


def farthest(distance: Callable[[pd.Series, pd.Series], float], rows: Rows, column: str) -> float:
    return max((distance(one, other) for one, other in pairs_of(rows, column)), default=np.nan)


@pytest.mark.parametrize("table", UNWEIGHED)
def test_every_share_has_statsmodels_interval(table: str) -> None:
    held = 0
    for (check, name, group), found in of_decisions(table).items():
        if (check, name) in WILSON and found.value is not None:
            held += 1
            low, high = proportion_confint(round(found.value * found.n), found.n, method="wilson")
            assert (found.low, found.high) == pytest.approx((low, high), rel=EXACT, abs=1e-15), (check, name, group)
    assert held > 20


@pytest.mark.parametrize("table", UNWEIGHED)
def test_groups_are_tested_as_scipy_does(table: str) -> None:
    rows, found = people(table), of_decisions(table)
    for (check, name, group), one in found.items():
        if (check, name) == ("fairness.four_fifths_rule", "impact_ratio"):
            two = [group.removeprefix("group/"), one.note.removeprefix("against ")]
            counts = pd.crosstab(rows.group, rows.decision).loc[two].reindex(columns=[0, 1], fill_value=0).to_numpy()
            if not counts.sum(axis=0).all():
                expected = np.nan
            elif stats.contingency.expected_freq(counts).min() < 5:
                expected = stats.fisher_exact(counts).pvalue
            else:
                expected = stats.chi2_contingency(counts, correction=False).pvalue
            same(found[check, "p_value", group], expected, group)
    counts = rows.group.value_counts()
    same(found["fairness.representation", "p_value", "group"], stats.chisquare(counts).pvalue, "representation")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", UNWEIGHED)
@pytest.mark.parametrize("check", STRATIFIED)
def test_groups_inside_strata_are_tested_as_statsmodels_does(table: str, check: str) -> None:
    rows, found = people(table), of_decisions(table)
    widest = found.get((check, "p_value", "group"))
    if widest is None:
        assert rows.group.nunique() < 2
        return
    two = widest.note.split(" against ")
    strata = []
    for _, part in rows.groupby("stratum"):
        counts = pd.crosstab(part.group, part[STRATIFIED[check]]).reindex(index=two, columns=[1, 0], fill_value=0)
        if counts.to_numpy().sum() > 1:
            strata.append(counts.to_numpy().astype(float))
    theirs = StratifiedTable(strata)
    # Its p-value is one less the distribution and so 0 where it is small; the statistic is exact.
    same(widest, stats.chi2.sf(theirs.test_null_odds(correction=False).statistic, 1), check)
    odds = theirs.oddsratio_pooled
    same(found[check, "common_odds_ratio", "group"], odds if np.isfinite(odds) else np.nan, check)


@pytest.mark.parametrize("table", UNWEIGHED)
def test_two_versions_are_tested_as_statsmodels_and_scipy_do(table: str) -> None:
    rows, found, errors = people(table), of_decisions(table), of_errors(table)
    new, live = rows.decision == rows.truth, rows.before == rows.truth
    expected = mcnemar(pd.crosstab(new, live).reindex(index=[True, False], columns=[True, False], fill_value=0)).pvalue
    same(found["performance.against_live", "p_value", None], expected, "classes")
    if rows.truth.nunique() == 2:
        same(found["performance.scores_against_live", "mcnemar_p_value", None], expected, "scores")
        squares = stats.ttest_rel((rows.score - rows.truth) ** 2, (rows.other - rows.truth) ** 2)
        increase = found["performance.scores_against_live", "brier_increase", None]
        same(increase, tuple(squares.confidence_interval()), "chances")
    sizes = stats.ttest_rel((rows.other - rows.score).abs(), (rows.truth - rows.score).abs())
    same(errors["performance.against_live", "p_value", None], sizes.pvalue, "errors")
    same(errors["performance.against_live", "loss_difference", None], tuple(sizes.confidence_interval()), "errors")


@pytest.mark.parametrize("table", UNWEIGHED)
def test_the_distances_of_groups_are_scipys(table: str) -> None:
    rows = people(table)
    expected = farthest(lambda one, other: stats.ks_2samp(one, other).statistic, rows, "score")
    same(of_decisions(table).get(("fairness.score_distance", "score_distance", "group")), expected, "scores")
    expected = farthest(stats.wasserstein_distance, rows, "other")
    same(of_errors(table).get(("fairness.regression_parity", "prediction_distance", "group")), expected, "numbers")


@pytest.mark.filterwarnings("ignore:overflow encountered in exp")
@pytest.mark.parametrize("table", UNWEIGHED)
def test_the_line_of_calibration_is_statsmodels_fit(table: str) -> None:
    rows, found = people(table), of_decisions(table)
    slope = found.get(("performance.calibration_slope", "calibration_slope", None))
    if slope is None:
        assert table == "all labels true"
        return
    odds = special.logit(np.clip(rows.score, np.finfo(float).eps, 1 - np.finfo(float).eps))
    # Its own tolerance of 1e-8, in the deviance, would stop it before the tenth digit.
    closely = {"tol_criterion": "params", "tol": 1e-13, "maxiter": 200}
    line = sm.GLM(rows.truth, sm.add_constant(odds), sm.families.Binomial()).fit(**closely)
    same(slope, line.params.iloc[1], "slope")
    same(slope, tuple(line.conf_int().iloc[1]), "slope")
    level = sm.Logit(rows.truth, np.ones(len(rows)), offset=odds).fit(disp=0, method="newton", tol=1e-14)
    intercept = found["performance.calibration_slope", "calibration_intercept", None]
    same(intercept, level.params.iloc[0], "intercept", nothing=1e-15)
    same(intercept, tuple(level.conf_int().iloc[0]), "intercept")
