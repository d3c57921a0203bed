"""How many rows have the same features as another row and a different label?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, FeatureDigests, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share
from audits.checks.statistics.intervals import wilson

_NAME = "data_quality.label_conflicts"


@check(_NAME, version=1, needs=FeatureDigests, roles=("label",))
def label_conflicts(rows: FeatureDigests, *, max_share: Share = 0.01) -> Report:
    """Rows whose features equal those of a row with another label; no model can be right about all of them.

    Parameters
    ----------
    rows : FeatureDigests
        Counts over 64-bit digests of features and labels.
    max_share : float in [0, 1], default=0.01
        A larger share of such rows becomes a finding.

    Formula
    -------
    rows whose features occur with another label / rows with a label

    Measures
    --------
    conflicting_rows : int, unit rows, ideal 0; every row of such a set counts.
    conflict_share : float in [0, 1], unit 1, ideal 0, among rows with a label, with Wilson's interval.

    Cannot measure
    --------------
    A table without a label in any row.

    Source
    ------
    deepchecks, Conflicting Labels, for the definition; digests as in data_quality.duplicate_rows.

    Example
    -------
    | town (feature) | truth (label) | rows |
    |---|---|---|
    | Bonn | 1 | 2 |
    | Bonn | 0 | 1 |
    | Ulm | 1 | 1 |

    - `conflicting_rows`: all of Bonn = 3
    - `conflict_share`: 3/4 = 0.75
    """
    labelled, conflicting = rows.count("labelled"), rows.count("conflicting")
    if labelled == 0:
        raise CannotMeasure("No row has a label.")
    low, high = wilson(conflicting, labelled)
    figures = [
        Figure("conflicting_rows", conflicting, n=labelled, ideal=0.0, unit="rows"),
        Figure("conflict_share", Fraction(conflicting, labelled), low, high, labelled, max_share, ideal=0.0),
    ]
    return held(_NAME, figures, severity=Severity.MEDIUM)
