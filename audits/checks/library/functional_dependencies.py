"""Where does one column nearly always tell another, and which rows disagree?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CannotMeasure, Report, Severity, ValuePairs, check
from audits.checks.figures import Figure, held
from audits.checks.limits import exactly
from audits.checks.parameters import Amount, Share

_NAME = "data_quality.functional_dependencies"


@check(_NAME, version=1, needs=ValuePairs)
def functional_dependencies(
    pairs: ValuePairs,
    *,
    declared: tuple[str, ...] = (),
    max_error: Share = 0.02,
    min_rows_per_value: Amount = 5.0,
    allowed: tuple[str, ...] = (),
) -> Report:
    """Rows in which a text feature has another value than the one that goes with it everywhere else.

    A dependency is declared, such as "city -> state", or found: it is one that holds in all but a few rows, between
    columns whose values repeat, and that does not hold merely because one value of the second column is everywhere.
    What breaks it is mostly a mistake. The error is the smallest share of rows that would have to go for the
    dependency to hold.

    Parameters
    ----------
    pairs : ValuePairs
        Counts of rows by the values of two text features.
    declared : list of str, default=[]
        Dependencies that must hold in every row, such as "city -> state".
    max_error : float in [0, 1], default=0.02
        Largest error of a dependency that is found; one with a larger error is none.
    min_rows_per_value : float, at least 0, default=5.0
        Fewest rows that a value of the first column has on average for a dependency to be found.
    allowed : list of str, default=[]
        Dependencies that may be broken, such as "city -> state".

    Formula
    -------
    g3 = 1 - (sum over values a of the rows of the commonest b beside a) / rows with both

    Measures
    --------
    dependency_error : float in [0, 1], unit 1, ideal 0, by dependency that is declared or broken; among the rows
        that hold both values.
    broken_rows : int, unit rows, ideal 0, by dependency.

    Cannot measure
    --------------
    A declared dependency between columns that are no text features, have more than 1,000 different texts or more than
    5,000 different pairs, or share no row.

    Source
    ------
    Kivinen, Mannila (1995), Approximate inference of functional dependencies from relations,
    doi:10.1016/0304-3975(95)00028-U, for the error g3.

    Example
    -------
    | city (feature) | state (feature) | rows |
    |---|---|---|
    | Mainz | Rhineland | 9 |
    | Mainz | Hesse | 1 |
    | Kassel | Hesse | 10 |

    With `declared=["city -> state"]`:

    - `dependency_error` of city -> state: 1 - (9 + 10)/20 = 0.05
    - `broken_rows` of city -> state: 20 - (9 + 10) = 1
    """
    known = pairs.dependencies()
    wanted = [_read(text) for text in declared]
    obstacles = [f'"{_written(pair)}" cannot be followed in this table.' for pair in wanted if pair not in known]
    figures = []
    for pair, found in known.items():
        error = Fraction(found.rows - found.agreeing, found.rows)
        trivial = Fraction(found.rows - found.commonest, found.rows)
        repeats = found.rows >= min_rows_per_value * found.values
        is_near = 0 < error <= exactly(max_error) and repeats and error * 5 <= trivial
        if pair in wanted or is_near:
            name = _written(pair)
            limit = None if name in allowed else 0.0
            rows, broken = found.rows, found.rows - found.agreeing
            figures.append(Figure("dependency_error", error, n=rows, limit=limit, ideal=0.0, group=name))
            figures.append(Figure("broken_rows", broken, n=rows, ideal=0.0, unit="rows", group=name))
    return held(_NAME, figures, severity=Severity.LOW, obstacles=obstacles)


def _read(text: str) -> tuple[str, str]:
    given, arrow, told = (part.strip() for part in text.partition("->"))
    if not (given and arrow and told):
        raise CannotMeasure(f'"{text}" is no dependency; write "city -> state".')
    return given, told


def _written(pair: tuple[str, str]) -> str:
    return " -> ".join(pair)
