"""How is a Parquet file read, so that old timestamps are either exact or refused?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audits.tables.cells import TEXT
from audits.tables.columnar import CODED_ROWS, READ_ROWS, ColumnarFile, unpacked_too_large
from audits.tables.delimited import too_many_rows
from audits.tables.limits import Limits
from audits.tables.source import Source
from audits.tables.unusable import UnusableTable

MAGIC = b"PAR1"
BUFFER_BYTES = 64 * 1024
# A text that is worth a code takes its code and a share of the dictionary; others would fill the memory twice.
MOST_CODED_BYTES = 4


class ParquetFile(ColumnarFile):
    """A Parquet file whose footer has been read."""

    def __init__(self, source: Source, *, limits: Limits) -> None:
        self.source = source
        self._kept: dict[tuple[object, ...], pq.ParquetFile] = {}
        _refuse_other_bytes(source)
        with self._open() as file:
            schema = file.schema_arrow
            metadata = file.metadata
            leaves = [file.schema.column(i) for i in range(len(file.schema.names))]
            self.n_rows = metadata.num_rows
            self.int96 = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
            groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
            n_bytes = sum(group.total_byte_size for group in groups)
            small = _small_columns(groups)
        super().__init__([(field.name, field.type) for field in schema], limits=limits)
        self._few = tuple(name for name in small if self.types.get(name) == TEXT)
        if n_bytes > limits.max_bytes:
            raise unpacked_too_large(limits)
        if self.n_rows > limits.max_rows:
            raise too_many_rows(limits)

    def stored_batches(self, columns: Sequence[str], *, coded: bool = False) -> Iterator[list[pa.Array]]:
        times = [name for name in columns if name in self.int96]
        texts = [name for name in columns if self.types[name] == TEXT] if coded else []
        few = [name for name in texts if name in self._few]
        rows = CODED_ROWS if coded and len(few) == len(texts) else READ_ROWS
        n_before = 0
        with ExitStack() as files:
            file = files.enter_context(self._open(read_dictionary=self._few if few else ()))
            coarse_batches = None
            if times:
                coarse = files.enter_context(self._open(coerce_int96_timestamp_unit="ms"))
                coarse_batches = coarse.iter_batches(rows, columns=times, use_threads=False)
            for batch in file.iter_batches(rows, columns=list(columns), use_threads=False):
                # The reader orders columns by the file; the asked order is the caller's.
                arrays = {name: batch.column(name) for name in columns}
                if coarse_batches is not None:
                    twin = next(coarse_batches)
                    for name in times:
                        _refuse_wrapped_times(name, arrays[name], twin.column(name), n_before)
                n_before += batch.num_rows
                yield list(arrays.values())

    @contextmanager
    def _open(self, **options: Any) -> Iterator[pq.ParquetFile]:
        """The file, to be read in one way; what is no part of an archive stays open and is asked for columns again."""
        way = tuple(options.items())
        try:
            file = self._kept.get(way) or pq.ParquetFile(
                self.source.path if self.source.n_bytes is None else self.source.open(),
                buffer_size=BUFFER_BYTES,
                pre_buffer=False,
                page_checksum_verification=True,
                **options,
            )
            if self.source.n_bytes is None:
                self._kept[way] = file
                yield file
            else:
                with file:
                    yield file
        except (pa.ArrowException, OSError) as error:
            raise UnusableTable(
                "damaged_file",
                "the Parquet file is cut off or damaged",
                fix="write and upload it again",
            ) from error


def _small_columns(groups: Sequence[pq.RowGroupMetaData]) -> list[str]:
    """The columns that hold few enough values to be read as codes, by what the footer says of their size."""
    found: dict[str, bool] = {}
    for group in groups:
        for column in map(group.column, range(group.num_columns)):
            small = column.total_uncompressed_size <= MOST_CODED_BYTES * max(column.num_values, 1)
            few = bool(column.has_dictionary_page) and small
            found[column.path_in_schema] = found.get(column.path_in_schema, True) and few
    return [name for name, few in found.items() if few]


def _refuse_other_bytes(source: Source) -> None:
    magic = source.head(len(MAGIC))
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
