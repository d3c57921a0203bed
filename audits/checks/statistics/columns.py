"""What do the cells of an Arrow column say, once types and blanks are sorted out?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure

_LARGEST_WEIGHT = 1e150
_FEW_CODES, _ROWS_PER_CODE = 16, 4_096
_FEW = 256
_Found = TypeVar("_Found")
_shared: ContextVar[dict[tuple[object, ...], tuple[object, Any]] | None] = ContextVar("shared", default=None)


@contextmanager
def worked_out_once() -> Iterator[None]:
    """Inside, what several statistics ask about the same column of a batch is worked out for the first of them."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def once(work: Callable[..., _Found]) -> Callable[..., _Found]:
    """A function of a batch or a column that is asked again and again; nobody may change what it returns."""

    @wraps(work)
    def asked(source: object, *more: object) -> _Found:
        known = _shared.get()
        if known is None:
            return work(source, *more)
        key = (work, id(source), *more)
        if key not in known:
            # The source is kept, so that no other one can take its id.
            known[key] = source, work(source, *more)
        found: _Found = known[key][1]
        return found

    return asked


@once
def column_of(batch: pa.RecordBatch, name: str) -> pa.Array:
    """The column by its name; a table without it cannot be measured."""
    index = batch.schema.get_field_index(name)
    if index < 0:
        raise CannotMeasure(f'The table has no column "{name}", although a role is declared for it.')
    return batch.column(index)


_KINDS = {
    kind.id: name
    for name, kinds in {
        "number": (
            *(pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64()),
            *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()),
            *(pa.decimal32(9), pa.decimal64(9), pa.decimal128(9), pa.decimal256(9)),
        ),
        "time": (pa.timestamp("s"), pa.date32(), pa.date64(), pa.time32("s"), pa.time64("us")),
        "text": (pa.string(), pa.large_string(), pa.string_view(), pa.null()),
    }.items()
    for kind in kinds
}


def kind_of(kind: pa.DataType) -> str:
    """Sort an Arrow type into number, time, text or other."""
    return kind_of(kind.value_type) if pa.types.is_dictionary(kind) else _KINDS.get(kind.id, "other")


@once
def as_numbers(column: pa.Array) -> NDArray[np.float64]:
    """The column as doubles of shape (n_rows,), with NaN for a missing value."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if kind_of(kind) == "time":
        if pa.types.is_date32(kind) or pa.types.is_time32(kind):
            column = column.cast(pa.int32())
        column = column.cast(pa.int64())
    if kind_of(kind) == "other":
        raise CannotMeasure(f"A column of type {kind} holds no plain values.")
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    if column.null_count == 0 and not pa.types.is_boolean(column.type):
        return column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    if pa.types.is_float64(column.type):
        values = stored_doubles(column).copy()
        values[np.flatnonzero(null_mask(column))] = np.nan
        return values
    return column.cast(pa.float64(), safe=False).fill_null(float("nan")).to_numpy(zero_copy_only=False)


def weights_of(batch: pa.RecordBatch, name: str) -> NDArray[np.float64]:
    """The weight of each row, shape (n_rows,); what cannot be weighed by is refused."""
    column = column_of(batch, name)
    if kind_of(column.type) != "number":
        raise CannotMeasure(f'Weight column "{name}" does not hold numbers.')
    weights = as_numbers(column)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise CannotMeasure(f'Weight column "{name}" holds a missing, infinite or negative weight.')
    if weights.max(initial=0.0) > _LARGEST_WEIGHT:
        raise CannotMeasure(
            f'Weight column "{name}" holds {weights.max():g}, too large for its square to be counted; divide all '
            "weights by the same number, which changes no figure."
        )
    return weights


@once
def as_texts(column: pa.Array) -> tuple[list[str | None], NDArray[np.int64]]:
    """The distinct texts of the column and, for each row, which one it is; blank and null become None.

    Numbers are written as a person would: 1, not 1.0; booleans as true and false.
    """
    texts, codes = as_codes(column)
    return texts, codes.astype(np.int64)


@once
def as_codes(column: pa.Array) -> tuple[list[str | None], NDArray[np.integer[Any]]]:
    """As `as_texts`, with codes as narrow as the column has them, unless cells are null."""
    values, codes = coded(column)
    if kind_of(values.type) == "text":
        return list(_trimmed(tuple(values.to_pylist()))), codes
    return [*map(as_text, values.to_pylist()), None], codes


@once
def coded(column: pa.Array) -> tuple[pa.Array, NDArray[np.integer[Any]]]:
    """The distinct cells of the column, and which of them each row holds: one code more where a cell is null."""
    if pa.types.is_integer(column.type) and len(column) and not column.null_count:
        whole = column.to_numpy()
        low, high = int(whole.min()), int(whole.max())
        if high - low < _FEW:
            # Whole numbers so close together are codes already; some of these numbers may be in no row.
            return pa.array(range(low, high + 1), column.type), whole - whole.dtype.type(low)
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    codes = encoded.indices
    if not codes.null_count:
        return encoded.dictionary, codes.to_numpy(zero_copy_only=False)
    stored = np.frombuffer(codes.buffers()[1], codes.type.to_pandas_dtype(), codes.offset + len(codes))[codes.offset :]
    # As wide as NumPy counts and picks by, so that neither widens them again.
    filled = stored.astype(np.intp)
    filled[np.flatnonzero(null_mask(codes))] = len(encoded.dictionary)
    return encoded.dictionary, filled


# The batches of a file bring the same few texts again and again.
@lru_cache(maxsize=256)
def _trimmed(values: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return (*map(as_text, values), None)


def as_text(value: object) -> str | None:
    """One cell as the text that names a group; None when it says nothing."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


