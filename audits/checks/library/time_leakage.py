"""Does the evaluation reach back into the time that the model was trained on, or a row into its own future?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, Report, Severity, Times, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share
from audits.checks.statistics.times import as_iso

_NAME = "data_quality.time_leakage"


@check(_NAME, version=1, needs=Times, tables=("evaluation", "reference"))
def time_leakage(
    evaluation: Times,
    reference: Times,
    *,
    max_overlap: Share = 0.0,
    max_later: Share = 0.0,
    allowed: tuple[str, ...] = (),
) -> Report:
    """Evaluated rows from before the end of the reference, and features that were known only after their row.

    A model that was trained on rows from the same time as those that judge it has seen what was going on then. A
    feature that is a time, typed or as text in ISO 8601, must not be later than the time of its row.

    Parameters
    ----------
    evaluation : Times
        Times of the rows that are evaluated.
    reference : Times
        Times of the reference, such as the training data.
    max_overlap : float in [0, 1], default=0.0
        A larger share of evaluated rows that are not later than the newest row of the reference becomes a finding.
    max_later : float in [0, 1], default=0.0
        Features that are later than their row in a larger share of the evaluated rows become a finding each.
    allowed : list of str, default=[]
        Features that may be later than their row, such as a date that is planned, by name.

    Formula
    -------
    evaluated rows not later than the newest row of the reference / evaluated rows with a time

    Measures
    --------
    overlap_rows : int, unit rows, ideal 0; evaluated rows not later than the newest row of the reference.
    overlap_share : float in [0, 1], unit 1, ideal 0, among the evaluated rows with a time.
    later_share : float in [0, 1], unit 1, ideal 0, by feature that is a time, among rows with both times.

    Cannot measure
    --------------
    A column that is no time in every filled cell, or no row with a time in one of the tables.

    Source
    ------
    Kaufman et al. (2012), Leakage in Data Mining, doi:10.1145/2382577.2382579, section 3: no time machine.

    Example
    -------
    | day (time) | paid (feature) | in (table) | rows |
    |---|---|---|---|
    | 2026-02-01 | 2026-01-20 | evaluation | 3 |
    | 2026-01-10 | 2026-03-01 | evaluation | 1 |
    | 2026-01-15 | 2026-01-02 | reference | 4 |

    - `overlap_rows`: the reference ends on 15 January, and one row is from the 10th, 1 + 0 = 1
    - `overlap_share`: 1/4 = 0.25
    - `later_share` of paid: the row that was paid in March, 1/4 = 0.25
    """
    for title, times in (("evaluation", evaluation), ("reference", reference)):
        if times.unreadable:
            raise CannotMeasure(f'Column "{times.name}" of the {title} table is not a time in every filled cell.')
        if times.count("newest") is None:
            raise CannotMeasure(f'No row of the {title} table has a time in column "{times.name}".')
    known = evaluation.n_rows - (evaluation.count("missing") or 0)
    overlap = evaluation.count("not_after") or 0
    newest, oldest = reference.count("newest") or 0, evaluation.count("oldest") or 0
    note = f"the reference ends at {as_iso(newest)}, the evaluation begins at {as_iso(oldest)}"
    figures = [
        Figure("overlap_rows", overlap, n=known, unit="rows", ideal=0.0),
        Figure("overlap_share", Fraction(overlap, known), n=known, limit=max_overlap, ideal=0.0, note=note),
    ]
    for name, counts in sorted(evaluation.later.items()):
        if counts is not None and counts[0]:
            limit = None if name in allowed else max_later
            share = Fraction(counts[1], counts[0])
            figures.append(Figure("later_share", share, n=counts[0], limit=limit, ideal=0.0, group=name))
    missing = evaluation.n_rows - known
    notes = [f"{missing} evaluated rows have no time and are left out."] if missing else []
    return held(_NAME, figures, severity=Severity.HIGH, notes=notes)
