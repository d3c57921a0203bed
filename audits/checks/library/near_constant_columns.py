"""Which features say the same in nearly every row?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Self

from audits.checks import ColumnValues, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share
from audits.checks.roles import MISSING
from audits.checks.statistics.side_by_side import COMMONEST

_NAME = "data_quality.near_constant_columns"


@dataclass(frozen=True)
class CommonestValues:
    """By column its filled cells and those that hold its most frequent value; None for too many texts to tell."""

    made_of: ClassVar[type[Any]] = ColumnValues
    reads: ClassVar[tuple[str, ...]] = ()
    asks: ClassVar[tuple[str, ...]] = (COMMONEST,)

    n_rows: int
    columns: Mapping[str, tuple[int, int | None]]

    @classmethod
    def kept(cls, values: ColumnValues, parameters: Mapping[str, Any]) -> Self:
        columns: dict[str, tuple[int, int | None]] = {}
        for name, column in values.by_name.items():
            counts = [n for text, n in (column.texts or {}).items() if text != MISSING]
            most = column.beside.commonest if column.beside is not None else max(counts, default=0)
            columns[name] = (column.rows - column.missing, None if column.texts is None else most)
        return cls(values.n_rows, columns)

    def to_document(self) -> dict[str, Any]:
        return {"rows": self.n_rows, "columns": [[name, *counts] for name, counts in self.columns.items()]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(document["rows"], {name: (n, most) for name, n, most in document["columns"]})


@check(_NAME, version=1, needs=ColumnValues, keeps=CommonestValues)
def near_constant_columns(values: CommonestValues, *, max_share: Share = 0.99, allowed: tuple[str, ...] = ()) -> Report:
    """Features whose most frequent value fills nearly all filled cells.

    Parameters
    ----------
    values : CommonestValues
        Filled cells and the most frequent value of the features, the prediction and the score.
    max_share : float in [0, 1], default=0.99
        Columns in which one value has a larger share of the filled cells become a finding each.
    allowed : list of str, default=[]
        Columns that may be nearly constant, by name.

    Formula
    -------
    rows of the most frequent value / filled cells, by column

    Measures
    --------
    commonest_share : float in [0, 1], unit 1, by column; exact up to 1,048,576 distinct numbers.

    Cannot measure
    --------------
    A table without rows. A column of more than 1,000 different texts is left out with a note.

    Source
    ------
    Kuhn, Johnson (2013), Applied Predictive Modeling, doi:10.1007/978-1-4614-6849-3, section 3.5.

    Example
    -------
    | town (feature) | rows |
    |---|---|
    | Bonn | 3 |
    | Ulm | 1 |

    - `commonest_share` of town: 3/4 = 0.75
    """
    figures, notes = [], []
    for name, (filled, most) in values.columns.items():
        if most is None:
            notes.append(f'Column "{name}" has more than 1,000 different texts and is left out.')
            continue
        if not filled:
            continue
        limit = None if name in allowed else max_share
        figures.append(Figure("commonest_share", Fraction(most, filled), n=filled, limit=limit, group=name))
    return held(_NAME, figures, severity=Severity.LOW, notes=notes)
