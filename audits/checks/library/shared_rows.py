"""How many rows of the evaluation were seen in the reference already?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, FeatureDigests, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Share

_NAME = "data_quality.shared_rows"


@check(_NAME, version=1, needs=FeatureDigests, tables=("evaluation", "reference"))
def shared_rows(evaluation: FeatureDigests, reference: FeatureDigests, *, max_share: Share = 0.01) -> Report:
    """Rows of the evaluation table whose features equal those of a row of the reference, such as the training data.

    Rows are told apart by a 64-bit digest: among a million rows against a million a single false hit has a
    chance of 1 in 18 million.

    Parameters
    ----------
    evaluation : FeatureDigests
        Counts over digests of the rows that are evaluated.
    reference : FeatureDigests
        Counts over digests of the reference.
    max_share : float in [0, 1], default=0.01
        A larger share of evaluated rows that are in the reference becomes a finding.

    Formula
    -------
    evaluated rows whose features are those of a row of the reference / evaluated rows

    Measures
    --------
    shared_rows : int, unit rows, ideal 0.
    shared_share : float in [0, 1], unit 1, ideal 0, among the evaluated rows.

    Cannot measure
    --------------
    Tables that do not declare the same features.

    Source
    ------
    deepchecks, Train Test Samples Mix, for the definition; digests as in data_quality.duplicate_rows.

    Example
    -------
    | town (feature) | in (table) | rows |
    |---|---|---|
    | Bonn | evaluation | 3 |
    | Ulm | evaluation | 1 |
    | Ulm | reference | 5 |

    - `shared_rows`: that of Ulm = 1
    - `shared_share`: 1/4 = 0.25
    """
    if evaluation.features != reference.features:
        raise CannotMeasure("The two tables do not declare the same features, so their rows cannot be compared.")
    shared, n = evaluation.count("shared"), evaluation.n_rows
    figures = [
        Figure("shared_rows", shared, n=n, ideal=0.0, unit="rows"),
        Figure("shared_share", Fraction(shared, n), n=n, limit=max_share, ideal=0.0),
    ]
    return held(_NAME, figures, severity=Severity.HIGH)
