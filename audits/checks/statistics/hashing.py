"""Which 64-bit number stands for the content of a cell, the same in every process and on every machine?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.statistics.columns import (
    as_numbers,
    code_counts,
    coded,
    kind_of,
    missing_cells,
    missing_mask,
    once,
    stored_doubles,
)

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MISSING = np.uint64(0x632BE59BD9B4E019)
_WORD = 8
# So few texts are hashed once for all batches, and whole numbers so close together once each, not once a row.
_FEW = 4_096
_END_BITS = 12
_END = np.uint64(2**_END_BITS - 1)


def mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: every input bit moves every output bit."""
    with np.errstate(over="ignore"):
        words = words + _STEP
        shifted = words >> np.uint64(30)
        words ^= shifted
        words *= _FIRST
        words ^= np.right_shift(words, np.uint64(27), out=shifted)
        words *= _SECOND
        words ^= np.right_shift(words, np.uint64(31), out=shifted)
        return words


@once
def hashed(column: pa.Array) -> NDArray[np.uint64]:
    """One digest per cell, shape (n_rows,); missing cells share one, and 1 and 1.0 are the same number."""
    if pa.types.is_null(column.type):
        return np.full(len(column), _MISSING)
    if kind_of(column.type) in ("number", "time"):
        digests = _of_numbers(column)
        if missing_cells(column):
            digests[np.flatnonzero(missing_mask(column))] = _MISSING
        return digests
    digests, codes = _of_dictionary(column)
    return digests.take(codes)


def held_digests(column: pa.Array) -> NDArray[np.uint64]:
    """The digests of all values that the column holds, in any order and some of them more than once."""
    if pa.types.is_null(column.type):
        return np.empty(0, np.uint64)
    if kind_of(column.type) in ("number", "time"):
        return hashed(column)
    digests, _ = _of_dictionary(column)
    return digests[code_counts(column) > 0]


def filled(digests: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The digests without those of missing cells."""
    return digests.compress(digests != _MISSING)


def smallest(known: NDArray[np.uint64], digests: NDArray[np.uint64], most: int) -> NDArray[np.uint64]:
    """The `most` smallest of the known digests, ascending and distinct, and of these; missing cells are left out."""
    # A few say which of the rest are worth sorting: most columns hold either few values or many.
    for part in (digests[:_FEW], digests[_FEW:]):
        new = part.compress(part < known[-1]) if len(known) == most else _unknown(known, part)
        if len(new):
            found = np.sort(np.concatenate([known, new]))
            found = found[np.append(True, found[1:] != found[:-1])]
            known = filled(found)[:most]
    return known


def _unknown(known: NDArray[np.uint64], digests: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """These digests without most of those that are known, told by their low bits."""
    if len(digests) < _FEW:
        return digests
    told = np.append(_MISSING, known)
    by_end = np.full(2**_END_BITS, _MISSING)
    by_end[told & _END] = told
    return digests.compress(by_end.take((digests & _END).view(np.int64)) != digests)


@once
def _of_dictionary(column: pa.Array) -> tuple[NDArray[np.uint64], NDArray[np.integer[Any]]]:
    """The digests of the distinct cells, the last one for the missing, and which of them each row holds."""
    texts, codes = coded(column)
    if kind_of(texts.type) != "text":
        # Lists and structs have no bytes of their own in one buffer: their printed form has.
        texts = pa.array([str(value) for value in texts.to_pylist()], pa.string())
    if len(texts) <= _FEW:
        return _of_few(tuple(texts.to_pylist())), codes
    return _of_distinct(texts), codes


@lru_cache(maxsize=256)
def _of_few(texts: tuple[str | None, ...]) -> NDArray[np.uint64]:
    """As `_of_distinct`; the batches of a file bring the same few texts again and again."""
    return _of_distinct(pa.array(texts, pa.string()))


def _of_distinct(texts: pa.Array) -> NDArray[np.uint64]:
    digests = np.append(_of_texts(texts.cast(pa.large_binary())), _MISSING)
    digests[:-1][_blank(texts)] = _MISSING
    return digests


def rows_hashed(columns: Iterable[NDArray[np.uint64]], n_rows: int) -> NDArray[np.uint64]:
    """The digest of the cells of each row, given the digests of one column after the other."""
    digests = np.zeros(n_rows, np.uint64)
    with np.errstate(over="ignore"):
        for cells in columns:
            digests *= _FIRST
            digests += cells
    return mixed(digests)


def place_values(n_columns: int) -> list[np.uint64]:
    """By what the digest of each column's cell is multiplied in the sum that `rows_hashed` mixes."""
    return [np.uint64(pow(int(_FIRST), n_columns - place, 2**64)) for place in range(1, n_columns + 1)]


def combined(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The digest of two digests in this order."""
    with np.errstate(over="ignore"):
        return mixed(first * _FIRST + second)


def _of_numbers(column: pa.Array) -> NDArray[np.uint64]:
    """The digest of each number, any one at all for a missing cell."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_int64(column.type) or pa.types.is_uint64(column.type):
        whole = column.fill_null(0).to_numpy(zero_copy_only=False) if column.null_count else column.to_numpy()
        return _of_whole(whole)
    values = stored_doubles(column) if pa.types.is_float64(column.type) else as_numbers(column)
    # Adding 0.0 turns a -0.0 into 0.0.
    return mixed((values + 0.0).view(np.uint64))


def _of_whole(whole: NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
    if len(whole) == 0:
        return np.empty(0, np.uint64)
    low, high = int(whole.min()), int(whole.max())
    if high - low < _FEW and low >= -(2**53) and high <= 2**53:
        few = np.arange(low, high + 1).astype(np.float64)
        return mixed(few.view(np.uint64)).take(whole - whole.dtype.type(low))
    bits = whole.astype(np.float64).view(np.uint64)
    if high > 2**53 or low < -(2**53):
        # Neighbours beyond 2**53 are the same double, but not the same number.
        exact = whole.astype(np.int64).view(np.uint64)
        bits = np.where((whole > 2**53) | (whole < -(2**53)), exact, bits)
    return mixed(bits)


def _of_texts(texts: pa.Array) -> NDArray[np.uint64]:
    """Digest byte strings eight bytes at a time, all strings side by side."""
    if len(texts) == 0:
        return np.empty(0, np.uint64)
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    data = np.append(data[: offsets[-1]], np.zeros(_WORD, np.uint8))
    starts, lengths = offsets[:-1], np.diff(offsets)
    digests = mixed(lengths.astype(np.uint64))
    for done in range(0, int(lengths.max()), _WORD):
        rows = np.flatnonzero(lengths > done)
        words = data[(starts[rows] + done)[:, None] + np.arange(_WORD)]
        words[np.arange(_WORD) >= (lengths[rows] - done)[:, None]] = 0
        digests[rows] = combined(digests[rows], np.ascontiguousarray(words).view("<u8")[:, 0])
    return digests


def _blank(texts: pa.Array) -> NDArray[np.bool_]:
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.equal(trimmed, "").fill_null(True).to_numpy(zero_copy_only=False)
