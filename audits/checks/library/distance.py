"""How far did each feature move, as a distance between distributions?"""

from __future__ import annotations

from audits.checks import AlignedAreas, CannotMeasure, ColumnValues, Report, Severity, check
from audits.checks.divergence import hellinger, jensen_shannon, redrawn_interval
from audits.checks.drift import binned, columns_to_compare
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Count, DecideOnEvidence, Share
from audits.checks.statistics.side_by_side import SideBySide

_NAME = "drift.distance"


@check(_NAME, version=1, needs=ColumnValues, keeps=AlignedAreas, tables=("evaluation", "reference"))
def distance(
    evaluation: AlignedAreas,
    reference: AlignedAreas,
    *,
    columns: tuple[str, ...] = (),
    max_jensen_shannon: Share | None = 0.1,
    max_hellinger: Share | None = None,
    max_wasserstein: Amount | None = None,
    min_rows: Count = 100,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Jensen-Shannon, Hellinger and Wasserstein distance of every feature between the reference and now.

    The first two compare counts in bins: numbers between the deciles of the reference, each text by itself.
    The Wasserstein distance takes all numbers, while the table is read, in units of the standard deviation of
    the reference; what is stored is that one figure, which cannot be worked out again from the bins. All are
    exact up to 1,048,576 distinct numbers of a column in each table; a note says otherwise.

    Parameters
    ----------
    evaluation : AlignedAreas
        Values and counts of the features now.
    reference : AlignedAreas
        Values and counts of the features in the reference.
    columns : list of str, default=[]
        Columns to compare; an empty list compares every feature.
    max_jensen_shannon : float in [0, 1] or None, default=0.1
        Jensen-Shannon distances above this become a finding for that column; None sets no limit.
    max_hellinger : float in [0, 1] or None, default=None
        Hellinger distances above this become a finding for that column; None sets no limit.
    max_wasserstein : float, at least 0, or None, default=None
        Wasserstein distances above this, in standard deviations of the reference, become a finding for that
        column; None sets no limit. It has no interval, so that its estimate decides.
    min_rows : int, default=100
        Fewest filled rows that a column must have in each table.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the first two limits; with "interval" a limit inside
        it is inconclusive.

    Formula
    -------
    root of (KL(p, m) + KL(q, m)) / 2, m = (p + q) / 2, to base 2; root of sum (root p - root q)^2 / 2; integral of
    |F - G| / standard deviation of the reference

    Measures
    --------
    jensen_shannon : float in [0, 1], unit 1, ideal 0, by column; base 2, with a bootstrap interval.
    hellinger : float in [0, 1], unit 1, ideal 0, by column, with a bootstrap interval.
    wasserstein : float, at least 0, unit standard deviations, ideal 0, by numeric column.

    Cannot measure
    --------------
    A column that is absent from either table, holds too few filled rows or more than 1,000 different texts,
    or has numbers in one table and texts in the other (unless another one already exceeds its limit).

    Source
    ------
    scipy.spatial.distance.jensenshannon; scipy.stats.wasserstein_distance; Endres, Schindelin (2003),
    doi:10.1109/TIT.2003.813506.

    Example
    -------
    | x (feature) | in (table) | rows |
    |---|---|---|
    | 1 | evaluation | 1 |
    | 3 | evaluation | 3 |
    | 1 | reference | 3 |
    | 3 | reference | 1 |

    - `jensen_shannon` of x: m is 1/2 and either KL the same; sqrt(1/4 log2(1/2) + 3/4 log2(3/2)) = 0.4344
    - `hellinger` of x: sqrt(((sqrt(1/4) - sqrt(3/4))^2 + (sqrt(3/4) - sqrt(1/4))^2) / 2) = 0.366
    - `wasserstein` of x: |1/4 - 3/4| * (3 - 1) = 1; the deviation: sqrt(3/4 (1 - 1.5)^2 + 1/4 (3 - 1.5)^2) = 0.866;
      1/0.866 = 1.155
    """
    figures: list[Figure] = []
    sizes: list[Figure] = []
    obstacles: list[str] = []
    for name in columns_to_compare(evaluation, reference, columns):
        try:
            bins = binned(name, evaluation, reference, min_rows)
        except CannotMeasure as refusal:
            obstacles.append(refusal.sentence)
            continue
        n = int(bins.current.sum())
        for what, measure, limit in (
            ("jensen_shannon", jensen_shannon, max_jensen_shannon),
            ("hellinger", hellinger, max_hellinger),
        ):
            low, high = redrawn_interval(bins, measure)
            value = float(measure(bins.current, bins.reference))
            figures.append(Figure(what, value, low, high, n, limit, ideal=0.0, group=name, note=bins.note))
        beside = reference.by_name[name].beside
        if beside is not None:
            sizes.append(
                Figure(
                    "wasserstein",
                    _in_deviations(beside),
                    n=n,
                    limit=max_wasserstein,
                    ideal=0.0,
                    group=name,
                    unit="standard deviations",
                    note=bins.note,
                    estimate_only=True,
                )
            )
    return held(_NAME, [*figures, *sizes], severity=Severity.MEDIUM, decide_on=decide_on, obstacles=obstacles)


def _in_deviations(beside: SideBySide) -> float | None:
    """The Wasserstein distance in standard deviations of the reference; a constant one has none to measure in."""
    if beside.wasserstein == 0:
        return 0.0
    return beside.wasserstein / beside.deviation if beside.wasserstein is not None and beside.deviation else None
