"""Where do the bytes of a table lie: in one file, or in the parts of an archive?

An archive is a tar without compression, so that each part is a plain stretch of the file: nothing is unpacked to
disk, and a Parquet part can be read from its end.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from audits.tables.unusable import UnusableTable, in_words

TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257
BLOCK = 512
MOST_FRAGMENTS = 10_000


@dataclass(frozen=True)
class Source:
    """A file, or the stretch of an archive that holds the part `name`."""

    path: Path
    start: int = 0
    n_bytes: int | None = None
    name: str | None = None

    def open(self) -> BinaryIO:
        """The bytes as a file that can be read from any place."""
        raw = self.path.open("rb")
        if self.n_bytes is None:
            return raw
        return io.BufferedReader(_Stretch(raw, self.start, self.n_bytes))

    def head(self, n_bytes: int) -> bytes:
        """The first bytes."""
        with self.open() as raw:
            return raw.read(n_bytes)


class _Stretch(io.RawIOBase):
    """Some consecutive bytes of an open file as a file of their own."""

    def __init__(self, raw: BinaryIO, start: int, n_bytes: int) -> None:
        self._raw, self._start, self._n_bytes, self._at = raw, start, n_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._n_bytes}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)[: max(0, self._n_bytes - self._at)]  # type: ignore[arg-type]
        self._raw.seek(self._start + self._at)
        data = self._raw.read(len(target))
        target[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


def is_archive(head: bytes) -> bool:
    """Whether these are the first bytes of a tar."""
    return head[TAR_MAGIC_AT : TAR_MAGIC_AT + len(TAR_MAGIC)] == TAR_MAGIC


def sources_of(path: Path) -> list[Source]:
    """The file itself, or the parts of an archive in the order of their names.

    Parts whose name begins with a dot or an underscore are the notes of the program that wrote the others.
    Raises: UnusableTable when the archive is damaged, holds no table or too many.
    """
    whole = Source(path)
    if not is_archive(whole.head(BLOCK)):
        return [whole]
    try:
        with tarfile.open(path, "r:") as archive:
            members = [member for member in archive if not member.isdir()]
    except (tarfile.TarError, OSError, ValueError) as error:
        raise UnusableTable("damaged_file", "the archive is cut off or damaged", fix="upload it again") from error
    size = path.stat().st_size
    parts = [member for member in members if not PurePosixPath(member.name).name.startswith((".", "_"))]
    odd = [member.name for member in parts if not member.isreg() or member.issparse()]
    if odd:
        raise UnusableTable(
            "odd_fragment", f"the archive holds {in_words(odd)}, which are no plain files", fix="pack files alone"
        )
    if not parts:
        raise UnusableTable("empty_file", "the archive holds no files", fix="pack the files of the table into it")
    if len(parts) > MOST_FRAGMENTS:
        raise UnusableTable(
            "too_many_fragments",
            f"the archive holds {len(parts)} files, more than {MOST_FRAGMENTS}",
            fix="write the table in fewer files",
        )
    if any(member.offset_data + member.size > size for member in parts):
        raise UnusableTable("damaged_file", "the archive is cut off or damaged", fix="upload it again")
    parts.sort(key=lambda member: member.name)
    return [Source(path, member.offset_data, member.size, member.name) for member in parts]
