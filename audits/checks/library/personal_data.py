"""Which columns hold personal data that does not belong there?"""

from __future__ import annotations

from audits.checks import CellForms, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.statistics.cell_forms import PERSONAL

_NAME = "data_quality.personal_data"


@check(_NAME, version=1, needs=CellForms)
def personal_data(forms: CellForms, *, allowed: tuple[str, ...] = ()) -> Report:
    """Text cells that hold an e-mail address, a payment card number, an IBAN or an international phone number.

    Card numbers and IBANs count only with right check digits; phone numbers only with a plus and a country
    code. One such cell is a finding. The result holds counts, never the cells.

    Parameters
    ----------
    forms : CellForms
        Cells of every column by form.
    allowed : list of str, default=[]
        Columns that are meant to hold such data, by name.

    Formula
    -------
    number of cells that hold such data, by column and kind

    Measures
    --------
    personal_cells : int, unit cells, ideal 0, by column and kind: email, card, iban or phone.

    Cannot measure
    --------------
    A table without rows. Names, addresses and data without check digits are not recognised.

    Source
    ------
    ISO/IEC 7812-1 (Luhn) for cards, ISO 13616-1 for IBANs, ITU-T E.164 for phone numbers.

    Example
    -------
    | note (feature) | rows |
    |---|---|
    | paid | 5 |
    | ask ada@example.org | 2 |
    | call +49 228 1234567 | 1 |

    - `personal_cells` of note/email: the rows with an address = 2
    - `personal_cells` of note/phone: the row with a plus and a country code = 1
    - `personal_cells` of note/card: none = 0
    """
    figures = [
        Figure(
            "personal_cells",
            column.personal.get(kind, 0),
            n=column.rows,
            unit="cells",
            ideal=0.0,
            limit=None if column.name in allowed else 0.0,
            group=f"{column.name}/{kind}",
        )
        for column in forms.by_name.values()
        if column.kind == "text"
        for kind in PERSONAL
    ]
    return held(_NAME, figures, severity=Severity.HIGH)
