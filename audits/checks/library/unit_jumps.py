"""Did a feature change its unit?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from audits.checks import CannotMeasure, Finding, NumberSpreads, Report, Severity, check
from audits.checks.figures import Figure
from audits.checks.parameters import Amount, Count
from audits.checks.sentences import figure, some
from audits.checks.statistics.number_spreads import Spread

_NAME = "data_quality.unit_jumps"

# How much larger a number becomes, by what it was and is; the way back is the inverse.
FACTORS: Mapping[float, str] = MappingProxyType(
    {
        10.0: "tenfold",
        100.0: "a hundredfold, as shares become percent or metres centimetres",
        1_000.0: "a thousandfold, as thousands are written out or kilograms become grams",
        1_000_000.0: "a millionfold, as millions are written out",
        7.0: "sevenfold, as weeks become days",
        12.0: "twelvefold, as years become months or feet inches",
        24.0: "24-fold, as days become hours",
        60.0: "60-fold, as hours become minutes or minutes seconds",
        365.25: "365-fold, as years become days",
        2.54: "2.54-fold, as inches become centimetres",
        3.28083989501312: "3.28-fold, as metres become feet",
        2.20462262184878: "2.2-fold, as kilograms become pounds",
        1.609344: "1.61-fold, as miles become kilometres",
        3.6: "3.6-fold, as metres a second become kilometres an hour",
    }
)
_SHOWN = slice(1, -1)


@check(_NAME, version=1, needs=NumberSpreads, tables=("evaluation", "reference"))
def unit_jumps(
    evaluation: NumberSpreads,
    reference: NumberSpreads,
    *,
    columns: tuple[str, ...] = (),
    max_misfit: Amount = 0.25,
    min_rows: Count = 100,
) -> Report:
    """Numeric features whose quantiles are those of the reference times the factor between two usual units.

    The misfit is the largest difference between the 5, 25, 50, 75 and 95 percent quantiles of the two tables, in
    distances between the quartiles of the reference. A feature jumped when its misfit is small after the factor is
    taken out, more than 1 before, and ten times as large; Fahrenheit for Celsius, which also moves zero, is tried
    too.

    Parameters
    ----------
    evaluation : NumberSpreads
        Quantiles of the numeric features now.
    reference : NumberSpreads
        Quantiles of the numeric features in the reference.
    columns : list of str, default=[]
        Features to compare; an empty list compares every numeric feature.
    max_misfit : float, at least 0, default=0.25
        Largest misfit that is left when a factor explains the difference.
    min_rows : int, default=100
        Fewest numbers that a feature must have in each table.

    Formula
    -------
    max over q of |quantile q now - quantile q before| / (Q3 - Q1 of the reference)

    Measures
    --------
    misfit : float, at least 0, unit quartile distances, ideal 0, by feature, as the numbers are.
    unit_factor : float above 0, unit 1, ideal 1, by feature that jumped; the factor that explains the difference.

    Cannot measure
    --------------
    No feature that has enough numbers in both tables and different quartiles in the reference, or one that is asked
    for has not (unless another one jumped); others are left out with a note. A jump in some rows only is not
    recognised here: data_quality.outliers may tell.

    Source
    ------
    NIST Special Publication 811 (2008), appendix B, for the factors; the rule is our own.

    Example
    -------
    | length (feature) | in (table) | rows |
    |---|---|---|
    | 1000 | evaluation | 4 |
    | 2000 | evaluation | 2 |
    | 3000 | evaluation | 4 |
    | 1 | reference | 4 |
    | 2 | reference | 2 |
    | 3 | reference | 4 |

    - `misfit` of length: by the 95 percent quantile and the quartiles 1 and 3, (3000 - 3)/(3 - 1) = 1498.5
    - `unit_factor` of length: 1000/1, 2000/2 and 3000/3, which leaves no misfit, = 1000
    """
    names = list(columns) or sorted({*evaluation.spreads, *reference.spreads})
    figures, findings, left_out = [], [], []
    for name in names:
        now, then = evaluation.spreads.get(name), reference.spreads.get(name)
        if now is None or then is None or min(now.n, then.n) < min_rows or then.middle <= 0:
            left_out.append(f'Feature "{name}" has too few numbers or equal quartiles and is left out.')
            continue
        before = _misfit(now, then, 1.0, 0.0)
        figures.append(Figure("misfit", before, n=now.n, ideal=0.0, unit="quartile distances", group=name))
        left, factor, words = min(_tried(now, then))
        if left <= max_misfit and before > 1 and before >= 10 * left:
            figures.append(Figure("unit_factor", factor, n=now.n, ideal=1.0, group=name, note=words))
            sentence = (
                f'"{name}" seems to have changed its unit: its numbers grew or shrank {words} (a median of '
                f"{figure(_median(then))} before and {figure(_median(now))} now)."
            )
            findings.append(Finding(f"{_NAME}/{name}", Severity.HIGH, sentence, "unit_factor"))
    measured = tuple(one.measurement() for one in figures)
    if not figures or (columns and left_out and not findings):
        raise CannotMeasure(some(left_out) or "There is no numeric feature.", Report(measured))
    return Report(measured, tuple(findings), tuple(left_out))


def _tried(now: Spread, then: Spread) -> list[tuple[float, float, str]]:
    """What is left of the misfit under each factor, the factor, and its words."""
    tried = []
    for factor, words in FACTORS.items():
        tried.append((_misfit(now, then, factor, 0.0), factor, words))
        tried.append((_misfit(now, then, 1 / factor, 0.0), 1 / factor, f"the other way round: {words}"))
    tried.append((_misfit(now, then, 1.8, 32.0), 1.8, "as Celsius becomes Fahrenheit"))
    tried.append((_misfit(now, then, 1 / 1.8, -32 / 1.8), 1 / 1.8, "as Fahrenheit becomes Celsius"))
    return tried


def _misfit(now: Spread, then: Spread, factor: float, shift: float) -> float:
    pairs = zip(now.quantiles[_SHOWN], then.quantiles[_SHOWN], strict=True)
    worst = max(abs((value - shift) / factor - known) for value, known in pairs)
    return worst / then.middle if math.isfinite(worst) else math.inf


def _median(spread: Spread) -> float:
    return spread.quantiles[len(spread.quantiles) // 2]
