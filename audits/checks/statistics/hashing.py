"""Which 64-bit number stands for the content of a cell, the same in every process and on every machine?"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audits.checks.statistics.columns import as_numbers, kind_of, missing_mask, once

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MISSING = np.uint64(0x632BE59BD9B4E019)
_WORD = 8


def mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: every input bit moves every output bit."""
    with np.errstate(over="ignore"):
        words = words + _STEP
        words = (words ^ (words >> np.uint64(30))) * _FIRST
        words = (words ^ (words >> np.uint64(27))) * _SECOND
        return words ^ (words >> np.uint64(31))


@once
def hashed(column: pa.Array) -> NDArray[np.uint64]:
    """One digest per cell, shape (n_rows,); missing cells share one, and 1 and 1.0 are the same number."""
    if pa.types.is_null(column.type):
        return np.full(len(column), _MISSING)
    if kind_of(column.type) in ("number", "time"):
        return np.where(missing_mask(column), _MISSING, _of_numbers(column))
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    texts = encoded.dictionary
    if kind_of(texts.type) != "text":
        # Lists and structs have no bytes of their own in one buffer: their printed form has.
        texts = pa.array([str(value) for value in texts.to_pylist()], pa.string())
    digests = np.append(_of_texts(texts.cast(pa.large_binary())), _MISSING)
    codes = encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    digests[:-1][_blank(texts)] = _MISSING
    return digests[codes]


def combined(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The digest of two digests in this order."""
    with np.errstate(over="ignore"):
        return mixed(first * _FIRST + second)


def _of_numbers(column: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_integer(column.type):
        whole = column.fill_null(0).to_numpy(zero_copy_only=False)
        return mixed(whole.astype(np.int64).view(np.uint64))
    numbers = as_numbers(column)
    is_whole = (np.abs(numbers) < 2.0**53) & (np.floor(numbers) == numbers)
    whole = np.where(is_whole, numbers, 0.0).astype(np.int64).view(np.uint64)
    return mixed(np.where(is_whole, whole, numbers.view(np.uint64)))


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
