"""How can a person be forgotten although nothing recorded ever changes?

Free text that people write is encrypted under a key of its author before it is recorded, and the row's digest covers
the ciphertext. Without the key the text is gone for good, and every digest, hash and proof still holds.
"""

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from secrets import token_bytes
from typing import Final, Self, TypeVar, overload
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection, models
from django.db.models import OuterRef, Subquery

from audits.trail.clock import new_uid, now
from audits.trail.models import PersonKey

ERASED: Final = "(erased)"
KEY_LOST: Final = "(cannot be read: its key is missing)"
ALTERED: Final = "(cannot be read: it is not what was written)"

_MARK: Final = "sealed:v1:"
_KEY_BYTES: Final = 32
# NIST SP 800-38D, section 8.2.2: 96 random bits, good for 2^32 texts under one key.
_NONCE_BYTES: Final = 12
_GIVEN: Final = "secret_of_author"

Row = TypeVar("Row", bound=models.Model)


class PersonForgotten(RuntimeError):
    """Somebody whose key was destroyed is about to write. An erased account is inactive, so this is a fault."""


class Sealed:
    """A text of a row, as it reads; what the column keeps is its ciphertext under a key of the row's author.

    `author` names the column with the actor (kind:id), `purpose` the kind of text: a person's texts of one purpose
    share a key, so that the house can forget one kind and keep another. The row MUST have a `uid`: it is
    authenticated with the text, so that no ciphertext can be moved to another row.
    """

    def __init__(self, column: str, *, author: str, purpose: str) -> None:
        self.column, self.author, self.purpose = column, author, purpose

    @overload
    def __get__(self, row: None, model: type) -> Self: ...

    @overload
    def __get__(self, row: models.Model, model: type) -> str: ...

    def __get__(self, row: models.Model | None, model: type) -> "Self | str":
        if row is None:
            return self
        text: str = getattr(row, self.column)
        if not text.startswith(_MARK):
            # Empty, or recorded before texts were sealed.
            return text
        key_id, _, ciphertext = text.removeprefix(_MARK).partition(":")
        secret = row.__dict__[_GIVEN] if _GIVEN in row.__dict__ else _secret(UUID(key_id))
        return _opened(ciphertext, secret, about=self._about(row.uid))  # type: ignore[attr-defined]

    def seal(self, text: str, *, author: str, uid: UUID) -> str:
        """Return what the column shall keep of `text`. MUST run in the transaction that records the row.

        An empty text stays empty: it needs no key. Raises: PersonForgotten.
        """
        if not text:
            return ""
        key, _ = PersonKey.objects.get_or_create(
            actor=author,
            purpose=self.purpose,
            defaults={"id": new_uid(), "secret": token_bytes(_KEY_BYTES), "made_at": now()},
        )
        if not key.secret:
            raise PersonForgotten(f"{author} was erased and writes no more.")
        nonce = token_bytes(_NONCE_BYTES)
        ciphertext = nonce + AESGCM(bytes(key.secret)).encrypt(nonce, text.encode(), self._about(uid))
        return f"{_MARK}{key.id}:{b64encode(ciphertext).decode()}"

    def _about(self, uid: UUID) -> bytes:
        return f"{self.purpose}/{uid}".encode()


class SealedManager(models.Manager[Row]):
    """Brings each row's key along, so that a list of texts is read without a query for each."""

    def get_queryset(self) -> models.QuerySet[Row]:
        sealed = sealed_text(self.model)
        keys = PersonKey.objects.filter(actor=OuterRef(sealed.author), purpose=sealed.purpose)
        return super().get_queryset().annotate(**{_GIVEN: Subquery(keys.values("secret")[:1])})


def sealed_text(model: type[models.Model]) -> Sealed:
    """Return the one sealed text of a model."""
    return next(item for item in vars(model).values() if isinstance(item, Sealed))


def _secret(key_id: UUID) -> bytes | None:
    key = PersonKey.objects.filter(pk=key_id).first()
    return None if key is None else bytes(key.secret)


def _opened(ciphertext: str, secret: bytes | None, *, about: bytes) -> str:
    if secret is None:
        return KEY_LOST
    if not secret:
        return ERASED
    try:
        raw = b64decode(ciphertext, validate=True)
        return AESGCM(bytes(secret)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about).decode()
    except (InvalidTag, ValueError):
        return ALTERED


def destroy_keys(*, actor: str, at: datetime, keep: Collection[str] = ()) -> list[UUID]:
    """Destroy the keys of an actor, all but those of the purposes to keep, and return which were destroyed.

    The rows stay, without their secrets: they say that a text is erased and not lost.
    """
    keys = (
        PersonKey.objects.select_for_update().filter(actor=actor, destroyed_at__isnull=True).exclude(purpose__in=keep)
    )
    ids = sorted(keys.values_list("id", flat=True))
    PersonKey.objects.filter(id__in=ids).update(secret=b"", destroyed_at=at)
    return ids


@contextmanager
def leaving_no_copy() -> Iterator[None]:
    """Have what is overwritten inside the block overwritten on the disk too, as far as the database lets us.

    SQLite: old pages are zeroed and the write-ahead log is emptied. PostgreSQL keeps dead rows until its owner
    vacuums; docs/how-to/erase-a-person.md says how.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
    try:
        yield
        if not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = OFF")
