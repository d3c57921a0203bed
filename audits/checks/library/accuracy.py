"""How many decisions agree with what turned out to be true?"""

from audits.checks import CannotMeasure, Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import decided_value, deciding, exactly, require_complete
from audits.checks.parameters import Count, DecideOn, Share
from audits.checks.sentences import figure
from audits.checks.statistics.rates import KNOWN, marked
from audits.checks.statistics.rates import accuracy as accuracy_rate


@check("performance.accuracy", version=1, needs=GroupCounts, roles=("prediction", "label"))
def accuracy(
    counts: GroupCounts,
    *,
    min_accuracy: Share = 0.7,
    min_rows: Count = 30,
    decide_on: DecideOn = "estimate",
) -> Report:
    """Share of decisions that agree with the label.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts, integers of shape (n_groups, 3, 3).
    min_accuracy : float in [0, 1], default=0.7
        Accuracies below this become a finding.
    min_rows : int, default=30
        Fewest rows with a known label.
    decide_on : {"estimate", "lower", "upper"}, default="estimate"
        Which end of the 95 % interval is held against the limit.

    Formula
    -------
    (TP + TN) / n

    Measures
    --------
    accuracy : float in [0, 1], unit 1, ideal 1, with Wilson's interval.
    majority_share : float in [0, 1], unit 1; the accuracy of always giving the more frequent class.

    Cannot measure
    --------------
    Rows without a prediction, or too few rows with a known label.

    Source
    ------
    sklearn.metrics.accuracy_score; Wilson (1927), doi:10.1080/01621459.1927.10502953, for the interval.

    Example
    -------
    | sex (sensitive) | truth (label) | decision (prediction) | rows |
    |---|---|---|---|
    | Female | 1 | 1 | 30 |
    | Female | 0 | 1 | 10 |
    | Female | 1 | 0 | 20 |
    | Female | 0 | 0 | 40 |
    | Male | 1 | 1 | 35 |
    | Male | 0 | 1 | 4 |
    | Male | 1 | 0 | 15 |
    | Male | 0 | 0 | 46 |

    - `accuracy`: 151/200 = 0.755
    """
    notes = require_complete(counts, labels=True)
    everybody = counts.everybody()
    (rate,) = everybody.rates(accuracy_rate())
    if rate.value is None or rate.n < min_rows:
        raise CannotMeasure(f"{rate.n} rows have a known label, {min_rows} are needed.")
    ones = everybody.total(marked((1, 0), (1, 1))) / everybody.total(KNOWN)
    measured = Measurement(
        "accuracy", float(rate.value), low=rate.low, high=rate.high, n=rate.n, ideal=1.0, limit=min_accuracy
    )
    majority = Measurement("majority_share", float(max(ones, 1 - ones)), n=rate.n)
    value = decided_value(rate.value, rate.low, rate.high, decide_on)
    findings: tuple[Finding, ...] = ()
    if value < exactly(min_accuracy):
        findings = (
            Finding(
                key="performance.accuracy",
                severity=Severity.HIGH,
                sentence=(
                    f"Of {rate.n} decisions {figure(rate.value)} agree with the label: "
                    f"{deciding(decide_on, 'share')} {figure(value)}, below the limit {figure(min_accuracy)}."
                ),
                measurement="accuracy",
            ),
        )
    return Report((measured, majority), findings, notes)
