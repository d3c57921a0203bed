"""How good is the ranking of each query, and how are these figures spread over the queries?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure
from audits.checks.statistics.ranked_rows import RankedRows
from audits.checks.statistics.rankings import Numbers, Places, Rankings, discounts
from audits.checks.statistics.spread import Spread


@dataclass(frozen=True)
class QueryFigures:
    """Discounted gain and average precision over queries, made of RankedRows: a few hundred numbers for any table.

    Of `queries`, `alone` have a single row, whose order says nothing. Among the others `gainless` have no row with a
    grade above 0 and no gain, and `irrelevant` none that is relevant and no average precision; `all_relevant` have
    nothing else. `over_random` is the gain less that of a random order of the same rows.
    """

    made_of: ClassVar[type[Any]] = RankedRows
    reads: ClassVar[tuple[str, ...]] = ("gain", "top", "relevant_from")

    rows: int
    queries: int
    alone: int
    gainless: int
    irrelevant: int
    all_relevant: int
    gain: Spread
    over_random: Spread
    precision: Spread
    seed: int

    @classmethod
    def kept(cls, ranked: RankedRows, parameters: Mapping[str, Any]) -> Self:
        of_queries = [_figures(rankings, **{n: parameters[n] for n in cls.reads}) for rankings in ranked.in_order()]
        sizes, gain, random, precision, relevant = (np.concatenate(parts) for parts in zip(*of_queries, strict=True))
        several = sizes > 1
        gained, found = several & ~np.isnan(gain), several & (relevant > 0)
        return cls(
            rows=ranked.n_rows,
            queries=len(sizes),
            alone=int(np.count_nonzero(~several)),
            gainless=int(np.count_nonzero(several & ~gained)),
            irrelevant=int(np.count_nonzero(several & ~found)),
            all_relevant=int(np.count_nonzero(several & (relevant == sizes))),
            gain=Spread.of(gain[gained]),
            over_random=Spread.of((gain - random)[gained]),
            precision=Spread.of(precision[found]),
            seed=ranked.seed,
        )

    @property
    def n_rows(self) -> int:
        return self.rows

    @property
    def ranked(self) -> int:
        """Queries with more than one row."""
        return self.queries - self.alone

    def to_document(self) -> dict[str, Any]:
        return {n: value.to_document() if isinstance(value, Spread) else value for n, value in vars(self).items()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        values: dict[str, Any] = {
            name: Spread.from_document(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**values)


def _figures(
    rankings: Rankings, *, gain: str, top: int | None, relevant_from: float
) -> tuple[Places, Numbers, Numbers, Numbers, Places]:
    """Of each query: its rows, its gain, that of a random order, its average precision and its relevant rows."""
    gains = _gains(rankings, _gain_of(rankings.values, gain), top)
    return rankings.sizes, *gains, *_precisions(rankings, rankings.values >= relevant_from)


def _gain_of(grades: Numbers, kind: str) -> Numbers:
    with np.errstate(over="ignore"):
        gains = np.exp2(grades) - 1 if kind == "exponential" else grades
        if not np.isfinite(gains.sum()):
            raise CannotMeasure(f"The {kind} gain of grades up to {grades.max():g} is too large; use smaller grades.")
    return gains


def _gains(rankings: Rankings, gains: Numbers, top: int | None) -> tuple[Numbers, Numbers]:
    """Discounted gain of each query over the best possible one, and that of a random order; NaN without any gain.

    Tied rows take the mean of their gains on each of their ranks, so that a random order is one where all rows tie.
    """
    starts, sizes = rankings.starts, rankings.sizes
    worth = discounts(int(sizes.max()))
    if top is not None:
        worth[top:] = 0
    up_to = np.append(0.0, np.cumsum(worth))
    ties = rankings.ties
    begins, ends = rankings.ranks_of_ties()
    mean = np.add.reduceat(gains, ties) / (ends - begins)
    gained = np.add.reduceat(mean * (up_to[ends] - up_to[begins]), np.searchsorted(ties, starts))
    best_first = gains[np.lexsort((-gains, np.repeat(np.arange(len(starts), dtype=np.int32), sizes)))]
    best_first *= worth[np.arange(len(gains)) - np.repeat(starts, sizes)]
    best = np.add.reduceat(best_first, starts)
    random = np.add.reduceat(gains, starts) / sizes * up_to[sizes]
    # Rounding must not lift a perfect order above 1.
    return np.minimum(_over(gained, best), 1.0), np.minimum(_over(random, best), 1.0)


def _precisions(rankings: Rankings, relevant: NDArray[np.bool_]) -> tuple[Numbers, Places]:
    """Average precision of each query, tied rows taken together, and how many of its rows are relevant."""
    ties = rankings.ties
    _, ends = rankings.ranks_of_ties()
    found = np.add.reduceat(relevant.astype(np.int64), ties)
    first = np.searchsorted(ties, rankings.starts)
    in_all = np.add.reduceat(found, first)
    before = np.repeat(np.cumsum(in_all) - in_all, np.diff(first, append=len(ties)))
    precision = (np.cumsum(found) - before) / ends
    return _over(np.add.reduceat(found * precision, first), in_all), in_all


def _over(part: NDArray[Any], whole: NDArray[Any]) -> Numbers:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
