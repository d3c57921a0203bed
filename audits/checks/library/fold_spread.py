"""Does a version do as well in every part of its cross-validation?"""

from __future__ import annotations

import math
from fractions import Fraction

from audits.checks import CannotMeasure, FoldLosses, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Amount, Count
from audits.checks.sentences import some

_NAME = "performance.fold_spread"


@check(_NAME, version=1, needs=FoldLosses)
def fold_spread(
    losses: FoldLosses,
    *,
    max_spread: Amount | None = 0.05,
    max_range: Amount | None = None,
    min_folds: Count = 3,
    min_fold_size: Count = 30,
) -> Report:
    """Standard deviation and range of the mean loss over the folds of a cross-validation.

    A version whose errors differ much from fold to fold depends on which rows it happened to learn from. The loss of a
    row is 1 for a wrong class and the absolute error of a number. There is no interval: the folds share most of the
    rows they were trained on, and no unbiased estimate of that variance exists. Every row counts once.

    Parameters
    ----------
    losses : FoldLosses
        Rows and exact sums of losses by fold.
    max_spread : float, at least 0, or None, default=0.05
        A larger standard deviation of the loss over the folds becomes a finding; None sets no limit.
    max_range : float, at least 0, or None, default=None
        A larger difference between the worst and the best fold becomes a finding; None sets no limit.
    min_folds : int, default=3
        Fewest folds; two at least are needed for a spread.
    min_fold_size : int, default=30
        Fewest rows that a fold must have.

    Formula
    -------
    sqrt(sum of (loss of the fold - mean over the folds)^2 / (number of folds - 1))

    Measures
    --------
    loss_spread : float, at least 0, unit 1 or of the label, ideal 0.
    loss_range : float, at least 0, unit 1 or of the label, ideal 0; the worst fold less the best one.
    mean_loss : float, at least 0, unit 1 or of the label, over the folds, each counted once.
    loss : float, at least 0, unit 1 or of the label, by fold.

    Cannot measure
    --------------
    Rows without fold, label or prediction, too few folds, or a fold with too few rows.

    Source
    ------
    Kohavi (1995), A Study of Cross-Validation and Bootstrap for Accuracy Estimation and Model Selection, IJCAI 14;
    Bengio, Grandvalet (2004), No Unbiased Estimator of the Variance of K-Fold Cross-Validation, JMLR 5;
    numpy.std with ddof=1.

    Example
    -------
    | part (fold) | truth (label) | decision (prediction) | rows |
    |---|---|---|---|
    | first | 1 | 1 | 90 |
    | first | 1 | 0 | 10 |
    | second | 1 | 1 | 80 |
    | second | 1 | 0 | 20 |
    | third | 1 | 1 | 70 |
    | third | 1 | 0 | 30 |

    - `mean_loss`: (0.1 + 0.2 + 0.3) / 3 = 0.2
    - `loss_spread`: sqrt((0.01 + 0 + 0.01) / 2) = 0.1
    - `loss_range`: 0.3 - 0.1 = 0.2
    """
    if losses.incomplete:
        raise CannotMeasure(f"{losses.incomplete} of {losses.n_rows} rows lack the fold, the label or the prediction.")
    folds = sorted(losses.folds)
    if len(folds) < max(min_folds, 2):
        raise CannotMeasure(f"The table has {len(folds)} folds, {max(min_folds, 2)} are needed.")
    small = [f"{fold} ({losses.folds[fold][0]})" for fold in folds if losses.folds[fold][0] < min_fold_size]
    if small:
        raise CannotMeasure(f"Too few rows in the folds {some(small)}; {min_fold_size} are needed in each.")
    means = [losses.mean(fold) for fold in folds]
    mean = sum(means, Fraction(0)) / len(means)
    spread = math.sqrt(sum((one - mean) ** 2 for one in means) / (len(means) - 1))
    figures = [
        Figure("loss_spread", spread, n=losses.n_rows, limit=max_spread, ideal=0.0),
        Figure("loss_range", max(means) - min(means), n=losses.n_rows, limit=max_range, ideal=0.0),
        Figure("mean_loss", mean, n=losses.n_rows),
        *(
            Figure("loss", one, n=losses.folds[fold][0], group=f"{losses.names[2]}/{fold}")
            for fold, one in zip(folds, means, strict=True)
        ),
    ]
    return held(_NAME, figures, severity=Severity.MEDIUM)
