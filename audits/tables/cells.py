"""What type does a column of text cells have, and what are its values?

The type is a property of the whole column and is made of questions that are asked of each cell alone, so that
neither the order of the rows nor the size of the blocks they are read in can change it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

INTEGER, NUMBER, TEXT, TIME = "integer", "number", "text", "time"

# From here on, neighbouring whole numbers are the same float: turning such an id into one would merge people.
FIRST_INEXACT = 2**53


class NotANumber(Exception):
    """The first cell, counted from 0, that is not a number."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass
class CellTypes:
    """What has been seen of a column of text cells so far."""

    seen: bool = False
    all_numbers: bool = True
    all_whole: bool = True
    any_inexact: bool = False

    def add(self, cells: pa.Array) -> None:
        """Take further cells of the column into account."""
        if not self.all_numbers or cells.null_count == len(cells):
            return
        try:
            numbers = parse_numbers(cells)
        except NotANumber:
            self.all_numbers = False
            return
        self.seen = self.seen or numbers.null_count < len(numbers)
        self.all_whole = self.all_whole and _as_whole(cells) is not None
        self.any_inexact = self.any_inexact or _any_inexact(cells, numbers)

    @property
    def type(self) -> str:
        if not self.seen or not self.all_numbers:
            return TEXT
        if self.all_whole:
            return INTEGER
        return TEXT if self.mixes_inexact else NUMBER

    @property
    def mixes_inexact(self) -> bool:
        """Whether whole numbers above 2**53 stand beside fractions, so that no one type holds both exactly."""
        return self.any_inexact and not self.all_whole


def parse_numbers(cells: pa.Array) -> pa.Array:
    """Text cells of shape (n_rows,) as float64; empty cells and NaN are null. Raises NotANumber."""
    numbers = _cast(cells, pa.float64())
    if numbers is None:
        raise NotANumber(min(_first_not_cast(cells), _first_code(cells, len(cells))))
    code = _first_code(cells, -1)
    if code >= 0:
        raise NotANumber(code)
    return nan_as_missing(numbers)


def nan_as_missing(numbers: pa.Array) -> pa.Array:
    """Doubles with NaN replaced by null."""
    if len(numbers) == 0:
        return numbers
    # The smallest is NaN where one of them is, and is found faster than each is asked; one may stand beneath a null.
    if not np.isnan(np.frombuffer(numbers.buffers()[1], np.float64, len(numbers), 8 * numbers.offset).min()):
        return numbers
    not_a_number = pc.is_nan(numbers)
    if pc.any(not_a_number).as_py():
        return pc.if_else(not_a_number, pa.scalar(None, numbers.type), numbers)
    return numbers


def convert(cells: pa.Array, kind: str) -> pa.Array:
    """Text cells as values of the type that was found for their column. Raises NotANumber."""
    if kind == INTEGER:
        whole = _as_whole(cells)
        if whole is None:
            raise NotANumber(_first_not_cast(cells, pa.int64()))
        return whole
    return parse_numbers(cells) if kind == NUMBER else cells


def _cast(cells: pa.Array, to: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(cells, to)
    except pa.ArrowInvalid:
        return None


def _as_whole(cells: pa.Array) -> pa.Array | None:
    return _cast(cells, pa.int64())


def _first_not_cast(cells: pa.Array, to: pa.DataType | None = None) -> int:
    """The first cell that cannot be cast, found by halving so that the cast itself is the only judge."""
    to = to or pa.float64()
    low, high = 0, len(cells)
    while high - low > 1:
        middle = (low + high) // 2
        if _cast(cells.slice(low, middle - low), to) is None:
            high = middle
        else:
            low = middle
    return low


def _first_code(cells: pa.Array, default: int) -> int:
    """The first cell such as 08123: digits after a leading zero are a code, and lose it as a number."""
    zero = pc.or_kleene(pc.starts_with(cells, "0"), pc.starts_with(cells, "-0"))
    if not pc.any(zero).as_py():
        return default
    codes = pc.match_substring_regex(cells, "^-?0[0-9]")
    return pc.index(codes, True).as_py() if pc.any(codes).as_py() else default


def _any_inexact(cells: pa.Array, numbers: pa.Array) -> bool:
    large = pc.fill_null(pc.greater_equal(pc.abs(numbers), float(FIRST_INEXACT)), False)
    if not pc.any(large).as_py():
        return False
    return bool(pc.any(pc.match_substring_regex(cells.filter(large), "^[+-]?[0-9]+$")).as_py())
