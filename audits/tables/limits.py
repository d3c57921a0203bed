"""How large may a table be?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The sizes at which a table is refused, all of them counted after unpacking.

    A row of a delimited file is also the unit in which it is read: a row above `max_row_bytes` is always
    refused where it spans more than two blocks of that size.
    """

    max_columns: int = 2_000
    max_rows: int = 50_000_000
    max_cell_bytes: int = 65_536
    max_row_bytes: int = 1024 * 1024
    max_bytes: int = 32 * 1024**3


DEFAULT = Limits()
