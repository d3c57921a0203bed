"""Can a classifier tell the rows of now from those of the reference?"""

from __future__ import annotations

from audits.checks import CannotMeasure, Report, RowSample, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.sentences import figure
from audits.checks.statistics.areas import area_with_interval

_NAME = "drift.domain_classifier"


@check(_NAME, version=1, needs=RowSample, tables=("evaluation", "reference"))
def domain_classifier(
    evaluation: RowSample,
    reference: RowSample,
    *,
    max_auc: Share = 0.6,
    min_rows: Count = 500,
    decide_on: DecideOnEvidence = "lower",
) -> Report:
    """Area under the ROC curve of a classifier that tells the two tables apart by all features together.

    Many small moves that no single column shows add up here. The classifier is a logistic regression over
    indicators of deciles, of the twenty most frequent texts and of missing cells, fitted on one half of the rows and
    judged on the other, both ways round; equal rows always stand in the same half. How two features go together is
    not seen: drift.correlation_structure looks at that. Of larger tables 5,000 rows are used, the same ones in any
    order: they are drawn of the 5,000 different rows with the smallest digests, as often as each of these comes. Their
    number stands beside the figure.

    Parameters
    ----------
    evaluation : RowSample
        How well rows of now are told from those of the reference.
    reference : RowSample
        Number of rows of the reference.
    max_auc : float in [0, 1], default=0.6
        A larger area becomes a finding.
    min_rows : int, default=500
        Fewest rows that each table must have among those that are judged.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="lower"
        Which end of the 95 % interval is held against the limit; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    AUC of the rows of now against those of the reference, scored by a classifier that has not seen them

    Measures
    --------
    domain_auc : float in [0, 1], unit 1, ideal 0.5, with an interval from DeLong's variance; 0.5 is no better than
        chance.
    feature_weight : float, at least 0, unit 1, by feature, for the ten that move the score most; the standard deviation
        of its share in the logit.

    Cannot measure
    --------------
    Too few rows in a table, or no feature of one kind in both.

    Source
    ------
    Lopez-Paz, Oquab (2017), Revisiting Classifier Two-Sample Tests, arXiv:1610.06545; DeLong, DeLong, Clarke-Pearson
    (1988), doi:10.2307/2531595; sklearn.metrics.roc_auc_score for the area.

    Example
    -------
    | town (feature) | x (feature) | in (table) | rows |
    |---|---|---|---|
    | Bonn | 1 | evaluation | 1 |
    | Bonn | 2 | evaluation | 1 |
    | Bonn | 3 | evaluation | 1 |
    | Bonn | 4 | evaluation | 1 |
    | Ulm | 1 | reference | 1 |
    | Ulm | 2 | reference | 1 |
    | Ulm | 3 | reference | 1 |
    | Ulm | 4 | reference | 1 |

    - `domain_auc`: the town tells, so that each of 4 rows scores above each of 4 others, 16/16 = 1
    """
    apart = evaluation.apart
    if apart is None:
        raise CannotMeasure("The two tables have no feature of one kind in common.")
    n, m = int(apart.now.sum()), int(apart.then.sum())
    if min(n, m) < min_rows:
        raise CannotMeasure(f"{n} rows of now and {m} of the reference can be judged, {min_rows} of each are needed.")
    area = area_with_interval(apart.now, apart.then, exact=True)
    strongest = sorted(apart.weight.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    note = (
        f"{n} of {evaluation.n_rows} rows now and {m} of {reference.n_rows} of the reference; "
        f"most by {strongest[0][0]} ({figure(strongest[0][1])})"
    )
    figures = [Figure("domain_auc", area.value, area.low, area.high, n, max_auc, ideal=0.5, note=note)]
    figures += [Figure("feature_weight", weight, n=n, group=name) for name, weight in strongest]
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on)
