"""How does somebody who holds a table make a profile of it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audits.tables import Declaration, TableFormat


def profile_table(path: Path, fmt: TableFormat, declaration: Declaration) -> dict[str, Any]:
    """The profile of a table, as a document. Raises: UnusableTable, CannotMeasure.

    The table is one's own: unlike those of a run it is read in this process.
    """
    # A child imports this package before it is locked, and the libraries behind the checks start threads.
    from audits.checks import columns_of_profile, profile_document
    from audits.sandbox.given import GivenTable
    from audits.tables import inspect_table

    inspect_table(path, fmt, declaration)
    given = GivenTable(path, fmt, declaration)
    return profile_document(given.as_input(columns_of_profile(given.roles)))
