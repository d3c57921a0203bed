"""How is a Parquet file read, so that every column arrives in one of four plain types?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audits.tables.cells import INTEGER, NUMBER, TEXT, TIME, nan_as_missing
from audits.tables.delimited import refuse_long_cells, too_many_rows
from audits.tables.limits import Limits
from audits.tables.unusable import UnusableTable

MAGIC = b"PAR1"
BUFFER_BYTES = 1024 * 1024
READ_ROWS = 16_384
NESTED, UNSUPPORTED = "nested", "unsupported"


class ColumnarFile:
    """A Parquet file whose footer has been read."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        _refuse_other_bytes(path)
        with self._open() as file:
            schema = file.schema_arrow
            metadata = file.metadata
            leaves = [file.schema.column(i) for i in range(len(file.schema.names))]
            self.header = list(schema.names)
            self.n_rows = metadata.num_rows
            self.arrow_types = {field.name: field.type for field in schema}
            self.int96 = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
            n_bytes = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        if n_bytes > limits.max_bytes:
            raise UnusableTable(
                "too_many_bytes",
                f"the file is larger than {limits.max_bytes} bytes once it is unpacked",
                fix="leave columns out or draw a sample",
            )
        if self.n_rows > limits.max_rows:
            raise too_many_rows(limits)
        self.types = {name: plain_type(arrow_type) for name, arrow_type in self.arrow_types.items()}

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

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The asked columns in their plain types; only they are decoded."""
        self.refuse_columns(columns)
        times = [name for name in columns if name in self.int96]
        n_before = 0
        with ExitStack() as files:
            file = files.enter_context(self._open())
            coarse_batches = None
            if times:
                coarse = files.enter_context(self._open(coerce_int96_timestamp_unit="ms"))
                coarse_batches = coarse.iter_batches(READ_ROWS, columns=times, use_threads=False)
            for batch in file.iter_batches(READ_ROWS, columns=list(columns), use_threads=False):
                # The reader orders columns by the file; the asked order is the caller's.
                arrays = {name: batch.column(name) for name in columns}
                if coarse_batches is not None:
                    twin = next(coarse_batches)
                    for name in times:
                        _refuse_wrapped_times(name, arrays[name], twin.column(name), n_before)
                plain = [self._plain(name, array, n_before) for name, array in arrays.items()]
                n_before += batch.num_rows
                if batch.num_rows:
                    yield pa.RecordBatch.from_arrays(plain, names=list(columns))

    def plain_arrow_type(self, name: str) -> pa.DataType:
        """The Arrow type in which the values of a column arrive."""
        fixed = {INTEGER: pa.int64(), NUMBER: pa.float64(), TEXT: pa.string()}.get(self.types[name])
        return fixed or _time_type(_storage(self.arrow_types[name]))

    def _plain(self, name: str, array: pa.Array, n_before: int) -> pa.Array:
        kind = self.types[name]
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        try:
            array = array.cast(self.plain_arrow_type(name))
        except pa.ArrowInvalid:
            raise _uncastable(name, array, self.plain_arrow_type(name), n_before) from None
        if kind == NUMBER:
            return nan_as_missing(array)
        if kind == TEXT:
            refuse_long_cells(name, array, n_before, self.limits)
            # An empty text is missing here because it is missing in a delimited file.
            empty = pc.equal(array, "")
            if pc.any(empty).as_py():
                return pc.if_else(empty, pa.scalar(None, pa.string()), array)
        return array

    @contextmanager
    def _open(self, **options: Any) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(
                self.path,
                buffer_size=BUFFER_BYTES,
                pre_buffer=False,
                page_checksum_verification=True,
                **options,
            ) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            raise UnusableTable(
                "damaged_file",
                "the Parquet file is cut off or damaged",
                fix="write and upload it again",
            ) from error


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


def _refuse_other_bytes(path: Path) -> None:
    with path.open("rb") as raw:
        magic = raw.read(len(MAGIC))
    if not magic:
        raise UnusableTable("empty_file", "the file is empty", fix="upload a file with a header and rows")
    if magic != MAGIC:
        raise UnusableTable("wrong_format", "the bytes are not those of a Parquet file", fix="declare the format csv")


def _refuse_wrapped_times(name: str, exact: pa.Array, coarse: pa.Array, n_before: int) -> None:
    """INT96 reaches millions of years and nanoseconds only from 1677 to 2262, where Arrow wraps round unasked.

    Milliseconds reach further than INT96, so a reading in them that differs gives the wrapped value away.
    """
    nanoseconds = exact.cast(pa.int64()).fill_null(0).to_numpy()
    milliseconds = coarse.cast(pa.int64()).fill_null(0).to_numpy()
    differs = nanoseconds // 1_000_000 != milliseconds
    if differs.any():
        raise UnusableTable(
            "time_out_of_range",
            "the time is stored as INT96 and lies outside the years 1677 to 2262 that can be read exactly",
            column=name,
            row=n_before + int(differs.argmax()) + 1,
            fix="write the column as a timestamp in microseconds",
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
