"""Does every query find the rows that answer it first?"""

from __future__ import annotations

from typing import Annotated, Literal

from audits.checks import CannotMeasure, QueryFigures, RankedRows, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Between, Count, DecideOnEvidence, Share
from audits.checks.statistics.intervals import wilson

_NAME = "performance.ranking_by_query"


@check(_NAME, version=1, needs=RankedRows, keeps=QueryFigures)
def ranking_by_query(
    queries: QueryFigures,
    *,
    gain: Literal["linear", "exponential"] = "linear",
    top: Count | None = None,
    relevant_from: Amount = 1.0,
    min_discounted_gain: Share | None = None,
    min_over_random: Annotated[float, Between(-1, 1)] | None = 0.0,
    min_average_precision: Share | None = None,
    max_irrelevant: Share | None = None,
    min_queries: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Normalised discounted cumulative gain and average precision of each query, as means over the queries.

    The rows of a query are ranked by score, best first. The grade of a row is 1 for the favourable class of a binary
    task and 0 for the other, and the label of a regression, 0 or more. Queries with one row have no order and are left
    out; those without any row with a grade above 0 have no gain, those without a relevant one no average precision.
    They are counted and left out of these means, where scikit-learn counts them as 0. Rows count once, whatever they
    weigh, and every query as much as another. Intervals draw the queries again 2,000 times: rows of one query depend
    on each other. Memory grows with the rows, about 50 bytes each.

    Parameters
    ----------
    queries : QueryFigures
        Gain and precision of each query, as their spread over the queries.
    gain : {"linear", "exponential"}, default="linear"
        What a row with a grade g adds: g, or 2^g - 1.
    top : int or None, default=None
        Ranks that add to the gain; None for all of them. Average precision is over all ranks.
    relevant_from : float, at least 0, default=1.0
        Rows with this grade or a higher one are relevant to average precision.
    min_discounted_gain : float in [0, 1] or None, default=None
        A mean gain below this becomes a finding; None sets no limit.
    min_over_random : float in [-1, 1] or None, default=0.0
        A mean gain less than this above that of a random order becomes a finding; None sets no limit.
    min_average_precision : float in [0, 1] or None, default=None
        A mean average precision below this becomes a finding; None sets no limit.
    max_irrelevant : float in [0, 1] or None, default=None
        A larger share of queries without a relevant row becomes a finding; None sets no limit.
    min_queries : int, default=30
        Fewest queries that a mean must rest on.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    sum over ranks r of gain / log2(1 + r), over the same sum in the best order; tied rows take the mean of their gains

    Measures
    --------
    discounted_gain : float in [0, 1], unit 1, ideal 1; the mean over queries with a grade above 0.
    over_random : float in [-1, 1], unit 1; the mean of the gain less that of a random order of the same rows.
    average_precision : float in [0, 1], unit 1, ideal 1; the mean over queries with a relevant row, tied rows taken
        together.
    irrelevant : float in [0, 1], unit 1; the share of queries with several rows and none that is relevant, with
        Wilson's interval.

    Cannot measure
    --------------
    Rows without query, score or label, a grade below 0, or too few queries that a mean can be taken over.

    Source
    ------
    Järvelin, Kekäläinen (2002), Cumulated Gain-Based Evaluation of IR Techniques, doi:10.1145/582415.582418; McSherry,
    Najork (2008), doi:10.1007/978-3-540-78646-7_38, for ties; sklearn.metrics ndcg_score, average_precision_score.

    Example
    -------
    | question (query) | score (score) | truth (label) | rows |
    |---|---|---|---|
    | a | 3 | 1 | 1 |
    | a | 2 | 0 | 1 |
    | a | 1 | 1 | 1 |
    | b | 2 | 0 | 1 |
    | b | 1 | 1 | 1 |
    | c | 2 | 0 | 1 |
    | c | 1 | 0 | 1 |

    - `discounted_gain`: a (1 + 1/2) / (1 + 0.6309) = 0.9197, b 0.6309 / 1; their mean = 0.7753
    - `average_precision`: a (1/1 + 2/3) / 2 = 0.8333, b 1/2; their mean = 0.6667
    - `irrelevant`: 1/3 = 0.3333
    """
    if queries.gain.n < min_queries or queries.precision.n < min_queries:
        raise CannotMeasure(
            f"{queries.gain.n} of {queries.queries} queries have several rows and a grade above 0, and "
            f"{queries.precision.n} a relevant row; {min_queries} are needed."
        )
    irrelevant, ranked = queries.irrelevant, queries.ranked
    figures = [
        Figure(
            name,
            spread.mean,
            *spread.interval(queries.seed),
            spread.n,
            limit,
            at_least=True,
            ideal=None if name == "over_random" else 1.0,
        )
        for name, spread, limit in (
            ("discounted_gain", queries.gain, min_discounted_gain),
            ("over_random", queries.over_random, min_over_random),
            ("average_precision", queries.precision, min_average_precision),
        )
    ]
    figures.append(Figure("irrelevant", irrelevant / ranked, *wilson(irrelevant, ranked), ranked, max_irrelevant))
    left_out = (
        (queries.alone, "have a single row and no order; they are left out."),
        (queries.gainless, "have no grade above 0 and no gain; they are left out of its mean."),
        (irrelevant, "have no relevant row and no average precision; they are left out of its mean."),
        (queries.all_relevant, "have relevant rows alone, so that their average precision is 1 in any order."),
    )
    notes = [f"{n} of {queries.queries} queries {why}" for n, why in left_out if n]
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on, notes=notes)
