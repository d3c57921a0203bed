"""Is the type of a column a property of the whole column, and of nothing else?"""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.tables.cells import INTEGER, NUMBER, TEXT, CellTypes, NotANumber, convert, parse_numbers


def type_of(cells: list[str | None], block: int = 1000) -> str:
    seen = CellTypes()
    for start in range(0, len(cells), block):
        seen.add(pa.array(cells[start : start + block], pa.string()))
    return seen.type


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", None], INTEGER),
        (["0", "-0"], INTEGER),
        (["9223372036854775807", "-9223372036854775808"], INTEGER),
        (["1", "2.5"], NUMBER),
        (["1e5", ".5", "5.", "+1", "-inf"], NUMBER),
        (["1", "NaN"], NUMBER),
        (["0.5", "0"], NUMBER),
        (["nan", None], TEXT),
        ([None, None], TEXT),
        ([], TEXT),
        (["1", "N/A"], TEXT),
        (["08123", "12345"], TEXT),
        (["-012", "3"], TEXT),
        (["0x10", "3"], TEXT),
        ([" 1", "2"], TEXT),
        (["1,5", "2"], TEXT),
        (["1_000"], TEXT),
        (["True", "False"], TEXT),
        (["٣"], TEXT),
        # Neither type holds both of these exactly, and as text nothing is lost.
        (["9007199254740993", "0.5"], TEXT),
        (["9007199254740991", "0.5"], NUMBER),
        (["9223372036854775808"], TEXT),
    ],
)
def test_a_column_has_the_narrowest_type_that_loses_nothing(cells: list[str | None], expected: str) -> None:
    assert type_of(cells) == expected


texts = st.sampled_from(
    ["", "0", "7", "-3", "08", "1.5", "1e400", "nan", "x", "0x1", "9007199254740993", "99999999999999999999", " 1"]
)


@given(st.lists(texts | st.none(), max_size=12), st.integers(1, 5), st.randoms(use_true_random=False))
def test_neither_blocks_nor_order_change_the_type(cells: list[str | None], block: int, shuffle: object) -> None:
    cells = [cell or None for cell in cells]
    whole = type_of(cells)
    assert type_of(cells, block) == whole
    shuffle.shuffle(cells)  # type: ignore[attr-defined]
    assert type_of(cells, block) == whole


@given(st.lists(st.floats(allow_infinity=False) | st.integers(-(10**6), 10**6), min_size=1, max_size=20))
def test_numbers_come_back_to_the_last_digit(numbers: list[float]) -> None:
    read = parse_numbers(pa.array([repr(number) for number in numbers])).to_pylist()
    assert read == [None if math.isnan(number) else number for number in numbers]


@given(st.lists(st.sampled_from(["1", "2.5", "nan", None]), max_size=40), st.sampled_from(["x", "007", "0x1", "1 "]))
def test_the_first_cell_that_is_no_number_is_named(good: list[str | None], bad: str) -> None:
    for place in {0, len(good) // 2, len(good)}:
        cells = [*good[:place], bad, *good[place:], "later"]
        with pytest.raises(NotANumber) as found:
            parse_numbers(pa.array(cells, pa.string()))
        assert found.value.index == place


def test_a_cell_that_does_not_fit_the_type_is_named() -> None:
    with pytest.raises(NotANumber) as found:
        convert(pa.array(["1", "2", "2.5"]), INTEGER)
    assert found.value.index == 2
