"""Which numeric features moved, in the tails or in the middle?"""

from __future__ import annotations

from audits.checks import CannotMeasure, Finding, RankDistances, Report, Severity, check
from audits.checks.figures import Figure
from audits.checks.limits import exactly
from audits.checks.parameters import Amount, Count, Share
from audits.checks.sentences import figure, some
from audits.checks.statistics.tails import adjusted

_NAME = "drift.anderson_darling"


@check(_NAME, version=1, needs=RankDistances, tables=("evaluation", "reference"))
def anderson_darling(
    evaluation: RankDistances,
    reference: RankDistances,
    *,
    columns: tuple[str, ...] = (),
    max_distance: Amount = 0.15,
    false_discovery_rate: Share = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Anderson-Darling test of every numeric feature, with a distance that says how far it moved.

    The distance is the root of the squared difference of the two distribution functions, weighted up in both tails
    and averaged over all rows: 0 for equal tables, 0.17 for bell curves a quarter of a standard deviation apart, and
    1.24 for two tables of equal size that do not overlap. A feature moved when it is above its limit *and* the
    test, corrected for the number of features, is significant.

    Parameters
    ----------
    evaluation : RankDistances
        Statistics of the features that both tables hold.
    reference : RankDistances
        The same ones.
    columns : list of str, default=[]
        Features to compare; an empty list compares every numeric feature.
    max_distance : float, at least 0, default=0.15
        Distances above this, if significant, become a finding for that feature.
    false_discovery_rate : float in [0, 1], default=0.05
        Expected share of false alarms among the features called significant.
    min_rows : int, default=100
        Fewest numbers that a feature must have in each table.

    Formula
    -------
    root of the mean over all rows of (F - G)^2 / (H (1 - H)), H the distribution function of both tables

    Measures
    --------
    anderson_darling_distance : float, at least 0, unit 1, ideal 0, by feature.
    anderson_darling : float, unit 1, by feature; the statistic with midranks. Exact up to 1,048,576 distinct
        numbers in each table, beyond that the note says so.
    p_value : float in [0, 1], unit 1, by feature, for many rows.
    adjusted_p_value : float in [0, 1], unit 1, by feature, corrected for the number of features.

    Cannot measure
    --------------
    A feature that is no number in one of the tables or has too few of them (unless another one is found to have
    moved).

    Source
    ------
    Scholz, Stephens (1987), doi:10.1080/01621459.1987.10478517, and scipy.stats.anderson_ksamp for the statistic;
    Marsaglia, Marsaglia (2004), doi:10.18637/jss.v009.i02, for the p-value; scipy.stats.false_discovery_control.

    Example
    -------
    | x (feature) | in (table) | rows |
    |---|---|---|
    | 1 | evaluation | 3 |
    | 2 | evaluation | 1 |
    | 1 | reference | 1 |
    | 2 | reference | 3 |

    - `anderson_darling_distance` of x: a tie counts half, so F is 3/8 and G is 1/8 at 1, 7/8 and 5/8 at 2, H is 1/4 and
      3/4; for such ties a quarter of their share, (1/2) / 4, is taken off H (1 - H) and the mean is multiplied by
      (N - 1) / N; sqrt(7/8 * (1/4)^2 / (3/16 - 1/8)) = 0.9354
    - `anderson_darling` of x: 7/8 * 4 * 4 / 8 = 1.75
    """
    names = list(columns) or sorted({*evaluation.found})
    obstacles = []
    compared = []
    for name in names:
        found = evaluation.found.get(name)
        if found is None or min(found.n, found.m) < min_rows:
            obstacles.append(f'Feature "{name}" has fewer than {min_rows} numbers in a table.')
        else:
            compared.append((name, found))
    p_values = [found.p_value for _, found in compared]
    figures, findings = [], []
    for (name, found), corrected in zip(compared, adjusted(p_values), strict=True):
        note = "" if found.is_exact else "more than 2**20 distinct values, rounded"
        distance, n = found.distance, found.n
        figures += [
            Figure("anderson_darling_distance", distance, n=n, limit=max_distance, ideal=0.0, group=name, note=note),
            Figure("anderson_darling", found.statistic, n=n, group=name),
            Figure("p_value", found.p_value, n=n, group=name),
            Figure("adjusted_p_value", corrected, n=n, group=name),
        ]
        if distance > exactly(max_distance) and corrected <= false_discovery_rate:
            sentence = (
                f'"{name}" moved: a distance of {figure(distance)}, above the limit {figure(max_distance)}, with an '
                f"adjusted p-value of {figure(corrected)}."
            )
            findings.append(Finding(f"{_NAME}/{name}", Severity.MEDIUM, sentence, "anderson_darling_distance"))
    measured = tuple(one.measurement() for one in figures)
    if (obstacles or not compared) and not findings:
        raise CannotMeasure(some(obstacles) or "No numeric feature stands in both tables.", Report(measured))
    return Report(measured, tuple(findings), tuple(obstacles))
