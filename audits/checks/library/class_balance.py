"""Is every class frequent enough to be learnt and judged?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, ClassCounts, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Count, DecideOnEvidence, Share
from audits.checks.statistics.intervals import wilson

_NAME = "data_quality.class_balance"


@check(_NAME, version=1, needs=ClassCounts, weighs=False)
def class_balance(
    classes: ClassCounts,
    *,
    min_share: Share = 0.01,
    min_rows: Count = 30,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Share of rows of every class that occurs as a label.

    Parameters
    ----------
    classes : ClassCounts
        Counts by true class.
    min_share : float in [0, 1], default=0.01
        Each class with a smaller share becomes a finding.
    min_rows : int, default=30
        Fewest rows with a known label.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limit; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    rows of a class / rows with a label

    Measures
    --------
    class_share : float in [0, 1], unit 1, by class, with Wilson's interval.

    Cannot measure
    --------------
    Too few rows with a label, one class alone, or more than 50 classes.

    Source
    ------
    Wilson (1927), doi:10.1080/01621459.1927.10502953, for the interval.

    Example
    -------
    | truth (label) | rows |
    |---|---|
    | 1 | 30 |
    | 0 | 70 |

    - `class_share` of truth/1: 30/100 = 0.3
    """
    by_label = classes.by_label
    rows = sum(by_label.values())
    if rows < min_rows:
        raise CannotMeasure(f"{rows} rows have a known label, {min_rows} are needed.")
    figures = [
        Figure(
            "class_share",
            Fraction(n, rows),
            *wilson(n, rows),
            rows,
            min_share,
            at_least=True,
            group=f"{classes.label}/{name}",
        )
        for name, n in by_label.items()
    ]
    alone = [f'Only one class occurs in "{classes.label}".'] if len(by_label) < 2 else []
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, obstacles=alone)
