"""Which features say the same in nearly every row?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import ColumnValues, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share
from audits.checks.roles import MISSING

_NAME = "data_quality.near_constant_columns"


@check(_NAME, version=1, needs=ColumnValues)
def near_constant_columns(values: ColumnValues, *, max_share: Share = 0.99, allowed: tuple[str, ...] = ()) -> Report:
    """Features whose most frequent value fills nearly all filled cells.

    Parameters
    ----------
    values : ColumnValues
        Values and counts of the features, the prediction and the score.
    max_share : float in [0, 1], default=0.99
        Columns in which one value has a larger share of the filled cells become a finding each.
    allowed : list of str, default=[]
        Columns that may be nearly constant, by name.

    Measures
    --------
    commonest_share : float in [0, 1], unit 1, by column; exact up to 1,048,576 distinct numbers.

    Cannot measure
    --------------
    A table without rows. A column of more than 1,000 different texts is left out with a note.

    Source
    ------
    Kuhn, Johnson (2013), Applied Predictive Modeling, doi:10.1007/978-1-4614-6849-3, section 3.5.
    """
    figures, notes = [], []
    for name, column in values.by_name.items():
        if column.texts is None:
            notes.append(f'Column "{name}" has more than 1,000 different texts and is left out.')
            continue
        filled = column.rows - column.missing
        if not filled:
            continue
        counts = [n for text, n in column.texts.items() if text != MISSING]
        most = column.beside.commonest if column.beside is not None else max(counts)
        limit = None if name in allowed else max_share
        figures.append(Figure("commonest_share", Fraction(most, filled), n=filled, limit=limit, group=name))
    return held(_NAME, figures, severity=Severity.LOW, notes=notes)
