"""What do the cells of an Arrow column say, once types and blanks are sorted out?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.base import CannotMeasure

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


def kind_of(kind: pa.DataType) -> str:
    """Sort an Arrow type into number, time, text or other."""
    if pa.types.is_dictionary(kind):
        return kind_of(kind.value_type)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return "time"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    return "text" if pa.types.is_null(kind) else "other"


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
        values = np.frombuffer(column.buffers()[1], np.float64, len(column), 8 * column.offset)
        return np.where(column.is_null().to_numpy(zero_copy_only=False), np.nan, values)
    return column.cast(pa.float64(), safe=False).fill_null(float("nan")).to_numpy(zero_copy_only=False)


@once
def as_texts(column: pa.Array) -> tuple[list[str | None], NDArray[np.int64]]:
    """The distinct texts of the column and, for each row, which one it is; blank and null become None.

    Numbers are written as a person would: 1, not 1.0; booleans as true and false.
    """
    texts, codes = as_codes(column)
    return texts, codes.astype(np.int64)


@once
def as_codes(column: pa.Array) -> tuple[list[str | None], NDArray[np.integer[Any]]]:
    """As `as_texts`, with codes as narrow as the column has them."""
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    texts = [as_text(value) for value in encoded.dictionary.to_pylist()]
    texts.append(None)
    codes = encoded.indices
    if codes.null_count:
        codes = codes.cast(pa.int32()).fill_null(len(texts) - 1)
    return texts, codes.to_numpy(zero_copy_only=False)


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
def missing_mask(column: pa.Array) -> NDArray[np.bool_]:
    """True where a cell is null, not a number, or text with nothing but blanks; shape (n_rows,)."""
    kind = kind_of(column.type)
    if kind == "text" and not pa.types.is_null(column.type):
        texts, codes = as_texts(column)
        return np.array([text is None for text in texts], dtype=bool)[codes]
    if kind == "number" and pa.types.is_floating(column.type):
        return np.isnan(as_numbers(column))
    mask: NDArray[np.bool_] = column.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return mask


@once
def present_numbers(column: pa.Array) -> NDArray[np.float64]:
    """The cells that hold a number, or an infinite one, as doubles of shape (n_present,)."""
    missing = missing_mask(column)
    return as_numbers(column)[~missing] if missing.any() else as_numbers(column)
