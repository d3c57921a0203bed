"""Which features go together otherwise than in the reference?"""

from __future__ import annotations

import math

from audits.checks import CannotMeasure, Correlations, Finding, Report, Severity, check
from audits.checks.figures import Figure
from audits.checks.limits import exactly
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure
from audits.checks.statistics.tails import adjusted, normal_quantile, normal_tail

_NAME = "data_quality.correlation_change"
_MOST_SHOWN = 50


@check(_NAME, version=1, needs=Correlations, tables=("evaluation", "reference"))
def correlation_change(
    evaluation: Correlations,
    reference: Correlations,
    *,
    max_change: Share = 0.3,
    false_discovery_rate: Share = 0.05,
    min_rows: Count = 100,
) -> Report:
    """Change of the correlation of each pair of numeric columns, the label among them.

    A pair becomes a finding when its correlation changed by more than a trifle *and* by more than chance: Fisher's
    test, corrected for the number of pairs. The fifty largest changes are reported.

    Parameters
    ----------
    evaluation : Correlations
        Correlations now.
    reference : Correlations
        Correlations in the reference.
    max_change : float in [0, 1], default=0.3
        A larger change of a correlation, if significant, becomes a finding for that pair.
    false_discovery_rate : float in [0, 1], default=0.05
        Expected share of false alarms among the pairs called significant.
    min_rows : int, default=100
        Fewest rows with both numbers that a pair must have in each table.

    Formula
    -------
    |r now - r before|, r the correlation of Pearson of a pair of columns

    Measures
    --------
    correlation_change : float in [0, 2], unit 1, ideal 0, by pair, with the interval of Zou (2007).
    adjusted_p_value : float in [0, 1], unit 1, by pair, corrected for the number of pairs.

    Cannot measure
    --------------
    No pair with enough rows in both tables. Pairs with a constant column are left out with a note, and a pair that
    became constant is a matter of data_quality.constant_columns.

    Source
    ------
    Fisher (1921), On the probable error of a coefficient of correlation, Metron 1; Zou (2007),
    doi:10.1037/1082-989X.12.4.399; scipy.stats.pearsonr; scipy.stats.false_discovery_control.

    Example
    -------
    | age (feature) | income (feature) | in (table) | rows |
    |---|---|---|---|
    | 1 | 1 | evaluation | 4 |
    | 1 | 0 | evaluation | 1 |
    | 0 | 1 | evaluation | 1 |
    | 0 | 0 | evaluation | 4 |
    | 1 | 1 | reference | 3 |
    | 1 | 0 | reference | 2 |
    | 0 | 1 | reference | 2 |
    | 0 | 0 | reference | 3 |

    - `correlation_change` of age and income: (4*4 - 1*1)/25 less (3*3 - 2*2)/25, 0.6 - 0.2 = 0.4
    - `adjusted_p_value` of age and income: z = (0.6931 - 0.2027)/sqrt(1/7 + 1/7) = 0.9175, both tails beyond it
      = 0.3589
    """
    found = []
    left_out = 0
    for pair, (n, now) in evaluation.pairs.items():
        m, then = reference.pairs.get(pair, (0, None))
        if min(n, m) < max(min_rows, 4) or now is None or then is None:
            left_out += 1
            continue
        found.append((pair, now, then, n, m, _p_value(now, then, n, m)))
    if not found:
        raise CannotMeasure("No two numeric columns have enough rows with both numbers in both tables.")
    raised = adjusted([entry[-1] for entry in found])
    ranked = sorted(zip(found, raised, strict=True), key=lambda entry: (-abs(entry[0][1] - entry[0][2]), entry[0][0]))
    figures, findings = [], []
    for ((first, second), now, then, n, m, _), corrected in ranked[:_MOST_SHOWN]:
        change = abs(now - then)
        group, note = f"{first} and {second}", f"{figure(then)} before, {figure(now)} now"
        low, high = _interval(now, then, n, m)
        figures.append(
            Figure("correlation_change", change, low, high, n, max_change, ideal=0.0, group=group, note=note)
        )
        figures.append(Figure("adjusted_p_value", corrected, n=n, group=group))
        if change > exactly(max_change) and corrected <= false_discovery_rate:
            sentence = (
                f'"{first}" and "{second}" go together otherwise: a correlation of {figure(then)} before and '
                f"{figure(now)} now, a change above the limit {figure(max_change)}."
            )
            findings.append(Finding(f"{_NAME}/{first}/{second}", Severity.MEDIUM, sentence, "correlation_change"))
    notes = [f"{len(found)} pairs were compared."]
    if left_out:
        notes.append(f"{left_out} pairs have too few rows or a constant column and are left out.")
    return Report(tuple(one.measurement() for one in figures), tuple(findings), tuple(notes))


def _p_value(now: float, then: float, n: int, m: int) -> float:
    if now == then:
        return 1.0
    if abs(now) == 1 or abs(then) == 1:
        return 0.0
    z = (math.atanh(now) - math.atanh(then)) / math.sqrt(1 / (n - 3) + 1 / (m - 3))
    return 2 * normal_tail(abs(z))


def _interval(now: float, then: float, n: int, m: int) -> tuple[float, float]:
    """The interval of the absolute difference, from Fisher's intervals of both correlations."""
    (low, high), (low_then, high_then) = _fisher(now, n), _fisher(then, m)
    below = now - then - math.hypot(now - low, high_then - then)
    above = now - then + math.hypot(high - now, then - low_then)
    if below <= 0 <= above:
        return 0.0, max(-below, above)
    return min(abs(below), abs(above)), max(abs(below), abs(above))


def _fisher(r: float, n: int) -> tuple[float, float]:
    if abs(r) == 1:
        return r, r
    reach = normal_quantile(0.025) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach)
