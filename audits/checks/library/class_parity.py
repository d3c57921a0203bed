"""With many classes: did every group get each class, rightly and wrongly, as often?"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, GroupClassCounts, Report, check
from audits.checks.comparison import ComparedRates
from audits.checks.gaps import gap_report
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics import GroupRate
from audits.checks.statistics.intervals import mean_of_shares
from audits.checks.statistics.rates import Named
from audits.checks.statistics.weighed_cells import WeighedCells

_NAME = "fairness.class_parity"
_WORDS = {
    "selection_rate": "share that is given the class",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "precision": "precision",
}

Array = NDArray[Any]


@check(_NAME, version=1, needs=GroupClassCounts, roles=("sensitive",))
def class_parity(
    counts: GroupClassCounts,
    *,
    attribute: str | None = None,
    rate: Literal["selection_rate", "true_positive_rate", "false_positive_rate", "precision"] = "true_positive_rate",
    max_difference: Share | None = 0.10,
    max_macro_difference: Share | None = None,
    min_rows_per_class: Count = 30,
    leave_out: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Largest difference between groups in a rate of each class against all others, and in its mean over the classes.

    Rows count by their weight: Wilson's intervals are then those of Kish's effective rows, and what a cell weighs in a
    draw of the bootstrap varies as the weights of its rows do.

    Parameters
    ----------
    counts : GroupClassCounts
        Rows, and what they weigh, by group, true class and predicted class, of shape (n_groups, n_classes + 1,
        n_classes).
    attribute : str or None, default=None
        Sensitive column to look at, or a crossing such as "sex x race"; None looks at every column.
    rate : {"selection_rate", "true_positive_rate", "false_positive_rate", "precision"}, default="true_positive_rate"
        Rate that is compared, of each class in turn; the true positive rate is the class's recall.
    max_difference : float in [0, 1] or None, default=0.1
        Differences above this become a finding for that class; None sets no limit.
    max_macro_difference : float in [0, 1] or None, default=None
        Differences in the mean over the classes above this become a finding; None sets no limit.
    min_rows_per_class : int, default=30
        Fewest rows in the denominator of the rate that a group must have, for each class.
    leave_out : list of str, default=[]
        Groups that are measured but not compared, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        What is held against the limits: the difference, an end of its 95 % interval, or the whole interval; a limit
        inside the interval is then not enough evidence.

    Formula
    -------
    P(given class | true class, group), each class against all others; the difference of the extreme groups

    Measures
    --------
    selection_rate : float in [0, 1], unit 1, by group and class, with Wilson's interval; so the other rates, as asked.
    selection_rate_difference : float in [0, 1], unit 1, ideal 0, by class of an attribute, with a bootstrap interval.
    macro_selection_rate : float in [0, 1], unit 1, by group; the mean over the classes.
    macro_selection_rate_difference : float in [0, 1], unit 1, ideal 0, by attribute, with a bootstrap interval.

    Cannot measure
    --------------
    Rows without a prediction, a missing, infinite or negative weight, more than 50 classes, fewer than two groups, or a
    group with too few rows for a class (unless the others already exceed a limit). The mean over the classes needs each
    of them in a group.

    Source
    ------
    sklearn.metrics.recall_score and precision_score of each class and with average="macro", by
    fairlearn.metrics.MetricFrame; Denis et al. (2024), Fairness guarantees in multi-class classification,
    jmlr.org/papers/v25/23-0322, for parity of every class.

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

    - `true_positive_rate_difference` of sex for class 1: 35/50 - 30/50 = 0.1
    - `macro_true_positive_rate_difference` of sex: (35/50 + 46/50) / 2 - (30/50 + 40/50) / 2 = 0.11
    """
    if counts.undecided:
        raise CannotMeasure(
            f'{counts.undecided} of {counts.n_rows} rows have no value in column "{counts.roles.prediction}".'
        )
    if rate != "selection_rate" and counts.roles.label is None:
        raise CannotMeasure("This rate needs labels, and no column is declared with the role label.")
    by_class: dict[str, list[ComparedRates]] = {}
    macro: dict[str, list[ComparedRates]] = {}
    for name in counts.attributes(attribute):
        groups, table = counts.by_group(name)
        drawn = _drawn(table, counts.seed, rate)
        rates = _rates(groups, table, rate)
        for place, label in enumerate(counts.classes):
            where = f"{name} for class {label}"
            found = [of[place] for of in rates]
            by_class[where] = [
                _sorted(where, Named(rate, _WORDS[rate]), found, drawn[:, :, place], min_rows_per_class, leave_out)
            ]
        means = [_mean(of) for of in rates]
        named = Named(f"macro_{rate}", f"{_WORDS[rate]}, mean over the classes,")
        macro[name] = [_sorted(name, named, means, drawn.mean(axis=2), min_rows_per_class, leave_out)]
    return _both(by_class, macro, rate, max_difference, max_macro_difference, decide_on)


