"""Do the features as a whole go together otherwise than in the reference?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audits.checks import CannotMeasure, Correlations, Finding, Report, Severity, check
from audits.checks.figures import Figure
from audits.checks.limits import exactly
from audits.checks.parameters import Count, Share
from audits.checks.sentences import figure
from audits.checks.statistics.tails import chi_square_tail

_NAME = "drift.correlation_structure"
_SMALLEST_EIGENVALUE = 1e-8

Matrix = NDArray[np.float64]


@check(_NAME, version=1, needs=Correlations, tables=("evaluation", "reference"))
def correlation_structure(
    evaluation: Correlations,
    reference: Correlations,
    *,
    max_distance: Share = 0.1,
    max_p_value: Share = 0.01,
    min_rows: Count = 100,
) -> Report:
    """Distance between the correlation matrices of the numeric features, and a test that they are one.

    The structure moved when the distance is above its limit *and* Jennrich's test is significant: a table can keep
    the spread of every column and still hold other people. The label is left out.

    Parameters
    ----------
    evaluation : Correlations
        Correlations now.
    reference : Correlations
        Correlations in the reference.
    max_distance : float in [0, 1], default=0.1
        Distances above this, if significant, become a finding.
    max_p_value : float in [0, 1], default=0.01
        Largest p-value that is significant.
    min_rows : int, default=100
        Fewest rows with both numbers that every pair must have in each table.

    Formula
    -------
    1 - trace(R S) / (|R| |S|), R and S the correlation matrices, |.| the Frobenius norm

    Measures
    --------
    correlation_matrix_distance : float in [0, 1], unit 1, ideal 0; 1 less the cosine of the two matrices.
    p_value : float in [0, 1], unit 1, of Jennrich's test, with p (p - 1) / 2 degrees of freedom for p features.

    Cannot measure
    --------------
    Fewer than two numeric features in both tables, too few rows, or features of which one is determined by the
    others, while the distance is above its limit. Features that are constant in a table are left out with a note.

    Source
    ------
    Herdin et al. (2005), Correlation Matrix Distance, doi:10.1109/VETECS.2005.1543265; Jennrich (1970), An Asymptotic
    Chi-Square Test for the Equality of Two Correlation Matrices, JASA 65, doi:10.1080/01621459.1970.10481133.

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

    - `correlation_matrix_distance`: correlations of 0.6 and 0.2, 1 - (2 + 2*0.6*0.2)/sqrt((2 + 2*0.36)(2 + 2*0.04))
      = 0.05826
    - `p_value`: 10*10/20 (0.6 - 0.2)^2/(1 - 0.4^2)^2 = 1.134, and the tail beyond it of chi-square with one degree of
      freedom = 0.287
    """
    names = sorted({name for pair in evaluation.pairs for name in pair} - {evaluation.label})
    kept = [name for name in names if _varies(name, evaluation) and _varies(name, reference)]
    if len(kept) < 2:
        raise CannotMeasure("Fewer than two numeric features vary in both tables.")
    (now, n), (then, m) = (_matrix(kept, table) for table in (evaluation, reference))
    if min(n, m) < min_rows:
        raise CannotMeasure(f"A pair of features has {min(n, m)} rows with both numbers, {min_rows} are needed.")
    distance = max(0.0, 1.0 - float((now * then).sum() / np.linalg.norm(now) / np.linalg.norm(then)))
    p_value = jennrich(now, then, n, m)
    note = "" if p_value is not None else "undefined: a feature is determined by the others"
    figures = [
        Figure("correlation_matrix_distance", distance, n=n, limit=max_distance, ideal=0.0),
        Figure("p_value", p_value, n=n, note=note),
    ]
    measured = tuple(one.measurement() for one in figures)
    notes = [f"{len(names) - len(kept)} features are constant in a table and left out."] if kept != names else []
    if distance <= exactly(max_distance):
        return Report(measured, (), tuple(notes))
    if p_value is None:
        raise CannotMeasure("A feature is determined by the others, so that no test is defined.", Report(measured))
    if p_value > max_p_value:
        return Report(measured, (), tuple(notes))
    sentence = (
        f"The features go together otherwise: a distance of {figure(distance)} between the correlation matrices, above "
        f"the limit {figure(max_distance)}, with a p-value of {figure(p_value)}."
    )
    return Report(measured, (Finding(_NAME, Severity.MEDIUM, sentence, "correlation_matrix_distance"),), tuple(notes))


def jennrich(now: Matrix, then: Matrix, n: int, m: int) -> float | None:
    """The p-value of Jennrich's test; None when the pooled matrix is singular."""
    pooled = (n * now + m * then) / (n + m)
    if float(np.linalg.eigvalsh(pooled)[0]) < _SMALLEST_EIGENVALUE:
        return None
    inverse = np.linalg.inv(pooled)
    z = np.sqrt(n * m / (n + m)) * inverse @ (now - then)
    diagonal = np.diag(z)
    weight = np.eye(len(z)) + pooled * inverse
    statistic = float(np.trace(z @ z) / 2 - diagonal @ np.linalg.solve(weight, diagonal))
    return chi_square_tail(max(statistic, 0.0), len(z) * (len(z) - 1) // 2)


def _varies(name: str, table: Correlations) -> bool:
    values = [r for pair, (_, r) in table.pairs.items() if name in pair]
    return any(r is not None for r in values)


def _matrix(names: list[str], table: Correlations) -> tuple[Matrix, int]:
    """Correlations of shape (n_names, n_names), and the fewest rows that a pair has."""
    matrix, rows = np.eye(len(names)), []
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            n, r = table.pairs.get((first, names[j]), (0, None))
            matrix[i, j] = matrix[j, i] = 0.0 if r is None else r
            rows.append(n if r is not None else 0)
    return matrix, min(rows)
