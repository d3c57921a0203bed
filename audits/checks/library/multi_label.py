"""How well are labels predicted where a row can have several?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Annotated

from audits.checks import CannotMeasure, MultiLabelSums, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Between, Count, DecideOnEvidence, Share
from audits.checks.statistics.exact_sums import Sums
from audits.checks.statistics.intervals import two_sided, wilson

_NAME = "performance.multi_label"

_Found = tuple[Fraction | None, float | None, float | None]
_UNDEFINED: _Found = (None, None, None)
# What a figure of all rows and labels divides, and by what, as sums of counts of a row.
_MICRO: Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]] = {
    "precision": ({"both": 1}, {"given": 1}),
    "recall": ({"both": 1}, {"true": 1}),
    "f1": ({"both": 2}, {"given": 1, "true": 1}),
}


@check(_NAME, version=1, needs=MultiLabelSums)
def multi_label(
    sums: MultiLabelSums,
    *,
    min_exact: Share | None = None,
    max_hamming_loss: Share | None = None,
    min_micro_f1: Share | None = None,
    min_macro_f1: Share | None = None,
    min_samples_f1: Share | None = None,
    min_label_precision: Share | None = None,
    min_label_recall: Share | None = None,
    min_gain: Annotated[float, Between(-1, 1)] | None = 0.0,
    min_rows: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Agreement of the predicted labels of a row with its true ones, over rows, over labels, and for each label.

    Micro figures count all labels of all rows together, macro figures are means over labels, samples figures means over
    rows. Labels of one row depend on each other: intervals are Wilson's with as many trials as would spread like the
    rows do (the design effect). Those of means over labels are the means of their ends, and hold whatever labels
    have to do with each other. Every row counts once, whatever it weighs.

    Parameters
    ----------
    sums : MultiLabelSums
        Counts of each label, and sums of counts of each row.
    min_exact : float in [0, 1] or None, default=None
        A share of rows with all labels right below this becomes a finding; None sets no limit.
    max_hamming_loss : float in [0, 1] or None, default=None
        A share of wrong labels above this becomes a finding; None sets no limit.
    min_micro_f1 : float in [0, 1] or None, default=None
        F1 of all labels together below this becomes a finding; None sets no limit.
    min_macro_f1 : float in [0, 1] or None, default=None
        Mean F1 of the labels below this becomes a finding; None sets no limit.
    min_samples_f1 : float in [0, 1] or None, default=None
        Mean F1 of the rows below this becomes a finding; None sets no limit.
    min_label_precision : float in [0, 1] or None, default=None
        Each label that is right less often than this where it is predicted becomes a finding; None sets no limit.
    min_label_recall : float in [0, 1] or None, default=None
        Each label that is found less often than this becomes a finding; None sets no limit.
    min_gain : float in [-1, 1] or None, default=0.0
        Labels right less than this more often than by always saying for each what is most frequent become a finding.
    min_rows : int, default=30
        Fewest rows.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    F1 = 2 hits / (2 hits + alarms + misses), of all labels and rows (micro), a label (macro) or a row (samples)

    Measures
    --------
    exact : float in [0, 1], unit 1, ideal 1; the share of rows with all labels right (subset accuracy).
    hamming_loss : float in [0, 1], unit 1, ideal 0; the share of labels that are wrong.
    micro_precision : float in [0, 1], unit 1, ideal 1.
    micro_recall : float in [0, 1], unit 1, ideal 1.
    micro_f1 : float in [0, 1], unit 1, ideal 1.
    macro_precision : float in [0, 1], unit 1, ideal 1; undefined while a label is never predicted.
    macro_recall : float in [0, 1], unit 1, ideal 1; undefined while a label never holds.
    macro_f1 : float in [0, 1], unit 1, ideal 1; undefined while a label never holds and is never predicted.
    samples_precision : float in [0, 1], unit 1, ideal 1; over rows with a predicted label.
    samples_recall : float in [0, 1], unit 1, ideal 1; over rows with a true label.
    samples_f1 : float in [0, 1], unit 1, ideal 1; over rows with a true or a predicted label.
    gain_over_majority : float in [-1, 1], unit 1; the share of right labels less that of always saying what is most
        frequent for each.
    precision : float in [0, 1], unit 1, ideal 1, by label.
    recall : float in [0, 1], unit 1, ideal 1, by label.
    f1 : float in [0, 1], unit 1, ideal 1, by label.

    Cannot measure
    --------------
    Rows without a label or a prediction, too few rows, or a figure with a limit that is undefined. An undefined figure
    is never reported as 0; figures of a single label decide where it holds or is predicted at all.

    Source
    ------
    sklearn.metrics accuracy_score, hamming_loss, precision_recall_fscore_support with zero_division=nan; Korn, Graubard
    (1998), Confidence Intervals for Proportions With Small Expected Number of Positive Counts Estimated From Survey
    Data, Survey Methodology 24, for Wilson's interval with the design effect.

    Example
    -------
    | rain (labels) | snow (labels) | rain_said (predictions) | snow_said (predictions) | rows |
    |---|---|---|---|---|
    | 1 | 0 | 1 | 0 | 50 |
    | 1 | 1 | 1 | 0 | 30 |
    | 0 | 1 | 1 | 1 | 20 |

    - `exact`: 50/100 = 0.5
    - `hamming_loss`: (30 + 20) / 200 = 0.25
    - `micro_f1`: 2 * 100 / (120 + 130) = 0.8
    - `macro_f1`: (160/180 + 40/70) / 2 = 0.7302
    - `samples_f1`: (50 * 1 + 30 * 2/3 + 20 * 2/3) / 100 = 0.8333
    - `gain_over_majority`: 150/200 - (80/100 + 50/100) / 2 = 0.1
    - `recall` of snow: 20/50 = 0.4
    """
    n = sums.rows.n
    if sums.incomplete:
        raise CannotMeasure(f"{sums.incomplete} of {sums.n_rows} rows lack a label or a prediction.")
    if n < min_rows:
        raise CannotMeasure(f"The table has {n} rows, {min_rows} are needed.")
    by_label = {
        name: _of_label(*counts) for name, *counts in zip(sums.labels, sums.hits, sums.alarms, sums.misses, strict=True)
    }
    limits = {"micro_f1": min_micro_f1, "macro_f1": min_macro_f1, "samples_f1": min_samples_f1}
    exact = int(sums.rows.total("exact"))
    figures = [
        Figure("exact", Fraction(exact, n), *wilson(exact, n), n, min_exact, at_least=True, ideal=1.0),
        Figure("hamming_loss", *_hamming(sums), n, max_hamming_loss, ideal=0.0),
        *(_of_good(f"micro_{name}", _micro(sums, *parts), n, limits) for name, parts in _MICRO.items()),
        *(_of_good(f"macro_{name}", _mean([of[name] for of in by_label.values()]), n, limits) for name in _MICRO),
        *(
            _of_good(f"samples_{name}", _samples(of_rows), of_rows.n, limits)
            for name, of_rows in (("precision", sums.precision), ("recall", sums.recall), ("f1", sums.f1))
        ),
        Figure("gain_over_majority", *_gain(sums), n, min_gain, at_least=True),
    ]
    of_label = {"precision": min_label_precision, "recall": min_label_recall}
    for label, found in by_label.items():
        for name, one in found.items():
            limit = None if one[0] is None else of_label.get(name)
            figures.append(Figure(name, *one, n, limit, at_least=True, ideal=1.0, group=label))
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on)


