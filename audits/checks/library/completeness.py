"""How much of the table is filled in?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import ColumnCounts, ColumnProfiles, Finding, Measurement, Report, Severity, check
from audits.checks.comparison import exactly
from audits.checks.parameters import Share
from audits.checks.sentences import figure

_NAME = "data_quality.completeness"


@check(_NAME, version=1, needs=ColumnProfiles, keeps=ColumnCounts)
def completeness(counts: ColumnCounts, *, max_missing: Share = 0.05) -> Report:
    """Share of missing cells in every declared column.

    A cell is missing when it is null, not a number, or text with nothing but blanks.

    Parameters
    ----------
    counts : ColumnCounts
        Counts of every column that has a role.
    max_missing : float in [0, 1], default=0.05
        Columns with a larger share of missing cells become a finding each.

    Formula
    -------
    missing cells / rows, by column

    Measures
    --------
    missing : int, unit rows, ideal 0, by column.
    missing_share : float in [0, 1], unit 1, ideal 0, by column.

    Cannot measure
    --------------
    A table without rows.

    Source
    ------
    ISO/IEC 25012:2008, section 5.3.1.2, completeness.

    Example
    -------
    | income (feature) | rows |
    |---|---|
    | 10 | 30 |
    |  | 10 |

    - `missing` of income: the 10 rows without one = 10
    - `missing_share` of income: 10/40 = 0.25
    """
    measured, findings = [], []
    for profile in counts.columns:
        share = Fraction(profile.missing, profile.rows)
        measured.append(
            Measurement("missing", float(profile.missing), unit="rows", group=profile.name, n=profile.rows, ideal=0.0)
        )
        measured.append(
            Measurement("missing_share", float(share), group=profile.name, n=profile.rows, ideal=0.0, limit=max_missing)
        )
        if share > exactly(max_missing):
            findings.append(
                Finding(
                    key=f"{_NAME}/{profile.name}",
                    severity=Severity.MEDIUM,
                    sentence=(
                        f'Column "{profile.name}" is missing in {profile.missing} of {profile.rows} rows: '
                        f"a share of {figure(share)}, above the limit {figure(max_missing)}."
                    ),
                    measurement="missing_share",
                )
            )
    return Report(tuple(measured), tuple(findings))
