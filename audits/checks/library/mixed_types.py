"""Which text columns hold numbers or dates among their words?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CellForms, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share

_NAME = "data_quality.mixed_types"


@check(_NAME, version=1, needs=CellForms)
def mixed_types(forms: CellForms, *, max_share: Share = 0.0, allowed: tuple[str, ...] = ()) -> Report:
    """Cells of a text column that do not have the column's most frequent form: number, date or other text.

    Parameters
    ----------
    forms : CellForms
        Cells of every column by form.
    max_share : float in [0, 1], default=0.0
        Columns with a larger share of such cells among the filled ones become a finding each.
    allowed : list of str, default=[]
        Columns that may hold several forms, by name.

    Formula
    -------
    filled cells that do not have the most frequent form / filled cells, by column

    Measures
    --------
    odd_share : float in [0, 1], unit 1, ideal 0, by text column.

    Cannot measure
    --------------
    A table without rows. Columns that are stored as numbers or times hold one form by their type.

    Source
    ------
    deepchecks, Mixed Data Types, for the definition.

    Example
    -------
    | age (feature) | rows |
    |---|---|
    | 34 | 5 |
    | thirty | 2 |
    | 2026-01-31 | 1 |
    |  | 2 |

    - `odd_share` of age: numbers are the most frequent of 8 filled cells, (8 - 5)/8 = 0.375
    """
    figures = []
    for column in forms.by_name.values():
        filled = {form: n for form, n in column.forms.items() if form in ("number", "date", "text")}
        rows = sum(filled.values())
        if column.kind == "text" and rows:
            limit = None if column.name in allowed else max_share
            odd = Fraction(rows - max(filled.values()), rows)
            figures.append(Figure("odd_share", odd, n=rows, limit=limit, ideal=0.0, group=column.name))
    return held(_NAME, figures, severity=Severity.LOW)