def _of_good(name: str, found: _Found, n: int, limits: Mapping[str, float | None]) -> Figure:
    return Figure(name, *found, n, limits.get(name), at_least=True, ideal=1.0)


def _of_label(hits: int, alarms: int, misses: int) -> dict[str, _Found]:
    f1 = _ratio(
        Fraction(2 * hits),
        Fraction(2 * hits + alarms + misses),
        lambda share: (2 - 2 * share) ** 2 * hits + share**2 * (alarms + misses),
        hits + alarms + misses,
    )
    found = {}
    for name, whole in (("precision", hits + alarms), ("recall", hits + misses)):
        found[name] = (Fraction(hits, whole), *wilson(hits, whole)) if whole else _UNDEFINED
    return {**found, "f1": f1}


def _micro(sums: MultiLabelSums, part: Mapping[str, int], whole: Mapping[str, int]) -> _Found:
    def spread(share: Fraction) -> Fraction:
        apart = {name: part.get(name, 0) - share * whole.get(name, 0) for name in {*part, *whole}}
        return sums.moment(apart, apart)

    parts, wholes = (
        sum((factor * sums.rows.total(name) for name, factor in one.items()), Fraction(0)) for one in (part, whole)
    )
    return _ratio(parts, wholes, spread, sums.rows.n)


def _samples(of_rows: Sums) -> _Found:
    total, squares = of_rows.total("share"), of_rows.total("share_2")
    n = Fraction(of_rows.n)
    return _ratio(total, n, lambda share: max(squares - n * share**2, Fraction(0)), of_rows.n)


def _hamming(sums: MultiLabelSums) -> _Found:
    n, many = sums.rows.n, len(sums.labels)
    wrong, squares = sums.rows.total("wrong"), sums.rows.total("wrong_2")
    return _ratio(
        wrong, Fraction(n * many), lambda share: squares - 2 * share * many * wrong + n * (share * many) ** 2, n
    )


def _ratio(part: Fraction, whole: Fraction, spread: Callable[[Fraction], Fraction], n: int) -> _Found:
    """A share of two sums over n rows; `spread` is the sum over rows of (part - share * whole)^2 at that share.

    Wilson's interval takes as many trials as would vary as much, and never more than there are: rows whose labels are
    all alike right would otherwise promise a figure without any doubt.
    """
    if whole == 0:
        return _UNDEFINED
    share = part / whole
    variance = spread(share) / whole**2
    trials = whole if variance == 0 else min(whole, share * (1 - share) / variance)
    if share in (0, 1):
        trials = min(whole, Fraction(n))
    return share, *wilson(float(share * trials), float(trials))


def _mean(shares: Sequence[_Found]) -> _Found:
    """The mean of figures that may hang together in any way: so do the means of the ends of their intervals."""
    found = [(value, low, high) for value, low, high in shares if value is not None]
    if len(found) < len(shares):
        return _UNDEFINED
    lows, highs = (math.fsum(end for one in found if (end := one[place]) is not None) for place in (1, 2))
    return sum((value for value, _, _ in found), Fraction(0)) / len(found), lows / len(found), highs / len(found)


def _gain(sums: MultiLabelSums) -> _Found:
    """The mean over labels of the share of rows that are right less that of the more frequent answer."""
    n, z = sums.rows.n, two_sided()
    found: list[_Found] = []
    for hits, alarms, misses in zip(sums.hits, sums.alarms, sums.misses, strict=True):
        # Where the label seldom holds, "no" is wrong on its rows: hits are won and alarms lost against it.
        seldom = 2 * (hits + misses) <= n
        won, lost = (hits, alarms) if seldom else (n - hits - alarms - misses, misses)
        gain = Fraction(won - lost, n)
        reach = z * math.sqrt(float(Fraction(won + lost, n) - gain**2) / n)
        found.append((gain, max(-1.0, float(gain) - reach), min(1.0, float(gain) + reach)))
    return _mean(found)
