"""How much of what moves the model's decisions comes from sensitive features?"""

from __future__ import annotations

from audits.checks import Attributions, Finding, Measurement, Report, Severity, check
from audits.checks.attribution import shares_of
from audits.checks.comparison import exactly
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure, some

_NAME = "explainability.sensitive_attribution"


@check(_NAME, version=1, needs=Attributions)
def sensitive_attribution(attributions: Attributions, *, max_share: Share = 0.2, min_rows: Count = 100) -> Report:
    """Share of the mean absolute attribution that falls on sensitive features.

    Parameters
    ----------
    attributions : Attributions
        Mean absolute attributions, floats of shape (n_features,), and the names of sensitive features.
    max_share : float in [0, 1], default=0.2
        Larger shares become a finding.
    min_rows : int, default=100
        Fewest rows that the attributions must be averaged over.

    Formula
    -------
    sum of mean |attribution| of sensitive features / sum of those of all features

    Measures
    --------
    sensitive_attribution_share : float in [0, 1], unit 1, ideal 0.
    attribution_share : float in [0, 1], unit 1, by sensitive feature.

    Cannot measure
    --------------
    Too few rows, features that do not match the attributions, an attribution that is no number, or a
    model that no feature moves.

    Source
    ------
    Lundberg, Lee (2017), A Unified Approach to Interpreting Model Predictions, section 2; the mean
    absolute attribution is shap's global importance.

    Example
    -------
    | income (feature) | sex (sensitive) | rows |
    |---|---|---|
    | 4 | 0 | 1 |
    | -2 | 2 | 1 |

    The cells are attributions:

    - `attribution_share` of sex: (|0| + |2|) / 2 = 1; that of income: (|4| + |-2|) / 2 = 3; 1 / (3 + 1) = 0.25
    - `sensitive_attribution_share`: of sex alone = 0.25
    """
    shares = shares_of(attributions, min_rows)
    sensitive = {name: share for name, share in shares.items() if name in attributions.sensitive}
    total = sum(sensitive.values(), start=exactly(0.0))
    measured = [
        Measurement("sensitive_attribution_share", float(total), n=attributions.n_rows, ideal=0.0, limit=max_share)
    ]
    measured += [
        Measurement("attribution_share", float(share), group=name, n=attributions.n_rows)
        for name, share in sensitive.items()
    ]
    notes = () if sensitive else ("No feature of the model is declared sensitive.",)
    if total <= exactly(max_share):
        return Report(tuple(measured), (), notes)
    sentence = (
        f"Sensitive features ({some(sorted(sensitive))}) carry {figure(total)} of what moves the decisions, "
        f"above the limit {figure(max_share)}."
    )
    return Report(tuple(measured), (Finding(_NAME, Severity.HIGH, sentence, "sensitive_attribution_share"),))
