"""How do the columns of a file that knows types of its own arrive in one of four plain types?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from audits.tables.cells import INTEGER, NUMBER, TEXT, TIME, nan_as_missing
from audits.tables.delimited import refuse_long_cells
from audits.tables.limits import Limits
from audits.tables.unusable import UnusableTable

READ_ROWS = 16_384
CODED_ROWS = 98_304
NESTED, UNSUPPORTED = "nested", "unsupported"


class ColumnarFile:
    """A file whose columns have types: their names are known, and what each is called in Arrow.

    A subclass gives the columns as they are stored; here they become plain. Where `absent_is_missing` a file need
    not mention a column whose values are all missing.
    """

    absent_is_missing: ClassVar[bool] = False

    def __init__(self, columns: Sequence[tuple[str, pa.DataType]], *, limits: Limits) -> None:
        self.limits = limits
        self.header = [name for name, _ in columns]
        self.arrow_types = dict(columns)
        self.types = {name: plain_type(arrow_type) for name, arrow_type in self.arrow_types.items()}

    def stored_batches(self, columns: Sequence[str], *, coded: bool = False) -> Iterator[list[pa.Array]]:
        """The asked columns, batch by batch, in the types of the file; only they are decoded.

        With `coded` texts may come as codes into a dictionary where the file holds them so.
        """
        raise NotImplementedError

    def locate(self, error: UnusableTable) -> UnusableTable:
        """The error with the place of its row in the file, where the file has lines or parts."""
        return error

    def refuse_columns(self, columns: Sequence[str]) -> None:
        """Raise UnusableTable for the first asked column whose values no check can use."""
        for name in columns:
            if self.types[name] in (NESTED, UNSUPPORTED):
                nested = self.types[name] == NESTED
                raise UnusableTable(
                    "nested_column" if nested else "unsupported_column",
                    f"the values are of the type {self.arrow_types[name]}",
                    column=name,
                    fix="write one column for each part that matters"
                    if nested
                    else "write numbers, text, dates or true and false",
                )

    def batches(self, columns: Sequence[str], *, coded: bool = False) -> Iterator[pa.RecordBatch]:
        """The asked columns in their plain types; only they are decoded.

        With `coded` a text that the file holds as codes into a dictionary stays so.
        """
        self.refuse_columns(columns)
        n_before = 0
        known: dict[str, tuple[pa.Array, pa.Array]] = {}
        for arrays in self.stored_batches(columns, coded=coded):
            plain = [
                self._coded(name, array, n_before, known)
                if coded and self.types[name] == TEXT and pa.types.is_dictionary(array.type)
                else self._plain(name, array, n_before)
                for name, array in zip(columns, arrays, strict=True)
            ]
            n_before += len(plain[0])
            if len(plain[0]):
                yield pa.RecordBatch.from_arrays(plain, names=list(columns))

    def plain_arrow_type(self, name: str) -> pa.DataType:
        """The Arrow type in which the values of a column arrive."""
        fixed = {INTEGER: pa.int64(), NUMBER: pa.float64(), TEXT: pa.string()}.get(self.types[name])
        return fixed or _time_type(_storage(self.arrow_types[name]))

    def _coded(
        self, name: str, array: pa.DictionaryArray, n_before: int, known: dict[str, tuple[pa.Array, pa.Array]]
    ) -> pa.Array:
        """Codes into texts, each of which is looked at once, missing ones without a code.

        `known` holds the last dictionary of each column, and its texts: most batches bring the same one again.
        """
        stored = array.dictionary
        if name in known and known[name][0].equals(stored):
            texts = known[name][1]
        else:
            try:
                texts = self._plain(name, stored, n_before)
            except UnusableTable:
                # A dictionary may hold what no row does: the rows themselves say whether one is bad, and which.
                return self._plain(name, array, n_before)
            known[name] = stored, texts
        codes = array.indices
        if texts.null_count:
            codes = pc.if_else(texts.is_valid().take(codes), codes, pa.scalar(None, codes.type))
        return pa.DictionaryArray.from_arrays(codes, texts)

    def _plain(self, name: str, array: pa.Array, n_before: int) -> pa.Array:
        kind = self.types[name]
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        plain = self.plain_arrow_type(name)
        try:
            array = array if array.type == plain else array.cast(plain)
        except pa.ArrowInvalid:
            raise _uncastable(name, array, plain, n_before) from None
        if kind == NUMBER:
            return nan_as_missing(array)
        if kind == TEXT:
            refuse_long_cells(name, array, n_before, self.limits)
            # An empty text is missing here because it is missing in a delimited file.
            empty = pc.equal(array, "")
            if pc.any(empty).as_py():
                return pc.if_else(empty, pa.scalar(None, pa.string()), array)
        return array


def plain_type(arrow_type: pa.DataType) -> str:
    """The plain type of a Parquet column: integer, number, text, time, or why it has none."""
    kind = _storage(arrow_type)
    is_a = pa.types
    if is_a.is_boolean(kind) or is_a.is_integer(kind):
        return INTEGER
    if is_a.is_floating(kind) or is_a.is_decimal(kind):
        return NUMBER
    texts = (is_a.is_string, is_a.is_large_string, is_a.is_string_view, is_a.is_null)
    bytes_of_text = (is_a.is_binary, is_a.is_large_binary, is_a.is_binary_view)
    if any(holds(kind) for holds in texts + bytes_of_text):
        return TEXT
    if is_a.is_timestamp(kind) or is_a.is_date(kind):
        return TIME
    return NESTED if is_a.is_nested(kind) else UNSUPPORTED


def _storage(arrow_type: pa.DataType) -> pa.DataType:
    if isinstance(arrow_type, pa.BaseExtensionType):
        return _storage(arrow_type.storage_type)
    return arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type


def _time_type(arrow_type: pa.DataType) -> pa.DataType:
    if pa.types.is_date32(arrow_type):
        return pa.timestamp("s")
    return pa.timestamp("ms") if pa.types.is_date64(arrow_type) else arrow_type


def unpacked_too_large(limits: Limits) -> UnusableTable:
    return UnusableTable(
        "too_many_bytes",
        f"the file is larger than {limits.max_bytes} bytes once it is unpacked",
        fix="leave columns out or draw a sample",
    )


def _uncastable(name: str, array: pa.Array, to: pa.DataType, n_before: int) -> UnusableTable:
    low, high = 0, len(array)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            array.slice(low, middle - low).cast(to)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    if pa.types.is_integer(array.type) and pa.types.is_floating(to):
        return UnusableTable(
            "number_out_of_range",
            f"the number {array[low].as_py()} is too large to stand beside fractions exactly",
            column=name,
            row=n_before + low + 1,
            fix="write such numbers as text",
        )
    if pa.types.is_integer(array.type):
        return UnusableTable(
            "number_out_of_range",
            f"the number {array[low].as_py()} does not fit into 64 bits",
            column=name,
            row=n_before + low + 1,
            fix="write such numbers as text",
        )
    return UnusableTable(
        "wrong_encoding",
        "the bytes are not valid utf-8",
        column=name,
        row=n_before + low + 1,
        fix="write the column as text",
    )
