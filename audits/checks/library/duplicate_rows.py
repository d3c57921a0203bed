"""How many rows repeat an earlier one?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, Finding, Measurement, Report, RowDigests, Severity, check
from audits.checks.comparison import exactly
from audits.checks.parameters import Share
from audits.checks.sentences import figure

_NAME = "data_quality.duplicate_rows"


@check(_NAME, version=1, needs=RowDigests)
def duplicate_rows(rows: RowDigests, *, max_share: Share = 0.01) -> Report:
    """Rows that are equal to an earlier row in every declared column except the id.

    Parameters
    ----------
    rows : RowDigests
        A 64-bit digest per row, shape (n_rows,).
    max_share : float in [0, 1], default=0.01
        A larger share of repeated rows becomes a finding.

    Formula
    -------
    (rows - different rows) / rows

    Measures
    --------
    duplicate_rows : int, unit rows, ideal 0; of three equal rows two count.
    duplicate_share : float in [0, 1], unit 1, ideal 0.

    Cannot measure
    --------------
    A table without rows, or without a declared column besides the id.

    Source
    ------
    pandas.DataFrame.duplicated with keep="first"; the digests are SplitMix64 (Steele, Lea, Flood 2014,
    doi:10.1145/2660193.2660195) over the cells of a row.

    Example
    -------
    | town (feature) | rows |
    |---|---|
    | Bonn | 3 |
    | Ulm | 1 |

    - `duplicate_rows`: of the three equal rows two = 2
    - `duplicate_share`: 2/4 = 0.5
    """
    if not rows.names:
        raise CannotMeasure("Besides the id no column is declared, so rows cannot be told apart.")
    share = Fraction(rows.n_repeated, rows.n_rows)
    measured = (
        Measurement("duplicate_rows", float(rows.n_repeated), unit="rows", n=rows.n_rows, ideal=0.0),
        Measurement("duplicate_share", float(share), n=rows.n_rows, ideal=0.0, limit=max_share),
    )
    if share <= exactly(max_share):
        return Report(measured)
    sentence = (
        f"{rows.n_repeated} of {rows.n_rows} rows repeat an earlier one: a share of {figure(share)}, "
        f"above the limit {figure(max_share)}."
    )
    return Report(measured, (Finding(_NAME, Severity.MEDIUM, sentence, "duplicate_share"),))
