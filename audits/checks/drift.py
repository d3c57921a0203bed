"""How are two tables laid side by side, column by column?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.sentences import figure
from audits.checks.statistics.aligned_values import folded
from audits.checks.statistics.column_values import ColumnValues, ValuesOfColumn
from audits.checks.statistics.distance_tails import two_sample_tail
from audits.checks.statistics.intervals import dkw_reach, percentile, redrawn_once
from audits.checks.statistics.side_by_side import SideBySide
from audits.checks.statistics.value_table import ValueTable

_EMPTY_SHARE = 0.0001


@dataclass(frozen=True)
class Binned:
    """Counts of one column in the same bins for both tables, each of shape (n_bins,)."""

    current: NDArray[np.int64]
    reference: NDArray[np.int64]
    note: str


@dataclass(frozen=True)
class Distance:
    """The Kolmogorov-Smirnov distance of one column with its interval and p-value."""

    value: Fraction
    low: float
    high: float
    p_value: float
    n: int
    note: str


def columns_to_compare(
    evaluation: ColumnValues, reference: ColumnValues, columns: Sequence[str], *, numeric: bool = False
) -> list[str]:
    """The columns that were asked for, or every one that both tables hold; raises when there is none."""
    if columns:
        return list(columns)
    names = [
        name
        for name, spread in evaluation.by_name.items()
        if not numeric or spread.is_numeric or name not in reference.by_name
    ]
    if not names:
        raise CannotMeasure("No column of the evaluation table can be compared with the reference.")
    return names


def binned(name: str, evaluation: ColumnValues, reference: ColumnValues, min_rows: int) -> Binned:
    """Count a column of both tables in the bins that the reference sets."""
    now, then = _pair(name, evaluation, reference, min_rows)
    if then.is_numeric:
        edges = _beside(then).edges
        return Binned(_in_bins(now.numbers, edges), _in_bins(then.numbers, edges), _rounding(now, then))
    if now.texts is None or then.texts is None:
        raise CannotMeasure(f'Column "{name}" has more than 1,000 different texts; declare it as id or drop it.')
    held = folded(now.texts, then.texts) if then.inside is not None else now.texts
    bins = sorted({*held, *then.texts})
    current, past = ([texts.get(text, 0) for text in bins] for texts in (held, then.texts))
    return Binned(np.array(current, np.int64), np.array(past, np.int64), "")


def stability_index(current: NDArray[np.int64], reference: NDArray[np.int64]) -> float:
    """The population stability index of two sets of counts; with draws, along the last axis."""
    return float(_indices(current[None], reference[None])[0])


def stability_interval(bins: Binned) -> tuple[float | None, float | None]:
    """A percentile interval from 2,000 multinomial draws of both tables over the bins.

    The seed is fixed: the interval is a function of the counts alone.
    """
    draws = _indices(redrawn_once(bins.current, 0), redrawn_once(bins.reference, 1))
    return percentile(draws, stability_index(bins.current, bins.reference))


def distance(name: str, evaluation: ColumnValues, reference: ColumnValues, min_rows: int) -> Distance:
    """The exact distance of the two step functions, as a fraction of whole counts."""
    now, then = _pair(name, evaluation, reference, min_rows)
    if not now.is_numeric:
        raise CannotMeasure(f'Column "{name}" holds texts; a distance between distributions needs numbers.')
    keys = np.union1d(now.numbers.keys, then.numbers.keys)
    counts = [_aligned(spread.numbers, keys) for spread in (now, then)]
    n, m = (int(column.sum()) for column in counts)
    below = [np.cumsum(column).astype(object) for column in counts]
    value = Fraction(max(abs(a * m - b * n) for a, b in zip(*below, strict=True)), n * m)
    slack = _slack(now, then)
    reach = dkw_reach(n, m) + slack
    return Distance(
        value=value,
        low=max(0.0, float(value) - reach),
        high=min(1.0, float(value) + reach),
        p_value=two_sample_tail(value, n, m),
        n=n,
        note=_rounding(now, then),
    )


def _pair(
    name: str, evaluation: ColumnValues, reference: ColumnValues, min_rows: int
) -> tuple[ValuesOfColumn, ValuesOfColumn]:
    for table, values in (("evaluation", evaluation), ("reference", reference)):
        if name not in values.by_name:
            raise CannotMeasure(f'Column "{name}" is no declared feature of the {table} table.')
        spread = values.by_name[name]
        filled = spread.rows - spread.missing
        if filled < min_rows:
            raise CannotMeasure(
                f'Column "{name}" has {filled} filled rows in the {table} table, {min_rows} are needed.'
            )
    now, then = evaluation.by_name[name], reference.by_name[name]
    if now.is_numeric != then.is_numeric:
        raise CannotMeasure(f'Column "{name}" holds numbers in one table and texts in the other.')
    return now, then


def _beside(spread: ValuesOfColumn) -> SideBySide:
    assert spread.beside is not None  # noqa: S101 -- a numeric column with filled rows was laid out
    return spread.beside


def _slack(now: ValuesOfColumn, then: ValuesOfColumn) -> float:
    """How far a share of rows up to a value may be off: inside one step the functions may cross unseen."""
    return max(_beside(spread).widest / spread.numbers.total for spread in (now, then))


def _rounding(now: ValuesOfColumn, then: ValuesOfColumn) -> str:
    slack = _slack(now, then)
    why = "more than 2**20 distinct values, rounded" if then.inside is None else "against a stored profile"
    return f"{why}; off by at most {figure(slack)}" if slack else ""


def _in_bins(table: ValueTable, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    places = np.searchsorted(edges, table.values(), side="left")
    return np.bincount(places, weights=table.counts[:, 0], minlength=len(edges) + 1).astype(np.int64)


def _aligned(table: ValueTable, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    counts = np.zeros(len(keys), np.int64)
    counts[np.searchsorted(keys, table.keys)] = table.counts[:, 0]
    return counts


def _indices(current: NDArray[np.int64], reference: NDArray[np.int64]) -> NDArray[np.float64]:
    shares = []
    for counts in (current, reference):
        share = counts / counts.sum(axis=1, keepdims=True)
        shares.append(np.where(share == 0, _EMPTY_SHARE, share))
    now, then = shares
    return np.asarray(((now - then) * np.log(now / then)).sum(axis=1))


__all__ = [
    "Binned",
    "Distance",
    "binned",
    "columns_to_compare",
    "distance",
    "stability_index",
    "stability_interval",
]
