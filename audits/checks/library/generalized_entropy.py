"""How unequally did decisions treat people, each by what was deserved?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Finding, GroupCounts, Measurement, Report, Severity, check
from audits.checks.comparison import require_complete, settled
from audits.checks.limits import deciding, ruled
from audits.checks.parameters import Amount, Count, DecideOnEvidence
from audits.checks.sentences import figure
from audits.checks.statistics import Grouping
from audits.checks.statistics.benefits import BENEFITS, benefit_masks
from audits.checks.statistics.benefits import generalized_entropy as entropy_of
from audits.checks.statistics.intervals import percentile

_NAME = "fairness.generalized_entropy"


@check(_NAME, version=1, needs=GroupCounts, roles=("prediction", "label"))
def generalized_entropy(
    counts: GroupCounts,
    *,
    attribute: str | None = None,
    alpha: Amount = 2.0,
    max_entropy: Amount | None = None,
    min_rows: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Inequality of the benefit that each person had from the decision, and its part between groups.

    The benefit is 1 for a right decision, 2 for a favourable one that was not deserved and 0 for a miss.

    Parameters
    ----------
    counts : GroupCounts
        Confusion counts by group, integers of shape (n_groups, 3, 3).
    attribute : str or None, default=None
        Sensitive column, or a crossing, for the part between groups; None looks at every column.
    alpha : float of 0 or more, default=2.0
        Weight of large benefits; 1 is Theil's index, 2 half the squared coefficient of variation.
    max_entropy : float of 0 or more or None, default=None
        An index over everybody above this becomes a finding; None measures without a limit.
    min_rows : int, default=30
        Fewest rows with a known label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limit: the index, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    GE = mean((b / mean(b))^alpha - 1) / (alpha (alpha - 1)) with the benefit b = decision - label + 1

    Measures
    --------
    generalized_entropy : float of 0 or more, unit 1, ideal 0, over everybody, with a bootstrap interval.
    theil_index : float of 0 or more, unit 1, ideal 0, over everybody, with a bootstrap interval.
    between_group_entropy : float of 0 or more, unit 1, ideal 0, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, too few rows with a known label, or nobody with any benefit.

    Source
    ------
    Speicher et al. (2018), A Unified Approach to Quantifying Algorithmic Unfairness, doi:10.1145/3219819.3220046;
    aif360 generalized_entropy_error, theil_index and between_group_generalized_entropy_error.

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

    - `generalized_entropy`: mean of b is (14 * 2 + 151 * 1) / 200 = 0.895, of b squared (14 * 4 + 151) / 200 =
      1.035; (1.035 / 0.895^2 - 1) / 2 = 0.146
    """
    notes = list(require_complete(counts, labels=True))
    everybody = counts.everybody()
    masks = benefit_masks(counts.favourable)
    rows = sum(everybody.rows(mask) for mask in masks)
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    measured: list[Measurement] = []
    for name, power, limit in (("generalized_entropy", alpha, max_entropy), ("theil_index", 1.0, None)):
        sizes, drawn = _sizes(everybody, masks)
        value = float(entropy_of(sizes, BENEFITS, power)[0])
        measured.append(_measured(name, value, entropy_of(drawn, BENEFITS, power)[:, 0], None, rows, limit))
    for name in counts.attributes(attribute):
        sizes, drawn = _sizes(counts.grouping(name), masks)
        value = float(_between(sizes[None], alpha)[0])
        measured.append(_measured("between_group_entropy", value, _between(drawn, alpha), name, rows, None))
    index = measured[0]
    if index.value is None:
        raise CannotMeasure(
            "The index is undefined: nobody, or somebody without any, had a benefit.", Report(tuple(measured))
        )
    findings: list[Finding] = []
    obstacles: list[str] = []
    if max_entropy is not None:
        what = "inequality of benefits"
        ruling = ruled(index.value, index.low, index.high, max_entropy, decide_on=decide_on, rows=rows, what=what)
        obstacles += [ruling.doubt] if ruling.doubt else []
        if ruling.beyond:
            findings.append(
                Finding(
                    key=_NAME,
                    severity=Severity.MEDIUM,
                    sentence=(
                        f"The benefits of decisions are spread unequally: {deciding(decide_on, 'generalized entropy')} "
                        f"{figure(ruling.value)}, above the limit {figure(max_entropy)}."
                    ),
                    measurement="generalized_entropy",
                )
            )
    return settled(measured, findings, notes, obstacles)


def _sizes(grouping: Grouping, masks: list[NDArray[np.bool_]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """People of each group with each benefit, (n_groups, 3), and the same in each draw, (n_draws, n_groups, 3)."""
    sizes = np.array([[float(total) for total in grouping.totals(mask)] for mask in masks]).T
    return sizes, np.stack([grouping.drawn_sums(mask) for mask in masks], axis=-1)


def _between(sizes: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """The index of a table in which everybody has the mean benefit of the own group."""
    people = sizes.sum(axis=-1)
    means = np.divide((sizes * BENEFITS).sum(axis=-1), people, out=np.zeros(people.shape), where=people > 0)
    return entropy_of(people, means, alpha)


def _measured(
    name: str, value: float, drawn: NDArray[np.float64], group: str | None, n: int, limit: float | None
) -> Measurement:
    if not math.isfinite(value):
        note = "undefined: nobody, or somebody without any, had a benefit"
        return Measurement(name, None, group=group, n=n, ideal=0.0, limit=limit, note=note)
    low, high = percentile(np.where(np.isfinite(drawn), drawn, np.nan), value)
    return Measurement(name, value, group=group, low=low, high=high, n=n, ideal=0.0, limit=limit)
