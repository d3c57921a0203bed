"""How are checkpoints kept in an object store, through Django's storage?"""

from typing import ClassVar

from django.core.files.base import ContentFile
from django.core.files.storage import InvalidStorageError, Storage, storages

from audits.trail.anchors.anchor import AnchorFailed, different, file_name, is_same, size_in
from audits.trail.notes import MAX_NOTE_BYTES


class StorageAnchor:
    """A storage named in STORAGES. Retention (an object lock) is set in the store itself, not here."""

    is_near: ClassVar[bool] = False
    is_continuous: ClassVar[bool] = False

    def __init__(self, alias: str) -> None:
        self.name = f"storage:{alias}"
        self._alias = alias

    def keep(self, note: str, size: int) -> None:
        name = file_name(size)
        store = self._store()
        try:
            if not store.exists(name):
                stored = store.save(name, ContentFile(note.encode(), name=name))
                if stored != name:
                    # Another process was quicker; what it stored is looked at like any other.
                    store.delete(stored)
        except Exception as problem:
            raise AnchorFailed(f"{self.name} cannot be written: {problem}") from problem
        if not is_same(self.read(size), note):
            raise different(self.name, size)

    def sizes(self) -> list[int]:
        try:
            names = self._store().listdir("")[1]
        except FileNotFoundError:
            # A file-system storage makes its folder with the first file.
            return []
        except Exception as problem:
            raise AnchorFailed(f"{self.name} cannot be listed: {problem}") from problem
        return sorted(size for name in names if (size := size_in(name)) is not None)

    def read(self, size: int) -> str:
        try:
            with self._store().open(file_name(size), "rb") as file:
                return bytes(file.read(MAX_NOTE_BYTES)).decode()
        except Exception as problem:
            raise AnchorFailed(f"{self.name}: {file_name(size)} cannot be read: {problem}") from problem

    def _store(self) -> Storage:
        try:
            return storages[self._alias]
        except InvalidStorageError as problem:
            raise AnchorFailed(f"{self.name}: {problem}") from None
