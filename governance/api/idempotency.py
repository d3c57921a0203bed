"""What happens when a client sends the same request again because it never saw the answer?

It gets the answer of the first one. The row is operational: what is true is decided by the use cases, which are
idempotent by their natural keys, so that a lost row costs a second look and nothing else.
"""

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trail import now
from governance.api.errors import IdempotencyKeyReused, IdempotentRequestInProgress
from governance.api.problems import MEDIA_TYPE
from governance.errors import Malformed
from governance.models import Account, IdempotencyKey

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
# Longer than any use case takes: who has not answered by then was killed.
IN_PROGRESS = timedelta(seconds=60)


class Replay(Exception):
    """The request was answered before; `response` is that answer."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response
        super().__init__()


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request holds until it is answered."""

    row_id: int
    started_at: datetime

    def settle(self, response: Response, *, without: Collection[str] = ()) -> None:
        """Keep the answer, unless it says that the fault is ours or that the same request may succeed at once.

        Members named in `without` are kept as null: what is shown once is not stored.
        """
        mine = IdempotencyKey.objects.filter(pk=self.row_id, started_at=self.started_at, status__isnull=True)
        if response.status_code >= 500 or getattr(response, "data", {}).get("code") == "conflict":
            mine.delete()
            return
        body = response.content.decode()
        if without and response.status_code < 400:
            body = JSONRenderer().render({**response.data, **dict.fromkeys(without)}).decode()
        mine.update(
            status=response.status_code,
            body=body,
            location=response.headers.get("Location", ""),
        )

    def release(self) -> None:
        """Forget the key: the request failed without an answer."""
        IdempotencyKey.objects.filter(pk=self.row_id, started_at=self.started_at, status__isnull=True).delete()


def claim(request: Request, account: Account, body: bytes) -> Claim | None:
    """Take the key of a request, or None when it brings none.

    Raises: Replay, IdempotencyKeyReused, IdempotentRequestInProgress, Malformed.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise Malformed("The key is 1 to 200 visible ASCII characters, such as a UUID.", field=HEADER)
    sha256, at = _digest(request, body), now()
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(account=account, key=key, request_sha256=sha256, started_at=at)
        return Claim(row.pk, at)
    except IntegrityError:
        return _claim_again(account, key, sha256, at)


def _claim_again(account: Account, key: str, sha256: str, at: datetime) -> Claim:
    known = IdempotencyKey.objects.filter(account=account, key=key).first()
    if known is None:  # released between the two statements
        raise _in_progress()
    if known.request_sha256 != sha256:
        raise IdempotencyKeyReused("This key belongs to another request; make a new one for each request.")
    if known.status is not None:
        raise Replay(_answer(known))
    if known.started_at > at - IN_PROGRESS:
        raise _in_progress()
    taken = IdempotencyKey.objects.filter(pk=known.pk, status__isnull=True, started_at=known.started_at)
    if not taken.update(started_at=at):
        raise _in_progress()
    return Claim(known.pk, at)


def _in_progress() -> IdempotentRequestInProgress:
    return IdempotentRequestInProgress("The first request with this key is still under way; ask again in a second.")


def _answer(known: IdempotencyKey) -> HttpResponse:
    status = known.status or 500
    response = HttpResponse(known.body, status=status, content_type="application/json" if status < 400 else MEDIA_TYPE)
    response["Idempotent-Replay"] = "true"
    if known.location:
        response["Location"] = known.location
    return response


def _digest(request: Request, body: bytes) -> str:
    """Digest what makes two requests the same: method, path with query, media type and body.

    Keyed: a body may hold a password, and a plain digest of it could be searched by whoever reads the table.
    """
    parts = [request.method or "", request.get_full_path(), request.content_type or ""]
    head = "\n".join(parts).encode("utf-8", "surrogateescape")
    key = hashlib.sha256(b"countersign idempotency " + settings.SECRET_KEY.encode()).digest()
    return hmac.digest(key, head + b"\n" + body, "sha256").hex()
