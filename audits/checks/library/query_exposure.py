"""Among the answers to the same query, is every group seen as much as the others?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np

from audits.checks import RankedGroups, Report, check
from audits.checks.gaps import gap_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.scored import sorted_groups
from audits.checks.statistics import GroupRate, ScoredGroup, ScoredGroups
from audits.checks.statistics.intervals import two_sided
from audits.checks.statistics.rankings import Rankings, discounts
from audits.checks.statistics.rates import Named

_NAME = "fairness.query_exposure"


@dataclass
class _Seen:
    """Of a group, over queries with another one beside it: rows, queries, exposure, and sums of products by query."""

    rows: int = 0
    queries: int = 0
    exposure: float = 0.0
    exposure_2: float = 0.0
    exposure_rows: float = 0.0
    rows_2: int = 0


class QueryExposures(ScoredGroups[_Seen]):
    """How much the rows of each group are seen, as a part of what a row of their query is seen on average."""

    made_of: ClassVar[type[Any]] = RankedGroups

    @classmethod
    def kept(cls, ranked: Any, parameters: Mapping[str, Any]) -> Self:
        named = parameters.get("attribute")
        names = [named] if named is not None else [column.name for column in ranked.roles.sensitive]
        found = {
            name: ([_Seen() for _ in groups], belongs, groups)
            for name in names
            for belongs, groups in [ranked.by_group(name)]
        }
        rows = {name: np.zeros(len(seen), np.int64) for name, (seen, _, _) in found.items()}
        for part in ranked.in_order():
            exposure = _relative_exposure(part)
            for name, (seen, belongs, _) in found.items():
                of_rows = belongs[part.values]
                rows[name] += np.bincount(of_rows, minlength=len(seen))
                _take(seen, part, of_rows, exposure)
        by_attribute = {
            name: tuple(
                ScoredGroup(group, 0, 0, int(n), one) for group, n, one in zip(groups, rows[name], seen, strict=True)
            )
            for name, (seen, _, groups) in found.items()
        }
        everybody = ScoredGroup("everybody", 0, 0, ranked.n_rows, _Seen())
        return cls(str(ranked.roles.score), None, 0, 0.0, everybody, by_attribute)

    @staticmethod
    def written(sums: _Seen) -> list[Any]:
        return list(vars(sums).values())

    @staticmethod
    def read(written: Sequence[Any]) -> _Seen:
        return _Seen(*written)


@check(_NAME, version=1, needs=RankedGroups, keeps=QueryExposures)
def query_exposure(
    groups: QueryExposures,
    *,
    attribute: str | None = None,
    min_ratio: Share | None = 0.8,
    min_queries: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Mean exposure of each group within its queries, the lowest over the highest.

    The rows of a query are ranked by score, the best for the favourable class first; no labels are needed. A row on
    rank r has the exposure 1 / log2(1 + r), divided by the mean of its query: 1 is as much as the others there, however
    long the list. Ties count as if their rows were in random order. Queries where only one group of an attribute stands
    tell nothing and are left out for it. Intervals hold for all pairs of groups (Bonferroni), are normal, and take the
    rows of one query as depending on each other. Memory grows with the rows, about 50 bytes each.

    Parameters
    ----------
    groups : QueryExposures
        Rows, queries and sums of exposure of each group.
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    min_ratio : float in [0, 1] or None, default=0.8
        A lowest mean exposure over the highest one below this becomes a finding; None sets no limit.
    min_queries : int, default=30
        Fewest queries in which a group must stand beside another one.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name; they keep their ranks.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the ratio, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    mean over the rows of a group of 1 / log2(1 + rank) over the mean of the same in the query; the lowest over the
    highest

    Measures
    --------
    query_exposure : float, at least 0, unit 1, ideal 1, by group.
    query_exposure_ratio : float in [0, 1], unit 1, ideal 1, by attribute.

    Cannot measure
    --------------
    Rows without query or score, fewer than two groups, or a group in too few queries (unless the others are already
    below the limit).

    Source
    ------
    Singh, Joachims (2018), Fairness of Exposure in Rankings, doi:10.1145/3219819.3220088, section 3; Cochran (1977),
    Sampling Techniques, section 6.3, for the variance of a ratio over clusters.

    Example
    -------
    | question (query) | sex (sensitive) | score (score) | rows |
    |---|---|---|---|
    | a | Male | 2 | 1 |
    | a | Female | 1 | 1 |
    | b | Male | 3 | 1 |
    | b | Female | 2 | 1 |
    | c | Male | 1 | 5 |

    - `query_exposure` of sex/Male: 1 / ((1 + 0.6309) / 2) = 1.226
    - `query_exposure` of sex/Female: 0.6309 / ((1 + 0.6309) / 2) = 0.7737
    - `query_exposure_ratio` of sex: 0.6309 / 1 = 0.6309
    """
    notes = []
    for name, of in groups.by_attribute.items():
        alone = sum(group.rows - group.sums.rows for group in of)
        if alone:
            notes.append(
                f"{alone} of {groups.n_rows} rows stand in queries with one group of {name}; they are left out."
            )

    def enough(group: ScoredGroup[_Seen]) -> bool:
        return group.sums.queries >= min_queries

    def exposure(group: ScoredGroup[_Seen], level: float) -> GroupRate:
        seen = group.sums
        if not seen.rows:
            return GroupRate(group.group, 0, None, None, None)
        value = seen.exposure / seen.rows
        spread = max(0.0, seen.exposure_2 - 2 * value * seen.exposure_rows + value**2 * seen.rows_2)
        error = math.sqrt(spread * seen.queries / max(1, seen.queries - 1)) / seen.rows
        reach = two_sided(level) * error
        return GroupRate(group.group, seen.rows, Fraction(value), max(0.0, value - reach), value + reach)

    named = Named("query_exposure", "mean exposure within the query")
    return gap_report(
        {name: [of.figures(named, exposure)] for name, of in sorted_groups(groups, enough, leave_out).items()},
        check=_NAME,
        ratio=("query_exposure_ratio", min_ratio),
        decide_on=decide_on,
        notes=notes,
    )


