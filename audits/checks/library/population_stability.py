"""Did the spread of the features shift between the reference and now?"""

from __future__ import annotations

from audits.checks import AlignedValues, CannotMeasure, ColumnValues, Finding, Measurement, Report, Severity, check
from audits.checks.drift import Binned, binned, columns_to_compare, stability_index, stability_interval
from audits.checks.parameters import Amount, Count
from audits.checks.sentences import figure

_NAME = "drift.population_stability"


@check(_NAME, version=1, needs=ColumnValues, keeps=AlignedValues, tables=("evaluation", "reference"))
def population_stability(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    columns: tuple[str, ...] = (),
    max_index: Amount = 0.2,
    min_rows: Count = 100,
) -> Report:
    """Population stability index of every feature, against the deciles of the reference.

    Numbers fall into ten bins at the deciles of the reference (linear interpolation, right-closed, the
    outer bins open); texts are their own bins, and missing cells of a text column are one of them. The
    share of an empty bin is set to 0.0001. Deciles and counts are exact up to 1,048,576 distinct numbers
    of a column in each table; beyond that numbers share steps and the note says by how much the share of
    rows up to a decile may be off. The outcome stores the counts between the deciles.

    Parameters
    ----------
    evaluation : AlignedValues
        Values and counts of the features now.
    reference : AlignedValues
        Values and counts of the features in the reference.
    columns : list of str, default=[]
        Columns to compare; an empty list compares every feature.
    max_index : float, at least 0, default=0.2
        Indices above this become a finding for that column.
    min_rows : int, default=100
        Fewest filled rows that a column must have in each table.

    Formula
    -------
    sum over bins of (p - q) ln(p / q), p and q the shares of rows now and in the reference

    Measures
    --------
    population_stability_index : float, at least 0, unit 1, ideal 0, by column, with a bootstrap interval.

    Cannot measure
    --------------
    A column that is absent from either table, holds too few filled rows or more than 1,000 different
    texts, or has numbers in one table and texts in the other (unless another one already exceeds the limit).

    Source
    ------
    Siddiqi (2006), Credit Risk Scorecards, ISBN 978-0-471-75451-0.

    Example
    -------
    | town (feature) | in (table) | rows |
    |---|---|---|
    | Bonn | evaluation | 60 |
    | Ulm | evaluation | 40 |
    | Bonn | reference | 50 |
    | Ulm | reference | 50 |

    - `population_stability_index` of town: 0.1 ln(0.6/0.5) - 0.1 ln(0.4/0.5) = 0.04055
    """
    measured: list[Measurement] = []
    findings: list[Finding] = []
    obstacles: list[str] = []
    for name in columns_to_compare(evaluation, reference, columns):
        try:
            bins = binned(name, evaluation, reference, min_rows)
        except CannotMeasure as refusal:
            obstacles.append(refusal.sentence)
            continue
        index = stability_index(bins.current, bins.reference)
        measured.append(_measured(name, index, bins, max_index))
        if index > max_index:
            findings.append(
                Finding(
                    key=f"{_NAME}/{name}",
                    severity=Severity.MEDIUM,
                    sentence=(
                        f'The spread of "{name}" shifted: population stability index {figure(index)}, '
                        f"above the limit {figure(max_index)}."
                    ),
                    measurement="population_stability_index",
                )
            )
    if obstacles and not findings:
        raise CannotMeasure(" ".join(obstacles), Report(tuple(measured)))
    return Report(tuple(measured), tuple(findings), tuple(obstacles))


def _measured(name: str, index: float, bins: Binned, limit: float) -> Measurement:
    low, high = stability_interval(bins)
    return Measurement(
        "population_stability_index",
        index,
        group=name,
        low=low,
        high=high,
        n=int(bins.current.sum()),
        ideal=0.0,
        limit=limit,
        note=bins.note,
    )
