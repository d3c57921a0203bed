"""How old is the newest row?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, Report, Severity, Times, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Share
from audits.checks.statistics.times import as_iso, from_iso

_NAME = "data_quality.freshness"
_DAY = 86_400_000_000


@check(_NAME, version=1, needs=Times)
def freshness(times: Times, *, as_of: str = "", max_age_days: Amount = 30.0, max_missing: Share | None = 0.0) -> Report:
    """Age of the newest row on a given day, and rows that claim to be from later.

    The day is a parameter and no clock is read: the same table gives the same answer when it is worked out again.

    Parameters
    ----------
    times : Times
        Times of the rows.
    as_of : str, default=""
        The moment at which the age counts, in ISO 8601, such as 2026-01-31; without a zone it is UTC.
    max_age_days : float, at least 0, default=30.0
        A greater age of the newest row becomes a finding.
    max_missing : float in [0, 1] or None, default=0.0
        A larger share of rows without a time becomes a finding; None sets no limit.

    Formula
    -------
    as_of - the time of the newest row, in days

    Measures
    --------
    newest_age : float, unit days; negative when the newest row is from after the moment.
    span : float, at least 0, unit days, from the oldest row to the newest.
    rows_without_time : float in [0, 1], unit 1, ideal 0.

    Cannot measure
    --------------
    No moment in `as_of`, rows from after it, a column that is no time in every filled cell, or no row with a time.

    Source
    ------
    ISO/IEC 25012:2008, section 5.3.1.5, currentness.

    Example
    -------
    | day (time) | rows |
    |---|---|
    | 2026-01-01 | 2 |
    | 2026-01-21 | 1 |
    |  | 1 |

    With `as_of="2026-01-31"`:

    - `newest_age`: 31 - 21 = 10
    - `span`: 21 - 1 = 20
    - `rows_without_time`: 1/4 = 0.25
    """
    try:
        moment = from_iso(as_of)
    except ValueError:
        raise CannotMeasure('Write the moment at which the age counts in "as_of", such as 2026-01-31.') from None
    newest, oldest = times.count("newest"), times.count("oldest")
    if times.unreadable:
        raise CannotMeasure(f'Column "{times.name}" is not a time in every filled cell.')
    if newest is None or oldest is None:
        raise CannotMeasure(f'No row has a time in column "{times.name}".')
    age = Fraction(moment - newest, _DAY)
    n, missing = times.n_rows, times.count("missing") or 0
    figures = [
        Figure("newest_age", age, n=n - missing, limit=max_age_days, unit="days", note=as_iso(newest)),
        Figure("span", Fraction(newest - oldest, _DAY), n=n - missing, unit="days"),
        Figure("rows_without_time", Fraction(missing, n), n=n, limit=max_missing, ideal=0.0),
    ]
    future = [f"The newest row is from {as_iso(newest)}, after {as_of}."] if age < 0 else []
    return held(_NAME, figures, severity=Severity.MEDIUM, obstacles=future)
