"""How are checkpoints kept in a file beside the data, or in a folder on another disk?"""

import contextlib
import os
from pathlib import Path
from typing import ClassVar

from audits.trail.anchors.anchor import AnchorFailed, different, file_name, is_same, parse_kept, size_in
from audits.trail.notes import MAX_NOTE_BYTES, NoteRefused


class FileAnchor:
    """One file with the newest note, replaced with every signature: notices a database restored beside it."""

    is_near: ClassVar[bool] = True
    is_continuous: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path}"
        self._path = path

    def keep(self, note: str, size: int) -> None:
        for kept in self.sizes():
            if kept == size and not is_same(self.read(size), note):
                raise different(self.name, size)
            # Of two dispatchers, the slower one comes with what is old already.
            if kept >= size:
                return
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            _write(draft, note, exclusive=False)
            draft.replace(self._path)
        except OSError as problem:
            raise AnchorFailed(f"{self.name} cannot be written: {problem.strerror}. Check folder and rights.") from None

    def sizes(self) -> list[int]:
        if not self._path.exists():
            return []
        note = _read(self._path, self.name)
        try:
            return [parse_kept(note).size]
        except NoteRefused as problem:
            raise AnchorFailed(f"{self.name} holds no note: {problem} Move the file away and look into it.") from None

    def read(self, size: int) -> str:
        return _read(self._path, self.name)


class DirectoryAnchor:
    """A folder with one file a note, each written once: on another disk, a share of another team, write-once media."""

    is_near: ClassVar[bool] = True
    is_continuous: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.name = f"directory:{folder}"
        self._folder = folder

    def keep(self, note: str, size: int) -> None:
        path = self._folder / file_name(size)
        try:
            _write(path, note, exclusive=True)
        except FileExistsError:
            if not is_same(_read(path, self.name), note):
                raise different(self.name, size) from None
        except OSError as problem:
            raise AnchorFailed(f"{self.name} cannot be written: {problem.strerror}. Check folder and rights.") from None

    def sizes(self) -> list[int]:
        try:
            return sorted(size for entry in os.scandir(self._folder) if (size := size_in(entry.name)) is not None)
        except OSError as problem:
            # Never made here: a folder whose disk is not mounted would be made anew, and empty, on this one.
            raise AnchorFailed(f"{self.name} cannot be read: {problem.strerror}. Mount or make the folder.") from None

    def read(self, size: int) -> str:
        return _read(self._folder / file_name(size), self.name)


def _write(path: Path, note: str, *, exclusive: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if exclusive else os.O_TRUNC)
    descriptor = os.open(path, flags, 0o444 if exclusive else 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(note.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # Half a note would stand in the way of the whole one.
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _read(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MAX_NOTE_BYTES:
            raise AnchorFailed(f"{name}: {path.name} is longer than any note; look into it.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise AnchorFailed(f"{name}: {path.name} is no text; look into it.") from None
    except OSError as problem:
        raise AnchorFailed(
            f"{name}: {path.name} cannot be read: {problem.strerror}. Check folder and rights."
        ) from None
