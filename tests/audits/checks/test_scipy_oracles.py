"""Is every figure of drift and change that SciPy defines the same here, on real people and at the edges?

Each check is asked about every column of two tables: of Adult, of German credit, and of small ones with the odd things
that tables hold. Intervals and tests of groups and pairs are in test_interval_oracles.py; functions are held to
statsmodels over generated arguments in test_statsmodels.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from scipy import spatial, special, stats

from audits.checks import MISSING, Measurement, Roles, RunSpec, measure
from tests.audits.checks.tables import adult, german, given
from tests.audits.checks.test_anderson_darling import standardised

Rows, Column = pd.DataFrame, pd.Series
Oracle = Callable[[Column, Column], float]
EXACT = 1e-9
CHANGE = "data_quality.correlation_change"


def of_counts(figure: Callable[[NDArray[np.int64]], float]) -> Oracle:
    """A figure of rows by table and bin: texts as they are, numbers between the deciles of the reference."""

    def oracle(now: Column, then: Column) -> float:
        if is_numeric_dtype(then):
            edges = np.unique(np.quantile(then.dropna(), np.arange(1, 10) / 10))
            binned = [pd.Series(np.searchsorted(edges, side.dropna())) for side in (now, then)]
        else:
            binned = [side.fillna(MISSING) for side in (now, then)]
        counts = pd.concat([side.value_counts() for side in binned], axis=1).fillna(0)
        return float(figure(counts.to_numpy().T.astype(np.int64)))

    return oracle


def shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return counts / counts.sum(axis=1, keepdims=True)


def cramers_v(counts: NDArray[np.int64]) -> float:
    return float(stats.contingency.association(counts, "cramer")) if counts.shape[1] > 1 else 0.0


def hellinger(counts: NDArray[np.int64]) -> float:
    return float(spatial.distance.euclidean(*np.sqrt(shares(counts))) / np.sqrt(2))


def stability(counts: NDArray[np.int64]) -> float:
    """Relative entropy both ways, of shares of which none is below one in ten thousand."""
    now, then = np.where(counts == 0, 1e-4, shares(counts))
    return float((special.rel_entr(now, then) + special.rel_entr(then, now)).sum())


def chi_square(counts: NDArray[np.int64]) -> float:
    return float(stats.chi2_contingency(counts, correction=False).pvalue)


def kolmogorov_smirnov(now: Column, then: Column) -> tuple[float, float]:
    found = stats.ks_2samp(now.dropna(), then.dropna())
    return float(found.statistic), float(found.pvalue)


def wasserstein(now: Column, then: Column) -> float:
    """In standard deviations of the reference; where that has none, only no distance has a size."""
    apart, deviation = stats.wasserstein_distance(now.dropna(), then.dropna()), then.std(ddof=0)
    return float(apart / deviation if deviation else np.nan if apart else 0.0)


def anderson_darling(now: Column, then: Column) -> float:
    both = [side.dropna() for side in (now, then)]
    if pd.concat(both).nunique() < 2:
        return 0.0
    printed = stats.anderson_ksamp(both, variant="midrank").statistic
    # SciPy prints by how many deviations the statistic is above its mean, which is 1.
    return float(1 + printed / standardised(2.0, *map(len, both)))


def far_of(now: Column, then: Column) -> float:
    n, m = now.count(), then.count()
    return float(np.sqrt(anderson_darling(now, then) * (n + m) / (n * m)))


def fisher(now: Rows, then: Rows) -> float:
    """The test of two correlations by Fisher's z, which SciPy has not: the tail of its distribution is."""
    both = [rows.dropna() for rows in (now, then)]
    z = [np.arctanh(stats.pearsonr(*rows.T.to_numpy()).statistic) for rows in both]
    return float(2 * stats.norm.sf(abs(z[0] - z[1]) / np.sqrt(sum(1 / (len(rows) - 3) for rows in both))))


def change(now: Rows, then: Rows) -> tuple[float, float, float]:
    """The change of a correlation, bounded by SciPy's intervals of both as Zou (2007) puts them together."""
    found = [stats.pearsonr(*rows.dropna().T.to_numpy()) for rows in (now, then)]
    (r, s), ((low, high), (least, most)) = (
        [one.statistic for one in found],
        [one.confidence_interval() for one in found],
    )
    ends = r - s - np.hypot(r - low, most - s), r - s + np.hypot(high - r, s - least)
    near, far = sorted(map(abs, ends))
    return abs(r - s), 0.0 if ends[0] <= 0 <= ends[1] else near, far


# Of every column, or of every column of numbers.
NUMBERS: dict[tuple[str, str], Oracle] = {
    ("drift.anderson_darling", "anderson_darling"): anderson_darling,
    ("drift.anderson_darling", "anderson_darling_distance"): far_of,
    ("drift.distance", "wasserstein"): wasserstein,
    ("drift.kolmogorov_smirnov", "kolmogorov_smirnov"): lambda now, then: kolmogorov_smirnov(now, then)[0],
    ("drift.kolmogorov_smirnov", "p_value"): lambda now, then: kolmogorov_smirnov(now, then)[1],
}
JENSEN_SHANNON = of_counts(lambda counts: spatial.distance.jensenshannon(*counts, base=2))
CHI_SQUARE, STABILITY = of_counts(chi_square), of_counts(stability)
COLUMNS: dict[tuple[str, str], Oracle] = {
    ("drift.distance", "hellinger"): of_counts(hellinger),
    ("drift.distance", "jensen_shannon"): JENSEN_SHANNON,
    ("drift.overall", "jensen_shannon"): JENSEN_SHANNON,
    ("drift.population_stability", "population_stability_index"): STABILITY,
    ("drift.significance", "cramers_v"): of_counts(cramers_v),
    ("drift.significance", "p_value"): CHI_SQUARE,
}
# P-values that are raised for the number of columns.
ADJUSTED = {"drift.overall": CHI_SQUARE, "drift.significance": CHI_SQUARE}


