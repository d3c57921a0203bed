"""How does a large file get here although connections break?

The client says digest and size, sends the bytes in as many requests as it takes, and asks how far it got. The bytes
lie beside the store until the last has come; then size and digest are checked, and only then are they stored. The
rows are operational, the file tells how far an upload is, and nothing is on record before somebody declares it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings

from audits.evidence import Readable, is_stored
from audits.trail import Actor, new_uid, now
from governance.errors import UnknownUpload, UploadBusy, UploadOffset, UploadUnacceptable
from governance.models import Account, Upload
from governance.roles import Verb
from governance.services.authority import authorise
from governance.services.submissions import receive_bytes

LIFETIME = timedelta(hours=48)
CHUNK = 1024 * 1024


def begin_upload(*, actor: Actor, account: Account, sha256: str, size: int) -> Upload:
    """Announce an upload of `size` bytes. What others left unfinished for 48 hours is thrown away on this occasion.

    Raises: NotEntitled, UploadUnacceptable. Idempotent: by account, digest and size, so that a client may forget.
    """
    authorise(actor, Verb.REGISTER)
    if size > settings.EVIDENCE_MAX_BYTES:
        raise UploadUnacceptable(
            f"The upload is larger than {settings.EVIDENCE_MAX_BYTES:,} bytes; ask an operator to raise "
            "COUNTERSIGN_EVIDENCE_MAX_BYTES, or send a smaller file.",
            reason="upload_too_large",
        )
    at = now()
    for late in Upload.objects.filter(expires_at__lte=at):
        _forget(late)
    known = Upload.objects.filter(account=account, sha256=sha256, size=size).first()
    if known:
        return known
    upload = Upload.objects.create(
        uid=new_uid(), account=account, sha256=sha256, size=size, begun_at=at, expires_at=at + LIFETIME
    )
    _path(upload).touch(mode=0o600)
    return upload


def get_upload(*, account: Account, uid: UUID) -> Upload:
    """Return an upload of this account's. Raises: UnknownUpload."""
    upload = Upload.objects.filter(account=account, uid=uid, expires_at__gt=now()).first()
    if upload is None or not (is_stored(upload.sha256) or _path(upload).exists()):
        raise UnknownUpload(f"There is no upload {uid} of yours under way; begin a new one.")
    return upload


def offset_of(upload: Upload) -> int:
    """Return how many bytes have arrived."""
    path = _path(upload)
    return path.stat().st_size if path.exists() else upload.size


def continue_upload(*, actor: Actor, upload: Upload, stream: Readable, offset: int, length: int) -> int:
    """Append `length` bytes that begin at `offset`, and return how many have arrived in all.

    What arrives before a connection breaks is kept. The last byte completes the upload: it is stored when its digest
    is the one announced, and thrown away otherwise.
    Raises: NotEntitled, UploadOffset when the bytes do not begin where the last ended, UploadBusy while another
    request appends, UploadUnacceptable.
    """
    authorise(actor, Verb.REGISTER)
    if not _path(upload).exists():  # complete since
        return upload.size
    with _held(upload) as file:
        there = file.seek(0, os.SEEK_END)
        if offset != there or offset + length > upload.size:
            raise UploadOffset(
                f"{there:,} of {upload.size:,} bytes have arrived: go on from there, up to the size announced.",
                offset=there,
                size=upload.size,
            )
        _append(stream, file, length)
        there = file.seek(0, os.SEEK_END)
        if there == upload.size:
            _complete(actor, upload, file)
    return there


def _append(stream: Readable, file: IO[bytes], length: int) -> None:
    while length and (chunk := stream.read(min(CHUNK, length))):
        file.write(chunk)
        file.flush()
        length -= len(chunk)


def _complete(actor: Actor, upload: Upload, file: IO[bytes]) -> None:
    file.seek(0)
    try:
        receive_bytes(actor=actor, stream=file, sha256=upload.sha256, length=upload.size)
    except UploadUnacceptable:
        _forget(upload)
        raise
    _path(upload).unlink()


@contextmanager
def _held(upload: Upload) -> Iterator[IO[bytes]]:
    with _path(upload).open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy("Another request is sending to this upload; ask in a second how far it is.") from None
        yield file


def _forget(upload: Upload) -> None:
    _path(upload).unlink(missing_ok=True)
    upload.delete()


def _path(upload: Upload) -> Path:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR) / "uploads"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder / str(upload.uid)