def _both(
    by_class: Mapping[str, list[ComparedRates]],
    macro: Mapping[str, list[ComparedRates]],
    rate: str,
    limit: float | None,
    macro_limit: float | None,
    decide_on: str,
) -> Report:
    asked = [(by_class, f"{rate}_difference", limit), (macro, f"macro_{rate}_difference", macro_limit)]
    reports, hindered = [], []
    for sets, name, allowed in asked:
        try:
            reports.append(gap_report(sets, check=_NAME, difference=(name, allowed), decide_on=decide_on))
        except CannotMeasure as refusal:
            reports.append(refusal.report or Report(()))
            # What is measured without a limit decides nothing.
            hindered += [refusal.sentence] if allowed is not None or sets is by_class else []
    whole = Report(
        tuple(one for report in reports for one in report.measurements),
        tuple(one for report in reports for one in report.findings),
        (*(note for report in reports for note in report.notes), *hindered),
    )
    if hindered and not whole.findings:
        raise CannotMeasure(" ".join(hindered), Report(whole.measurements))
    return whole


def _shares(table: Array, rate: str) -> tuple[Array, Array]:
    """What is counted, and what it is counted among, of each group and class: of shape (..., n_groups, n_classes)."""
    given = table.sum(axis=-2)
    if rate == "selection_rate":
        return given, np.broadcast_to(given.sum(axis=-1, keepdims=True), given.shape)
    known = table[..., :-1, :]
    right = np.diagonal(known, axis1=-2, axis2=-1)
    true, given = known.sum(axis=-1), known.sum(axis=-2)
    if rate == "true_positive_rate":
        return right, true
    if rate == "precision":
        return right, given
    return given - right, true.sum(axis=-1, keepdims=True) - true


def _drawn(table: WeighedCells, seed: int, rate: str) -> NDArray[np.float64]:
    """The rate of each group and class in each bootstrap draw of all rows, shape (n_draws, n_groups, n_classes)."""
    found = []
    for draws in table.drawn(seed):
        part, among = _shares(draws, rate)
        found.append(np.divide(part, among, out=np.full(among.shape, np.nan), where=among > 0))
    return np.concatenate(found)


def _rates(groups: tuple[str, ...], table: WeighedCells, rate: str) -> list[list[GroupRate]]:
    """Of each group the rate of each class."""
    part, whole = (
        table.summed(lambda cells: _shares(cells, rate)[0]),
        table.summed(lambda cells: _shares(cells, rate)[1]),
    )
    return [
        [GroupRate(group, *part.share_of(whole, (place, column))) for column in range(whole.rows.shape[1])]
        for place, group in enumerate(groups)
    ]


def _mean(rates: list[GroupRate]) -> GroupRate:
    values = [one.value for one in rates if one.value is not None]
    n = min(one.n for one in rates)
    if len(values) < len(rates):
        return GroupRate(rates[0].group, n, None, None, None)
    low, high = mean_of_shares([(float(one.value or 0), one.low, one.high) for one in rates])
    return GroupRate(rates[0].group, n, sum(values, Fraction(0)) / len(values), low, high)


def _sorted(
    attribute: str,
    named: Named,
    rates: list[GroupRate],
    drawn: NDArray[np.float64],
    minimum: int,
    leave_out: tuple[str, ...],
) -> ComparedRates:
    usable = [place for place, one in enumerate(rates) if one.group not in leave_out and one.n >= minimum and one.n]
    usable = [place for place in usable if rates[place].value is not None]
    out = [place for place, one in enumerate(rates) if one.group in leave_out]
    small = [place for place in range(len(rates)) if place not in usable and place not in out]
    return ComparedRates(
        attribute,
        named,
        tuple(rates[place] for place in usable),
        tuple(rates[place] for place in small),
        tuple(rates[place] for place in out),
        lambda: drawn[:, usable],
        minimum=minimum,
    )