@once
def text_counts(column: pa.Array) -> tuple[list[str | None], NDArray[np.int64]]:
    """The texts of `as_texts`, and how many rows hold each of them."""
    texts, _ = as_codes(column)
    return texts, code_counts(column)


@once
def code_counts(column: pa.Array) -> NDArray[np.int64]:
    """How many rows hold each of the distinct cells of `coded`, the last count for cells that are null."""
    values, codes = coded(column)
    n_codes = len(values) + 1
    if n_codes > min(_FEW_CODES, len(codes) // _ROWS_PER_CODE):
        return np.bincount(codes, minlength=n_codes)
    # The same few places again and again have to wait for each other; comparing each code in turn does not.
    narrow = codes.astype(np.uint8)
    return np.array([np.count_nonzero(narrow == code) for code in range(n_codes)], np.int64)


@once
def missing_mask(column: pa.Array) -> NDArray[np.bool_]:
    """True where a cell is null, not a number, or text with nothing but blanks; shape (n_rows,)."""
    kind = kind_of(column.type)
    if kind == "text" and not pa.types.is_null(column.type):
        texts, codes = as_codes(column)
        return np.array([text is None for text in texts], dtype=bool).take(codes)
    if kind == "number" and pa.types.is_floating(column.type):
        if _is_plain(column):
            return null_mask(column)
        return np.isnan(as_numbers(column))
    return null_mask(column)


@once
def missing_cells(column: pa.Array) -> int:
    """How many cells `missing_mask` marks."""
    if kind_of(column.type) == "text" and not pa.types.is_null(column.type):
        texts, counts = text_counts(column)
        return sum(n for text, n in zip(texts, counts.tolist(), strict=True) if text is None)
    if pa.types.is_dictionary(column.type) or (pa.types.is_floating(column.type) and not _is_plain(column)):
        return int(np.count_nonzero(missing_mask(column)))
    return int(column.null_count)


@once
def present_numbers(column: pa.Array) -> NDArray[np.float64]:
    """The cells that hold a number, or an infinite one, as doubles of shape (n_present,)."""
    if pa.types.is_float64(column.type):
        values = stored_doubles(column)
        found = np.compress(~null_mask(column), values) if column.null_count else values
        return found if _is_plain(column) else found[~np.isnan(found)]
    missing = missing_mask(column)
    return np.compress(~missing, as_numbers(column)) if missing.any() else as_numbers(column)


@once
def null_mask(column: pa.Array) -> NDArray[np.bool_]:
    """True where a cell is null; shape (n_rows,)."""
    bits = None if pa.types.is_null(column.type) else column.buffers()[0]
    if bits is None or column.null_count == 0:
        return np.full(len(column), column.null_count > 0)
    valid = np.unpackbits(np.frombuffer(bits, np.uint8), count=column.offset + len(column), bitorder="little")
    found: NDArray[np.bool_] = valid[column.offset :] == 0
    return found


def stored_doubles(column: pa.Array) -> NDArray[np.float64]:
    """The doubles of a column of doubles as they lie there: anything at all where a cell is null."""
    return np.frombuffer(column.buffers()[1], np.float64, len(column), 8 * column.offset)


@once
def ends(column: pa.Array) -> tuple[float, float] | None:
    """The smallest and the largest number of the column, infinite ones included; None without any."""
    numbers = present_numbers(column)
    return (float(numbers.min()), float(numbers.max())) if len(numbers) else None


@once
def _is_plain(column: pa.Array) -> bool:
    """Whether these are doubles none of which is NaN, not even beneath a null."""
    if not pa.types.is_float64(column.type):
        return False
    # The smallest number is NaN where one of them is, and is found faster than each is asked.
    return len(column) == 0 or not bool(np.isnan(stored_doubles(column).min()))