def _relative_exposure(part: Rankings) -> np.ndarray:
    """The exposure of each row over the mean of its query, shape (n_rows,)."""
    up_to = np.append(0.0, np.cumsum(discounts(int(part.sizes.max()))))
    begins, ends = part.ranks_of_ties()
    exposure = np.repeat((up_to[ends] - up_to[begins]) / (ends - begins), part.tied)
    return exposure / np.repeat(up_to[part.sizes] / part.sizes, part.sizes)


def _take(seen: list[_Seen], part: Rankings, groups: np.ndarray, exposure: np.ndarray) -> None:
    """Add what each query tells of each group, where it has several."""
    mixed = np.minimum.reduceat(groups, part.starts) != np.maximum.reduceat(groups, part.starts)
    rows = np.flatnonzero(np.repeat(mixed, part.sizes))
    queries = np.repeat(np.arange(len(part.starts)), part.sizes)[rows]
    pairs, place = np.unique(queries * len(seen) + groups[rows], return_inverse=True)
    n, total = np.bincount(place, minlength=len(pairs)), np.bincount(place, exposure[rows], len(pairs))
    of = pairs % len(seen)
    sums = [np.bincount(of, figures, len(seen)) for figures in (n, np.ones(len(n)), total, total**2, total * n, n**2)]
    for one, (rows_of, queries_of, exposures, squares, crossed, rows_2) in zip(
        seen, zip(*sums, strict=True), strict=True
    ):
        one.rows += int(rows_of)
        one.queries += int(queries_of)
        one.exposure += float(exposures)
        one.exposure_2 += float(squares)
        one.exposure_rows += float(crossed)
        one.rows_2 += int(rows_2)
