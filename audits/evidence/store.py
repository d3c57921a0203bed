"""Where do the bytes lie, and are they still the ones that were declared?

Content-addressed: a file's name is the SHA-256 of its bytes, so nothing is stored twice and nothing can be
replaced unnoticed. Bytes become evidence only when somebody declares what they are.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import TemporaryUploadedFile

CHUNK = 1024 * 1024


class UploadRefused(ValueError):
    """The bytes that arrived are not the bytes that were announced. Nothing was stored."""

    def __init__(self, code: str, detail: str, fix: str) -> None:
        self.code, self.detail, self.fix = code, detail, fix
        super().__init__(f"{detail} {fix}")


class EvidenceMissing(LookupError):
    """No bytes with this digest are stored."""


class EvidenceDamaged(RuntimeError):
    """The stored bytes no longer have the digest under which they were stored."""


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def _storage() -> Storage:
    return storages["evidence"]


def _name(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256}"


def is_stored(sha256: str) -> bool:
    return _storage().exists(_name(sha256))


def stored_size(sha256: str) -> int:
    """Return the number of bytes. Raises: EvidenceMissing."""
    if not is_stored(sha256):
        raise EvidenceMissing(sha256)
    return _storage().size(_name(sha256))


def receive(stream: Readable, *, sha256: str, length: int | None) -> int:
    """Copy `stream` to the store under its digest and return its size in bytes.

    The bytes pass through a file on disk and are never whole in memory; they enter the store only when size and
    digest are as announced. Bytes that are already stored are read, compared and stored no second time.
    Raises: UploadRefused (upload_cut_short, digest_differs, upload_too_large, upload_empty).
    Idempotent: by digest.
    """
    digest, size = hashlib.sha256(), 0
    with TemporaryUploadedFile(sha256, "application/octet-stream", 0, None) as draft:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > settings.EVIDENCE_MAX_BYTES:
                raise UploadRefused(
                    "upload_too_large",
                    f"The upload is larger than {settings.EVIDENCE_MAX_BYTES:,} bytes.",
                    "Raise COUNTERSIGN_EVIDENCE_MAX_BYTES or send a smaller file.",
                )
            digest.update(chunk)
            draft.write(chunk)
        _refuse_difference(sha256, length, digest.hexdigest(), size)
        draft.flush()
        draft.seek(0)
        storage, name = _storage(), _name(sha256)
        if not storage.exists(name):
            kept = storage.save(name, draft)
            if kept != name:  # another upload of the same bytes was faster
                storage.delete(kept)
    return size


def _refuse_difference(sha256: str, length: int | None, found: str, size: int) -> None:
    if length is not None and size != length:
        raise UploadRefused(
            "upload_cut_short",
            f"{length:,} bytes were announced and {size:,} arrived.",
            "Send the file again from the start.",
        )
    if size == 0:
        raise UploadRefused("upload_empty", "The upload holds no bytes.", "Check the path of the file you send.")
    if found != sha256:
        raise UploadRefused(
            "digest_differs",
            f"The bytes have the digest {found}, announced was {sha256}.",
            "Compute the SHA-256 of the file you send, and send it again.",
        )


@contextmanager
def local_path(sha256: str) -> Iterator[Path]:
    """Give a path on this machine at which the stored bytes can be read; their digest is checked first.

    Raises: EvidenceMissing, EvidenceDamaged.
    """
    storage, name = _storage(), _name(sha256)
    if not storage.exists(name):
        raise EvidenceMissing(sha256)
    try:
        path = Path(storage.path(name))
    except NotImplementedError:  # an object store has no paths
        with tempfile.NamedTemporaryFile(prefix="evidence-") as copy, storage.open(name) as source:
            _copy(source, copy)
            copy.flush()
            yield _checked(Path(copy.name), sha256)
        return
    yield _checked(path, sha256)


def _copy(source: Readable, target: IO[bytes]) -> None:
    while chunk := source.read(CHUNK):
        target.write(chunk)


def _checked(path: Path, sha256: str) -> Path:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise EvidenceDamaged(f"The stored file {sha256} now has the digest {found}.")
    return path
