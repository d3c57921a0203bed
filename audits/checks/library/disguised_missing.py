"""Which cells say that nothing is known, without being empty?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CellForms, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share

_NAME = "data_quality.disguised_missing"


@check(_NAME, version=1, needs=CellForms)
def disguised_missing(forms: CellForms, *, max_share: Share = 0.01, allowed: tuple[str, ...] = ()) -> Report:
    """Cells that stand for a missing value: words such as "N/A" or "unknown", and numbers such as -1 or 9999.

    Words count in any case. A number may be a true value, so that each column's numbers are counted by value:
    write those that mean what they say in `allowed`. Dates of 1900-01-01, 0001-01-01 and 9999-12-31 count, as
    text and in columns of times.

    Parameters
    ----------
    forms : CellForms
        Cells of every column by form.
    max_share : float in [0, 1], default=0.01
        Columns in which a larger share of cells is such a value become a finding each.
    allowed : list of str, default=[]
        Columns, or values written as "column=value", that are true values.

    Formula
    -------
    cells written as missing values are / rows, by column

    Measures
    --------
    disguised_share : float in [0, 1], unit 1, ideal 0, by column.
    disguised_cells : int, unit cells, by column and value, where there are any.

    Cannot measure
    --------------
    A table without rows.

    Source
    ------
    Pearson (2006), The Problem of Disguised Missing Data, doi:10.1145/1147234.1147247.

    Example
    -------
    | income (feature) | town (feature) | rows |
    |---|---|---|
    | 10 | Bonn | 5 |
    | 9999 | Bonn | 2 |
    | -1 | N/A | 1 |
    | 20 | unknown | 2 |

    - `disguised_share` of income: (2 + 1)/10 = 0.3
    - `disguised_cells` of income/9999: of 10 rows those with it = 2
    - `disguised_share` of town: (1 + 2)/10 = 0.3
    - `disguised_cells` of town/n/a: whatever its case, of 10 rows those with it = 1
    """
    figures = []
    for column in forms.by_name.values():
        if column.kind not in ("number", "text", "time"):
            continue
        found = {
            value: n
            for value, n in column.disguises.items()
            if column.name not in allowed and f"{column.name}={value}" not in allowed
        }
        share = Fraction(sum(found.values()), column.rows)
        figures.append(Figure("disguised_share", share, n=column.rows, limit=max_share, ideal=0.0, group=column.name))
        figures += [
            Figure("disguised_cells", n, n=column.rows, unit="cells", group=f"{column.name}/{value}")
            for value, n in sorted(found.items())
        ]
    return held(_NAME, figures, severity=Severity.LOW)
