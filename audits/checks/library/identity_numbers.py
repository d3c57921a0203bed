"""Which columns look like national identity numbers or card numbers?"""

from __future__ import annotations

from fractions import Fraction

from audits.checks import CellForms, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.parameters import Count, Share

_NAME = "data_quality.identity_numbers"


@check(_NAME, version=1, needs=CellForms)
def identity_numbers(
    forms: CellForms, *, max_share: Share = 0.5, min_cells: Count = 5, allowed: tuple[str, ...] = ()
) -> Report:
    """Columns of numbers or text whose cells carry the check digits of one kind of identity number.

    A single number passes the check digits of a kind by chance, one in ten to one in a hundred; most cells of a
    column do not. Blanks, points, dashes and slashes between digits are passed over. Known are the numbers of
    Brazil (CPF), Britain (NHS), Canada (SIN), China, France (NIR), Germany (Steuer-ID), India (Aadhaar), Korea
    (RRN), the Netherlands (BSN), Poland (PESEL), Spain (DNI, NIE), Sweden and Turkey, and payment cards. The result
    holds counts, never the cells.

    Parameters
    ----------
    forms : CellForms
        Cells of every column by form.
    max_share : float in [0, 1], default=0.5
        Columns in which a larger share of the filled cells passes become a finding for that kind.
    min_cells : int, default=5
        Fewest filled cells of a column for its share to mean anything.
    allowed : list of str, default=[]
        Columns that are meant to hold such numbers, by name.

    Formula
    -------
    cells whose check digits come out / filled cells, by column and kind

    Measures
    --------
    identity_share : float in [0, 1], unit 1, ideal 0, by column and kind, where there are any.

    Cannot measure
    --------------
    A table without rows. Numbers without check digits, such as those of the United States, are not recognised, nor
    numbers whose leading zeros were lost.

    Source
    ------
    Banco de dados da Receita Federal (CPF); NHS Data Dictionary; ISO/IEC 7064 (MOD 11,10, MOD 11-2, MOD 97);
    Verhoeff (1969), Error Detecting Decimal Codes; ISO/IEC 7812-1 (Luhn); python-stdnum for the collected rules.

    Example
    -------
    | patient (feature) | rows |
    |---|---|
    | 943 476 5919 | 3 |
    | 943 476 5918 | 1 |

    The first nine digits times 10, 9, ... 2 sum to 299 = 27*11 + 2, so that 11 - 2 = 9 is the right last one.

    - `identity_share` of patient/british_nhs: 3/4 = 0.75
    """
    figures = []
    for column in forms.by_name.values():
        filled = column.rows - column.forms.get("blank", 0)
        for kind, n in sorted(column.identities.items()):
            limit = None if column.name in allowed or filled < min_cells else max_share
            share, group = Fraction(n, filled), f"{column.name}/{kind}"
            figures.append(Figure("identity_share", share, n=filled, limit=limit, ideal=0.0, group=group))
    return held(_NAME, figures, severity=Severity.HIGH)
