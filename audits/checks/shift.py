"""Which columns moved by more than chance and by more than a trifle?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audits.checks.base import CannotMeasure, Finding, Report, Severity
from audits.checks.divergence import chi_square_p_value, jensen_shannon, redrawn_interval
from audits.checks.drift import binned, stability_index
from audits.checks.figures import Figure
from audits.checks.limits import exactly
from audits.checks.sentences import figure, some
from audits.checks.statistics.column_values import ColumnValues
from audits.checks.statistics.tails import adjusted


@dataclass(frozen=True)
class Shift:
    """How far one column moved, and how likely that is by chance, corrected for the number of columns."""

    column: str
    distance: float
    low: float | None
    high: float | None
    index: float
    p_value: float
    adjusted: float
    n: int
    note: str

    def moved(self, max_distance: float, false_discovery_rate: float) -> bool:
        return self.adjusted <= false_discovery_rate and self.distance > exactly(max_distance)


def shifts(
    evaluation: ColumnValues, reference: ColumnValues, columns: Sequence[str], min_rows: int
) -> tuple[list[Shift], list[str]]:
    """The shift of each column that can be compared, and why the others cannot.

    Distances are those of Jensen and Shannon over the bins of drift.population_stability, p-values those of Pearson's
    test over the same bins, corrected by Benjamini and Hochberg.
    """
    found, obstacles = [], []
    for name in columns:
        try:
            found.append((name, binned(name, evaluation, reference, min_rows)))
        except CannotMeasure as refusal:
            obstacles.append(refusal.sentence)
    p_values = [chi_square_p_value(bins) for _, bins in found]
    return [
        Shift(
            name,
            float(jensen_shannon(bins.current, bins.reference)),
            *redrawn_interval(bins, jensen_shannon),
            stability_index(bins.current, bins.reference),
            p_value,
            corrected,
            int(bins.current.sum()),
            bins.note,
        )
        for (name, bins), p_value, corrected in zip(found, p_values, adjusted(p_values), strict=True)
    ], obstacles


def shift_report(
    check: str,
    evaluation: ColumnValues,
    reference: ColumnValues,
    columns: Sequence[str],
    *,
    what: str,
    max_distance: float,
    false_discovery_rate: float,
    min_rows: int,
) -> Report:
    """A finding for each column that moved, by size and by significance; inconclusive when one cannot be compared."""
    found, obstacles = shifts(evaluation, reference, columns, min_rows)
    figures, findings = [], []
    for one in found:
        group, n = one.column, one.n
        figures += [
            Figure("jensen_shannon", one.distance, one.low, one.high, n, max_distance, ideal=0.0, group=group),
            Figure("population_stability_index", one.index, n=n, ideal=0.0, group=group, note=one.note),
            Figure("p_value", one.p_value, n=n, group=group),
            Figure("adjusted_p_value", one.adjusted, n=n, group=group),
        ]
        if one.moved(max_distance, false_discovery_rate):
            sentence = (
                f'{what} "{group}" moved: Jensen-Shannon distance {figure(one.distance)}, above the limit '
                f"{figure(max_distance)}, with an adjusted p-value of {figure(one.adjusted)}."
            )
            findings.append(Finding(f"{check}/{group}", Severity.MEDIUM, sentence, "jensen_shannon"))
    measured = tuple(one.measurement() for one in figures)
    if (obstacles or not found) and not findings:
        raise CannotMeasure(some(obstacles) or "There is no column to compare.", Report(measured))
    return Report(measured, tuple(findings), tuple(obstacles))
