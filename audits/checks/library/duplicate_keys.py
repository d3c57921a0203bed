"""How many rows are about something that an earlier row is about already?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import KeyDigests, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share
from audits.checks.sentences import listed

_NAME = "data_quality.duplicate_keys"


@check(_NAME, version=1, needs=KeyDigests)
def duplicate_keys(keys: KeyDigests, *, max_share: Share = 0.0, max_incomplete: Share = 0.0) -> Report:
    """Rows whose key, in all columns with the role key together, is that of an earlier row.

    A customer and a month, say, of which there should be one row: whoever stands in the table twice counts twice in
    every figure. Rows that lack a part of the key cannot repeat one and are counted by themselves. Memory grows with
    the rows, eight bytes each.

    Parameters
    ----------
    keys : KeyDigests
        A 64-bit digest of the key of each row, shape (n_rows,).
    max_share : float in [0, 1], default=0.0
        A larger share of rows with a repeated key becomes a finding.
    max_incomplete : float in [0, 1], default=0.0
        A larger share of rows that lack a part of their key becomes a finding.

    Formula
    -------
    (rows with a whole key - different keys) / rows

    Measures
    --------
    repeated_keys : int, unit rows, ideal 0; of three rows with one key two count.
    repeated_share : float in [0, 1], unit 1, ideal 0.
    incomplete_share : float in [0, 1], unit 1, ideal 0.

    Cannot measure
    --------------
    A table without rows.

    Source
    ------
    pandas.DataFrame.duplicated with subset and keep="first", over rows without a missing key; the digests are
    SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195).

    Example
    -------
    | customer (key) | month (key) | rows |
    |---|---|---|
    | c7 | 2026-01 | 3 |
    | c7 | 2026-02 | 1 |
    | c8 |  | 1 |

    - `repeated_keys`: 4 rows with a whole key less 2 different keys = 2
    - `repeated_share`: 2/5 = 0.4
    - `incomplete_share`: 1/5 = 0.2
    """
    n = keys.n_rows
    of = listed([f'"{name}"' for name in keys.names])
    figures = [
        Figure("repeated_keys", keys.n_repeated, n=n, ideal=0.0, unit="rows"),
        Figure(
            "repeated_share",
            Fraction(keys.n_repeated, n),
            n=n,
            limit=max_share,
            ideal=0.0,
            words=f"share of rows that repeat a key of {of}",
        ),
        Figure(
            "incomplete_share",
            Fraction(keys.incomplete, n),
            n=n,
            limit=max_incomplete,
            ideal=0.0,
            words=f"share of rows that lack a part of the key of {of}",
        ),
    ]
    return held(_NAME, figures, severity=Severity.HIGH)
