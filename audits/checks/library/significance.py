"""Which features moved by more than chance, and by more than a trifle?"""

from __future__ import annotations

from audits.checks import AlignedValues, CannotMeasure, ColumnValues, Finding, Report, Severity, check
from audits.checks.divergence import chi_square_p_value, cramers_v, redrawn_interval
from audits.checks.drift import binned, columns_to_compare
from audits.checks.figures import Figure
from audits.checks.limits import exactly
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure, some
from audits.checks.statistics.tails import adjusted

_NAME = "drift.significance"


@check(_NAME, version=1, needs=ColumnValues, keeps=AlignedValues, tables=("evaluation", "reference"))
def significance(
    evaluation: AlignedValues,
    reference: AlignedValues,
    *,
    columns: tuple[str, ...] = (),
    max_association: Share = 0.1,
    false_discovery_rate: Share = 0.05,
    max_new_share: Share | None = 0.01,
    max_missing_change: Share | None = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Chi-square test of every feature with its size, categories that are new or gone, and missing cells.

    A feature becomes a finding when it moved by more than chance *and* by more than a trifle: its p-value,
    corrected for the number of features that are compared (Benjamini, Hochberg), is within the false discovery
    rate, and Cramer's V is above its limit. Bins are those of drift.population_stability; counts are exact up to
    1,048,576 distinct numbers of a column in each table.

    Parameters
    ----------
    evaluation : AlignedValues
        Values and counts of the features now.
    reference : AlignedValues
        Values and counts of the features in the reference.
    columns : list of str, default=[]
        Columns to compare; an empty list compares every feature.
    max_association : float in [0, 1], default=0.1
        Associations above this, if significant, become a finding for that column.
    false_discovery_rate : float in [0, 1], default=0.05
        Expected share of false alarms among the features called significant.
    max_new_share : float in [0, 1] or None, default=0.01
        A larger share of rows now in categories that the reference lacks becomes a finding; None sets no limit.
    max_missing_change : float in [0, 1] or None, default=0.05
        A larger change of the share of missing cells becomes a finding; None sets no limit.
    min_rows : int, default=100
        Fewest filled rows that a column must have in each table.

    Formula
    -------
    Cramer's V = square root of chi-square / n, chi-square over bins of both tables, n the rows of both

    Measures
    --------
    cramers_v : float in [0, 1], unit 1, ideal 0, by column, with a bootstrap interval.
    p_value : float in [0, 1], unit 1, by column, of Pearson's chi-square test.
    adjusted_p_value : float in [0, 1], unit 1, by column, corrected for the number of columns.
    new_share : float in [0, 1], unit 1, ideal 0, by text column; rows now in categories without a reference.
    gone_share : float in [0, 1], unit 1, ideal 0, by text column; reference rows in categories that are gone.
    missing_change : float in [0, 1], unit 1, ideal 0, by column; absolute change of the share of missing cells.

    Cannot measure
    --------------
    A column that is absent from either table, holds too few filled rows or more than 1,000 different texts,
    or has numbers in one table and texts in the other (unless another one is a finding already).

    Source
    ------
    scipy.stats.chi2_contingency; Cramer (1946), Mathematical Methods of Statistics, ISBN 0-691-08004-6;
    Benjamini, Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; scipy.stats.false_discovery_control.

    Example
    -------
    | town (feature) | in (table) | rows |
    |---|---|---|
    | Bonn | evaluation | 60 |
    | Ulm | evaluation | 40 |
    | Bonn | reference | 50 |
    | Ulm | reference | 50 |

    - `cramers_v` of town: 200 (60 * 50 - 40 * 50)^2 / (100 * 100 * 110 * 90) = 2.02; sqrt(2.02/200) = 0.1005
    """
    figures: list[Figure] = []
    tested: list[tuple[str, float, float]] = []
    obstacles: list[str] = []
    for name in columns_to_compare(evaluation, reference, columns):
        try:
            bins = binned(name, evaluation, reference, min_rows)
        except CannotMeasure as refusal:
            obstacles.append(refusal.sentence)
            continue
        value, n = float(cramers_v(bins.current, bins.reference)), int(bins.current.sum())
        low, high = redrawn_interval(bins, cramers_v)
        figures.append(Figure("cramers_v", value, low, high, n, max_association, ideal=0.0, group=name, note=bins.note))
        tested.append((name, value, chi_square_p_value(bins)))
        now, then = evaluation.by_name[name], reference.by_name[name]
        if not now.is_numeric:
            fresh = bins.current[bins.reference == 0].sum() / n
            gone = bins.reference[bins.current == 0].sum() / bins.reference.sum()
            figures.append(Figure("new_share", float(fresh), n=n, limit=max_new_share, ideal=0.0, group=name))
            figures.append(Figure("gone_share", float(gone), n=n, ideal=0.0, group=name))
        change = abs(now.missing / now.rows - then.missing / then.rows)
        figures.append(Figure("missing_change", change, n=now.rows, limit=max_missing_change, ideal=0.0, group=name))
    findings = []
    for (name, value, p_value), corrected in zip(tested, adjusted([p for _, _, p in tested]), strict=True):
        figures.append(Figure("p_value", p_value, group=name))
        figures.append(Figure("adjusted_p_value", corrected, group=name))
        if corrected <= false_discovery_rate and value > exactly(max_association):
            sentence = (
                f'"{name}" moved: Cramer\'s V {figure(value)}, above the limit {figure(max_association)}, with an '
                f"adjusted p-value of {figure(corrected)}."
            )
            findings.append(Finding(f"{_NAME}/{name}", Severity.MEDIUM, sentence, "cramers_v"))
    for one in figures:
        ruling = None if one.name == "cramers_v" else one.ruling("estimate")
        if ruling is not None and ruling.beyond:
            sentence = f"The {one.said} is {figure(ruling.value)}, above the limit {figure(one.limit)}."
            findings.append(Finding(f"{_NAME}/{one.group}/{one.name}", Severity.MEDIUM, sentence, one.name))
    measured = tuple(one.measurement() for one in figures)
    if obstacles and not findings:
        raise CannotMeasure(some(obstacles), Report(measured))
    return Report(measured, tuple(findings), tuple(obstacles))
