"""How far apart are the distributions of a feature in the reference and now?"""

from __future__ import annotations

from audits.checks import AlignedValues, CannotMeasure, ColumnValues, Finding, Measurement, Report, Severity, check
from audits.checks.comparison import decided_value, deciding, exactly
from audits.checks.drift import columns_to_compare, distance
from audits.checks.parameters import Count, DecideOn, Share
from audits.checks.sentences import figure

_NAME = "drift.kolmogorov_smirnov"


@check(_NAME, version=1, needs=ColumnValues, keeps=AlignedValues, tables=("evaluation", "reference"))
def kolmogorov_smirnov(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    columns: tuple[str, ...] = (),
    max_distance: Share = 0.1,
    min_rows: Count = 100,
    decide_on: DecideOn = "estimate",
) -> Report:
    """Largest distance between the two distribution functions of every numeric feature.

    The limit is on the distance, an effect size: with enough rows a p-value rejects any two tables, so it
    stands beside the distance and decides nothing. Exact up to 1,048,576 distinct values of a column in
    each table; beyond that values share steps and the note says how far off the distance may be. The
    outcome stores each column as counts between at most 11 thresholds, among them the value at which
    the distance is reached, so that it is exact again when it is worked out from what is stored.

    Parameters
    ----------
    evaluation : AlignedValues
        Values and counts of the features now.
    reference : AlignedValues
        Values and counts of the features in the reference.
    columns : list of str, default=[]
        Columns to compare; an empty list compares every numeric feature.
    max_distance : float in [0, 1], default=0.1
        Distances above this become a finding for that column.
    min_rows : int, default=100
        Fewest filled rows that a column must have in each table.
    decide_on : {"estimate", "lower", "upper"}, default="estimate"
        Which end of the 95 % interval is held against the limit.

    Formula
    -------
    max over x of |F(x) - G(x)|, F and G the shares of rows up to x now and in the reference

    Measures
    --------
    kolmogorov_smirnov : float in [0, 1], unit 1, ideal 0, by column, with a distribution-free interval.
    p_value : float in [0, 1], unit 1, by column, two-sided.

    Cannot measure
    --------------
    No numeric feature in both tables, or a column with too few filled rows in either (unless another one
    already exceeds the limit).

    Source
    ------
    scipy.stats.ks_2samp for distance and p-value; Massart (1990), doi:10.1214/aop/1176990746, for the
    interval.

    Example
    -------
    | x (feature) | in (table) | rows |
    |---|---|---|
    | 1 | evaluation | 3 |
    | 2 | evaluation | 1 |
    | 1 | reference | 1 |
    | 2 | reference | 3 |

    - `kolmogorov_smirnov` of x: up to 1 stand 3/4 now and 1/4 in the reference = 0.5
    """
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name in columns_to_compare(evaluation, reference, columns, numeric=True):
        try:
            found = distance(name, evaluation, reference, min_rows)
        except CannotMeasure as refusal:
            obstacles.append(refusal.sentence)
            continue
        measured.append(
            Measurement(
                "kolmogorov_smirnov",
                float(found.value),
                group=name,
                low=found.low,
                high=found.high,
                n=found.n,
                ideal=0.0,
                limit=max_distance,
                note=found.note,
            )
        )
        measured.append(Measurement("p_value", found.p_value, group=name, n=found.n))
        value = decided_value(found.value, found.low, found.high, decide_on)
        if value > exactly(max_distance):
            findings.append(
                Finding(
                    key=f"{_NAME}/{name}",
                    severity=Severity.MEDIUM,
                    sentence=(
                        f'The distribution of "{name}" moved: {deciding(decide_on, "distance")} '
                        f"{figure(value)}, above the limit {figure(max_distance)}."
                    ),
                    measurement="kolmogorov_smirnov",
                )
            )
    if obstacles and not findings:
        raise CannotMeasure(" ".join(obstacles), Report(tuple(measured)))
    return Report(tuple(measured), tuple(findings), tuple(obstacles))
