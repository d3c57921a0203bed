"""How do the bytes of a delimited file become UTF-8 text, without a guess and without holding the file?"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO

import pyarrow as pa

from audits.tables.source import Source, is_archive
from audits.tables.unusable import UnusableTable

CHUNK_BYTES = 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

# The marks of UTF-32 come first: the little-endian one begins with the mark of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
OTHER_FORMATS = (
    (b"PAR1", "a Parquet file", "declare the format parquet"),
    (b"PK\x03\x04", "a ZIP archive, such as a spreadsheet", "export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", "export the table as CSV"),
    (b"ARROW1", "an Arrow file", "declare the format arrow"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "declare the format arrow"),
    (b"FEA1", "a Feather file of version 1", "write it as version 2 and declare the format arrow"),
)

# Python calls these text encodings, but they transform text that is readable already.
NOT_FOR_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"})


def known_encoding(name: str) -> str:
    """Python's own name of a text encoding; raises UnusableTable where there is none."""
    try:
        # Encoding nothing refuses the codecs that do not turn text into bytes, such as hex.
        "".encode(name)
        known = codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError):
        known = ""
    if not known or known.replace("_", "-") in NOT_FOR_FILES:
        raise UnusableTable(
            "unknown_encoding",
            f'"{name}" is not a text encoding',
            fix="use a name such as utf-8, windows-1252, iso-8859-1 or utf-16",
        )
    return known


def utf8_chunks(source: Source, encoding: str, max_bytes: int) -> Iterator[bytes]:
    """The text of a plain or packed file (gzip, zstd) as pieces of valid UTF-8, in order; no byte-order mark, no NUL.

    A piece may end inside a character; their concatenation is what is valid.
    """
    chunks = _unpacked(source, max_bytes)
    first = next(chunks, b"")
    if is_archive(first):
        raise UnusableTable(
            "wrong_format",
            "the bytes are those of a packed archive",
            fix="pack the files of the table, not the archive: write the tar without compression",
        )
    for magic, what, fix in OTHER_FORMATS:
        if first.startswith(magic):
            raise UnusableTable("wrong_format", f"the bytes are those of {what}", fix=fix)
    encoding, mark = _agree(first, known_encoding(encoding))
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = _LineCount()
    done = False
    chunk = first[mark:]
    while not done:
        following = next(chunks, b"")
        done = not following
        try:
            text = decoder.decode(chunk, done)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "ignore").encode()
            lines.pass_over(before)
            raise _undecodable(error, encoding, lines.reached) from None
        piece = chunk if encoding == "utf-8" else text.encode()
        if b"\0" in piece:
            lines.pass_over(piece[: piece.index(b"\0")])
            raise UnusableTable(
                "nul_byte",
                "the text holds a NUL character",
                line=lines.reached,
                fix="this is not plain text: declare the encoding, or write the file anew",
            )
        lines.pass_over(piece)
        yield piece
        chunk = following


class ChunkReader(io.RawIOBase):
    """Pieces of bytes as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        n = min(len(target), len(self._rest))
        target[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n


def _unpacked(source: Source, max_bytes: int) -> Iterator[bytes]:
    with source.open() as raw:
        magic = raw.read(4)
        raw.seek(0)
        stream, packing = _unpacking(raw, magic)
        total = 0
        while True:
            try:
                chunk = stream.read(CHUNK_BYTES)
            except (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowException, OSError) as error:
                early = isinstance(error, EOFError) or "truncated" in str(error).lower()
                reason = "ends too early" if early else "is damaged"
                raise UnusableTable(
                    "damaged_file", f"the {packing} file {reason}", fix="upload the file again"
                ) from error
            if not chunk:
                break
            total += len(chunk)
            if total > max_bytes:
                raise UnusableTable(
                    "too_many_bytes",
                    f"the file is larger than {max_bytes} bytes once it is unpacked",
                    fix="leave columns out or draw a sample",
                )
            yield chunk
    if total == 0:
        raise UnusableTable("empty_file", "the file is empty", fix="upload a file with a header and rows")


def _unpacking(raw: IO[bytes], magic: bytes) -> tuple[IO[bytes], str]:
    if magic.startswith(GZIP_MAGIC):
        return gzip.GzipFile(fileobj=raw), "gzip"  # type: ignore[return-value]  # reads alike
    if magic == ZSTD_MAGIC:
        return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"), "zstd"
    return raw, "plain"


def _agree(first: bytes, declared: str) -> tuple[str, int]:
    """The encoding to read with and the length of the mark; a mark outranks the default, never a choice."""
    for mark, marked in BYTE_ORDER_MARKS:
        if first.startswith(mark):
            family = marked.split("-")[1]
            if declared != "utf-8" and declared.replace("_", "-").split("-")[:2] != ["utf", family]:
                raise UnusableTable(
                    "contradicting_encoding",
                    f"the file begins with the byte-order mark of UTF-{family} and is declared as {declared}",
                    fix=f"declare the encoding utf-{family}",
                )
            return marked, len(mark)
    return ("utf-8" if declared == "utf-8-sig" else declared), 0


def _undecodable(error: UnicodeDecodeError, encoding: str, line: int) -> UnusableTable:
    byte = error.object[error.start]
    return UnusableTable(
        "wrong_encoding",
        f"the byte 0x{byte:02X} is not valid {encoding}",
        line=line,
        fix="declare the encoding the file was written in, such as windows-1252",
    )


class _LineCount:
    """The line that has been reached, where lines end with LF, CR or CRLF."""

    def __init__(self) -> None:
        self.reached = 1
        self._after_return = False

    def pass_over(self, piece: bytes) -> None:
        if not piece:
            return
        self.reached += piece.count(b"\n")
        if b"\r" in piece:
            self.reached += piece.count(b"\r") - piece.count(b"\r\n")
        if self._after_return and piece.startswith(b"\n"):
            self.reached -= 1
        self._after_return = piece.endswith(b"\r")
