"""How is a piece of evidence told in a line?"""

from collections.abc import Iterable
from typing import Any


def size_of_table(*, rows: int, columns: int, is_profile: bool) -> str:
    """Return how large a table is, and whether its rows are here or stayed where they are."""
    size = f"{_counted(rows, 'row')}, {_counted(columns, 'column')}"
    return f"stored profile, stands for {size}" if is_profile else size


def lines_of(evidence: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the evidence of a version's file, each table with its size in words."""
    return [{**piece, "told": _told(piece)} for piece in evidence]


def _told(piece: dict[str, Any]) -> str:
    if piece["rows"] is None:
        return ""
    return size_of_table(rows=piece["rows"], columns=len(piece["columns"]), is_profile=piece["is_profile"])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