def pair(now: dict[str, object], then: dict[str, object]) -> tuple[Rows, Rows]:
    return Rows(now), Rows(then)


def halves(rows: Rows) -> tuple[Rows, Rows]:
    return rows.drop(columns="good_credit")[rows.good_credit == 0], rows.drop(columns="good_credit")[
        rows.good_credit == 1
    ]


def generated() -> tuple[Rows, Rows]:
    """Numbers with many ties, missing cells, a text that is gone and one that is new."""
    random = np.random.default_rng(8)
    tables = []
    for n, shift, texts in ((700, 0.3, list("abd")), (900, 0.0, list("abc"))):
        x = random.normal(shift, 1, n)
        tables.append(
            Rows(
                {
                    "tied": np.round(x),
                    "fine": x * 1e-9 + 1.0,
                    "holes": np.where(random.random(n) < 0.2, np.nan, np.round(x + random.normal(size=n), 1)),
                    "text": np.where(random.random(n) < 0.1, None, random.choice(np.array(texts, object), n)),
                }
            )
        )
    return tables[0], tables[1]


TABLES: dict[str, Callable[[], tuple[Rows, Rows]]] = {
    "Adult, test against training": lambda: (adult("test").to_pandas(), adult("train").to_pandas()),
    "German credit, bad against good": lambda: halves(german().to_pandas()),
    "ties and missing cells": generated,
    "one value": lambda: pair({"x": [2.0] * 9, "t": ["a"] * 9}, {"x": [2.0] * 7, "t": ["a"] * 7}),
    "another value": lambda: pair({"x": [2.0] * 9, "t": ["a"] * 9}, {"x": [3.0] * 7, "t": ["b"] * 7}),
    "a constant column that moves no more": lambda: pair(
        {"x": [1.0] * 6, "y": range(6)}, {"x": range(5), "y": range(5)}
    ),
    "three rows against two": lambda: pair({"x": [1, 2, 2], "t": list("aab")}, {"x": [2, 5], "t": list("bc")}),
    "three rows against very many": lambda: pair({"x": [1, 500, 999]}, {"x": np.arange(200_000) % 1_000}),
    "far apart": lambda: pair({"x": range(1_000, 1_400)}, {"x": range(500)}),
}


@cache
def tables_of(name: str) -> tuple[Rows, Rows]:
    return TABLES[name]()


@cache
def figures(table: str) -> dict[tuple[str, str, str | None], Measurement]:
    roles = Roles(task="regression", features=tuple(tables_of(table)[0]))
    now, then = (given(pa.Table.from_pandas(rows, preserve_index=False), roles) for rows in tables_of(table))
    found = {}
    checks = dict.fromkeys(check for check, _ in (*NUMBERS, *COLUMNS))
    specs = [RunSpec(check, 1, {"min_rows": 1}) for check in (*checks, CHANGE)]
    for outcome in measure(specs, tables={"evaluation": now, "reference": then}, seed=1):
        assert outcome.verdict != "errored", outcome.sentence
        for one in outcome.report.measurements if outcome.report else ():
            found[outcome.spec.check, one.name, one.group] = one
    return found


def same(found: Measurement | None, expected: float, where: object) -> None:
    value = None if found is None else found.value
    assert value == (None if np.isnan(expected) else pytest.approx(expected, rel=EXACT, abs=0)), where


def numeric(table: str) -> list[str]:
    now, _ = tables_of(table)
    return [name for name in now if is_numeric_dtype(now[name])]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", TABLES)
def test_every_figure_of_a_column_is_scipys(table: str) -> None:
    now, then = tables_of(table)
    for (check, name), oracle in (NUMBERS | COLUMNS).items():
        for column in numeric(table) if (check, name) in NUMBERS else now:
            expected = oracle(now[column], then[column])
            same(figures(table).get((check, name, column)), expected, (check, name, column))


@pytest.mark.parametrize("table", TABLES)
def test_p_values_are_raised_for_the_number_of_columns_as_scipy_does(table: str) -> None:
    now, then = tables_of(table)
    for check, oracle in ADJUSTED.items():
        raised = stats.false_discovery_control([oracle(now[column], then[column]) for column in now])
        for column, expected in zip(now, raised, strict=True):
            same(figures(table).get((check, "adjusted_p_value", column)), expected, (check, column))


@pytest.mark.parametrize(
    "table", ["Adult, test against training", "German credit, bad against good", "ties and missing cells"]
)
def test_every_change_of_a_correlation_is_scipys(table: str) -> None:
    now, then = (rows[sorted(numeric(table))] for rows in tables_of(table))
    pairs = [list(columns) for columns in combinations(now, 2)]
    raised = stats.false_discovery_control([fisher(now[columns], then[columns]) for columns in pairs])
    shown = 0
    for columns, p_value in zip(pairs, raised, strict=True):
        found = figures(table).get((CHANGE, "correlation_change", " and ".join(columns)))
        if found is not None:
            shown += 1
            value, low, high = change(now[columns], then[columns])
            assert (found.value, found.low, found.high) == pytest.approx((value, low, high), rel=EXACT, abs=1e-12), (
                columns
            )
            same(figures(table)[CHANGE, "adjusted_p_value", " and ".join(columns)], p_value, columns)
    assert shown == len(pairs) > 0
