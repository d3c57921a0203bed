"""How is an Arrow file, also called Feather, or an Arrow stream read?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from audits.tables.columnar import READ_ROWS, ColumnarFile, unpacked_too_large
from audits.tables.delimited import too_many_rows
from audits.tables.limits import Limits
from audits.tables.source import Source
from audits.tables.unusable import UnusableTable

FILE_MAGIC, STREAM_MAGIC = b"ARROW1", b"\xff\xff\xff\xff"


class ArrowFile(ColumnarFile):
    """An Arrow file or stream whose schema has been read."""

    def __init__(self, source: Source, *, limits: Limits) -> None:
        self.source = source
        head = source.head(len(FILE_MAGIC))
        if not head:
            raise UnusableTable("empty_file", "the file is empty", fix="upload a file with a header and rows")
        if head != FILE_MAGIC and not head.startswith(STREAM_MAGIC):
            raise UnusableTable(
                "wrong_format",
                "the bytes are not those of an Arrow file",
                fix="declare the format they have, or write Feather version 2",
            )
        self._is_stream = head != FILE_MAGIC
        with self._reader(None) as reader:
            schema = reader.schema
        super().__init__([(field.name, field.type) for field in schema], limits=limits)

    def stored_batches(self, columns: Sequence[str], *, coded: bool = False) -> Iterator[list[pa.Array]]:
        n_rows = n_bytes = 0
        with self._reader([self.header.index(name) for name in columns]) as reader:
            for stored in self._stored(reader):
                n_rows += stored.num_rows
                n_bytes += stored.get_total_buffer_size()
                if n_rows > self.limits.max_rows:
                    raise too_many_rows(self.limits)
                if n_bytes > self.limits.max_bytes:
                    raise unpacked_too_large(self.limits)
                for start in range(0, stored.num_rows, READ_ROWS):
                    batch = stored.slice(start, READ_ROWS)
                    yield [batch.column(name) for name in columns]

    @staticmethod
    def _stored(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
        if isinstance(reader, pa.RecordBatchFileReader):
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            batches = iter(reader)
        for batch in batches:
            # Offsets that point outside of the data would be read as they are: the bytes come from anywhere.
            batch.validate(full=True)
            yield batch

    @contextmanager
    def _reader(self, fields: list[int] | None) -> Iterator[pa.RecordBatchFileReader | pa.RecordBatchStreamReader]:
        options = pa.ipc.IpcReadOptions(included_fields=fields or [], use_threads=False)
        start = pa.ipc.open_stream if self._is_stream else pa.ipc.open_file
        try:
            with self.source.open() as raw, start(pa.PythonFile(raw, mode="r"), options=options) as reader:
                yield reader
        except (pa.ArrowException, OSError) as error:
            raise UnusableTable(
                "damaged_file",
                "the Arrow file is cut off or damaged",
                fix="write and upload it again",
            ) from error
