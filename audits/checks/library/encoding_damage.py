"""In which columns were characters lost or mistaken on the way?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CellForms, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share
from audits.checks.statistics.text_damage import KINDS

_NAME = "data_quality.encoding_damage"


@check(_NAME, version=1, needs=CellForms)
def encoding_damage(forms: CellForms, *, max_share: Share = 0.0, allowed: tuple[str, ...] = ()) -> Report:
    """Text cells whose characters were damaged, by how it happened.

    Four kinds are told apart: "mojibake", UTF-8 that was read as Windows-1252, such as "ZÃ¼rich"; "replaced", the
    replacement character or question marks inside a word; "entity", character references of HTML such as "&amp;";
    "control", control characters other than tabs and line ends.

    Parameters
    ----------
    forms : CellForms
        Cells of every column by form.
    max_share : float in [0, 1], default=0.0
        Columns with a larger share of filled cells of one kind become a finding each.
    allowed : list of str, default=[]
        Columns that may hold such cells, by name.

    Formula
    -------
    cells with signs of a wrong encoding / filled cells, by column

    Measures
    --------
    damaged_share : float in [0, 1], unit 1, ideal 0, by text column and kind, where there are any.
    damaged_cells : int, unit cells, ideal 0, by text column.

    Cannot measure
    --------------
    A table without rows. Damage that leaves ordinary letters behind is not recognised.

    Source
    ------
    The Unicode Standard, section 23.8, for U+FFFD; RFC 3629, section 3, for the form of UTF-8; the HTML standard,
    section 13.5, for character references.

    Example
    -------
    | town (feature) | rows |
    |---|---|
    | Zürich | 5 |
    | ZÃ¼rich | 2 |
    | M?nchen | 1 |
    |  | 2 |

    - `damaged_share` of town/mojibake: of 8 filled cells, 2/8 = 0.25
    - `damaged_share` of town/replaced: 1/8 = 0.125
    - `damaged_cells` of town: those of the most frequent kind = 2
    """
    figures = []
    for column in forms.by_name.values():
        if column.kind != "text":
            continue
        filled = column.rows - column.forms.get("blank", 0)
        most = max(column.damaged.values(), default=0)
        figures.append(Figure("damaged_cells", most, n=filled, unit="cells", ideal=0.0, group=column.name))
        limit = None if column.name in allowed else max_share
        figures += [
            Figure(
                "damaged_share", Fraction(n, filled), n=filled, limit=limit, ideal=0.0, group=f"{column.name}/{kind}"
            )
            for kind in KINDS
            if (n := column.damaged.get(kind, 0))
        ]
    return held(_NAME, figures, severity=Severity.LOW)
