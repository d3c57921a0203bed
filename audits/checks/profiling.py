"""What may leave the place of a table instead of its rows, so that drift from it can be measured elsewhere?"""

from __future__ import annotations

from typing import Any

from audits.checks.base import CannotMeasure, Check
from audits.checks.outcomes import TableInput, plain
from audits.checks.scan import Failure, Statistics, scan_tables
from audits.checks.statistics.column_values import ColumnValues
from audits.checks.statistics.stored_profile import profiled
from audits.checks.wishes import Wish

VERSION = 1

columns_of_profile = ColumnValues.columns


def reads_profile(check: Check, table: str) -> bool:
    """Whether a stored profile can stand in the place of a table's rows for this check.

    It can where columns are laid beside those of the first table. Whatever counts the values of one table would take a
    cell of the profile for a value.
    """
    return table in check.tables[1:] and set(check.needs) == {ColumnValues}


def profile_document(table: TableInput) -> dict[str, Any]:
    """The profile of the features, prediction and score of a table, read once.

    Raises: CannotMeasure when there is nothing to read.
    """

    def finished(column: str, statistics: Statistics) -> None:
        """Let the rows of a column go before those of the next one are read."""
        values = statistics["reference", ColumnValues]
        if not isinstance(values, Failure) and column in values.by_name:
            values.by_name[column] = profiled(values.by_name[column])

    wishes: dict[str, dict[type, Wish]] = {"reference": {ColumnValues: Wish(table.roles)}}
    found = scan_tables({"reference": table}, wishes, seed=0, finished=finished)["reference", ColumnValues]
    if isinstance(found, Failure):
        raise CannotMeasure(found.sentence)
    columns = found.to_document()["columns"]
    document: dict[str, Any] = plain({"profile": VERSION, "rows": found.n_rows, "columns": columns})
    return document
