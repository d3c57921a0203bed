"""Which columns say the same in every row?"""

from audits.checks import ColumnCounts, ColumnProfiles, Finding, Measurement, Report, Severity, check

_NAME = "data_quality.constant_columns"


@check(_NAME, version=1, needs=ColumnProfiles, keeps=ColumnCounts)
def constant_columns(counts: ColumnCounts, *, allowed: tuple[str, ...] = ()) -> Report:
    """Columns that hold one value only, or none at all.

    Parameters
    ----------
    counts : ColumnCounts
        Counts of every column that has a role.
    allowed : list of str, default=[]
        Columns that may be constant, by name.

    Formula
    -------
    number of different values, by column

    Measures
    --------
    distinct_values : int, unit values, by column; missing cells are no value. Exact up to 256, then
        estimated within about 6 percent, and the note says so.

    Cannot measure
    --------------
    A table without rows.

    Source
    ------
    Beyer et al. (2007), On Synopses for Distinct-Value Estimation Under Multiset Operations,
    doi:10.1145/1247480.1247504, for the estimate.

    Example
    -------
    | town (feature) | rows |
    |---|---|
    | Bonn | 3 |
    | Ulm | 1 |

    - `distinct_values` of town: Bonn and Ulm = 2
    """
    measured, findings = [], []
    for profile in counts.columns:
        note = "" if profile.is_distinct_exact else "an estimate, standard error 6 percent"
        measured.append(
            Measurement(
                "distinct_values",
                float(profile.distinct),
                unit="values",
                group=profile.name,
                n=profile.rows - profile.missing,
                note=note,
            )
        )
        if profile.distinct < 2 and profile.name not in allowed:
            what = "one value in every filled row" if profile.distinct else "no value at all"
            findings.append(
                Finding(
                    key=f"{_NAME}/{profile.name}",
                    severity=Severity.LOW,
                    sentence=f'Column "{profile.name}" holds {what} of {profile.rows} rows.',
                    measurement="distinct_values",
                )
            )
    return Report(tuple(measured), tuple(findings))
