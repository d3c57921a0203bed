"""Does one feature alone decide most of what the model says?"""

from __future__ import annotations

from audits.checks import Attributions, CannotMeasure, Finding, Measurement, Report, Severity, check
from audits.checks.attribution import shares_of
from audits.checks.comparison import exactly
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure

_NAME = "explainability.dominant_feature"


@check(_NAME, version=1, needs=Attributions)
def dominant_feature(attributions: Attributions, *, max_share: Share = 0.5, min_rows: Count = 100) -> Report:
    """Largest share of the mean absolute attribution that falls on one feature.

    A feature that carries most of the weight is often the answer in disguise, known only afterwards.

    Parameters
    ----------
    attributions : Attributions
        Mean absolute attributions, floats of shape (n_features,).
    max_share : float in [0, 1], default=0.5
        A larger share of one feature becomes a finding.
    min_rows : int, default=100
        Fewest rows that the attributions must be averaged over.

    Formula
    -------
    mean |attribution| of a feature / sum of those of all features

    Measures
    --------
    attribution_share : float in [0, 1], unit 1, by feature.

    Cannot measure
    --------------
    Fewer than two features, too few rows, features that do not match the attributions, an attribution
    that is no number, or a model that no feature moves.

    Source
    ------
    Lundberg, Lee (2017), A Unified Approach to Interpreting Model Predictions, section 2; Kaufman et al.
    (2012), Leakage in Data Mining, doi:10.1145/2382577.2382579, for what such a feature may mean.

    Example
    -------
    | income (feature) | age (feature) | rows |
    |---|---|---|
    | 4 | 0 | 1 |
    | -2 | 2 | 1 |

    The cells are attributions:

    - `attribution_share` of income: (|4| + |-2|) / 2 = 3; that of age: (|0| + |2|) / 2 = 1; 3 / (3 + 1) = 0.75
    - `attribution_share` of age: 1 / (3 + 1) = 0.25
    """
    shares = shares_of(attributions, min_rows)
    if len(shares) < 2:
        raise CannotMeasure("The model has one feature only, so it must carry everything.")
    measured = tuple(
        Measurement("attribution_share", float(share), group=name, n=attributions.n_rows, limit=max_share)
        for name, share in sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    findings = tuple(
        Finding(
            key=f"{_NAME}/{name}",
            severity=Severity.MEDIUM,
            sentence=(
                f'Feature "{name}" alone carries {figure(share)} of what moves the decisions, '
                f"above the limit {figure(max_share)}."
            ),
            measurement="attribution_share",
        )
        for name, share in shares.items()
        if share > exactly(max_share)
    )
    return Report(measured, findings)
