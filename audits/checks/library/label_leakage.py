"""Is there a feature that alone tells the label?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, FeatureClasses, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.intervals import percentile, redrawn

_NAME = "data_quality.label_leakage"


@check(_NAME, version=1, needs=FeatureClasses)
def label_leakage(
    features: FeatureClasses,
    *,
    max_auc: Share = 0.95,
    min_rows: Count = 30,
    allowed: tuple[str, ...] = (),
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Area under the ROC curve of each feature alone, as if it were the model.

    Numbers fall into at most 64 bins of equal weight and of 20 rows or more, texts into bins of their own, those of
    fewer than 20 rows together; a missing cell is a bin too, because what is filled in only after the outcome gives
    the outcome away. Each bin is scored with the share of a class in it, so that a relation of any shape counts. With
    several classes the area is the largest of one class against the others. A feature that all but equals the label
    was probably written down after it.

    Parameters
    ----------
    features : FeatureClasses
        Counts by feature, bin and class.
    max_auc : float in [0, 1], default=0.95
        Features with a larger area become a finding each.
    min_rows : int, default=30
        Fewest rows of a class, and of all others, for its area to count.
    allowed : list of str, default=[]
        Features that may tell the label, by name.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limit; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    AUC of a feature scored by the share of the class in its bin; ties count half

    Measures
    --------
    single_feature_auc : float in [0.5, 1], unit 1, ideal 0.5, by feature, with a bootstrap interval. It is drawn
        upwards a little by the scoring of the bins on the same rows.

    Cannot measure
    --------------
    A regression, or fewer than two classes with enough rows. A feature of more than 1,000 different texts is left
    out with a note.

    Source
    ------
    Kaufman et al. (2012), Leakage in Data Mining, doi:10.1145/2382577.2382579; deepchecks, Feature Label
    Correlation, for the idea; sklearn.metrics.roc_auc_score for the area.

    Example
    -------
    | town (feature) | truth (label) | rows |
    |---|---|---|
    | Bonn | 1 | 15 |
    | Bonn | 0 | 5 |
    | Ulm | 1 | 5 |
    | Ulm | 0 | 15 |

    - `single_feature_auc` of town: of 20*20 pairs 15*15 are in order and 15*5 + 5*15 are ties,
      (225 + 150/2)/400 = 0.75
    """
    figures, notes = [], []
    for name in features.features:
        counts = features.counts(name)
        if counts is None:
            notes.append(f'Feature "{name}" has more than 1,000 different texts and is left out.')
            continue
        pairs = []
        for place, class_name in enumerate(features.classes):
            own = counts[:, place]
            pair = np.stack([own, counts.sum(axis=1) - own], axis=1)
            if pair.sum(axis=0).min() >= min_rows:
                pairs.append((_area(pair), class_name, pair))
        if not pairs:
            raise CannotMeasure(f"Fewer than two classes have {min_rows} rows or more.")
        area, class_name, pair = max(pairs, key=lambda found: found[:2])
        low, high = _interval(pair, float(area))
        limit = None if name in allowed else max_auc
        note = "" if len(features.classes) == 2 else f"class {class_name} against the others"
        n = int(pair.sum())
        figures.append(Figure("single_feature_auc", area, low, high, n, limit, ideal=0.5, group=name, note=note))
    return held(_NAME, figures, severity=Severity.HIGH, decide_on=decide_on, notes=notes)


def _by_share(pair: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bins in ascending share of the class, those of equal share as one: shape (n_bins, 2)."""
    merged: dict[Fraction, NDArray[np.int64]] = {}
    for row in pair[pair.sum(axis=1) > 0]:
        share = Fraction(int(row[0]), int(row.sum()))
        merged[share] = merged.get(share, np.zeros(2, np.int64)) + row
    return np.array([merged[share] for share in sorted(merged)])


def _area(pair: NDArray[np.int64]) -> Fraction:
    ordered = _by_share(pair).astype(object)
    below = np.cumsum(ordered[:, 1]) - ordered[:, 1]
    twice = int((ordered[:, 0] * (2 * below + ordered[:, 1])).sum())
    return Fraction(twice, 2 * int(ordered[:, 0].sum()) * int(ordered[:, 1].sum()))


def _interval(pair: NDArray[np.int64], area: float) -> tuple[float | None, float | None]:
    """A percentile interval from 2,000 draws of the rows, with the bins in the order that was found."""
    ordered = _by_share(pair)
    drawn = redrawn(ordered.reshape(-1), 0).reshape(-1, *ordered.shape).astype(float)
    own, others = drawn[:, :, 0], drawn[:, :, 1]
    below = np.cumsum(others, axis=1) - others
    among = own.sum(axis=1) * others.sum(axis=1)
    areas = (own * (below + others / 2)).sum(axis=1)
    return percentile(np.divide(areas, among, out=np.full(len(among), np.nan), where=among > 0), area)
