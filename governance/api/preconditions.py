"""How do two people not overwrite each other? (RFC 9110, sections 8.8.3 and 13.1)

What is read has an ETag, the digest of the answer. A change that brings it in `If-Match` is made only while the same
would be read: the use case asks again after it has locked the rows, so that of two who bring the same tag one wins.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from audits.errors import DomainError
from governance.api.errors import PreconditionFailed
from governance.errors import Malformed

MATCH, NONE_MATCH = "If-Match", "If-None-Match"
Check = Callable[[], None]


def etag_of(document: Any) -> str:
    """Return the strong tag of a document as it is answered."""
    return f'"{hashlib.sha256(JSONRenderer().render(document)).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Return whether a reader has this already, so that 304 will do."""
    return tag in _tags(request, NONE_MATCH)


def still_so(request: Request, current: Callable[[], Any]) -> Check | None:
    """Return what a use case calls to learn that nothing has changed since it was read, or None when nobody asks.

    `current` returns the document that a reader would get now, or raises that there is none.
    Raises, when called: PreconditionFailed.
    """
    wanted, unwanted = _tags(request, MATCH), _tags(request, NONE_MATCH)
    if not wanted and not unwanted:
        return None

    def check() -> None:
        try:
            tag = etag_of(current())
        except DomainError as absent:
            if absent.status != 404:
                raise
            tag = ""
        if wanted and tag not in wanted and not (tag and "*" in wanted):
            raise PreconditionFailed("Somebody changed it since you read it; read it again, then decide.", etag=tag)
        if tag and (tag in unwanted or "*" in unwanted):
            raise PreconditionFailed("It is there already; read it, then decide.", etag=tag)

    return check


def refuse_condition(request: Request) -> None:
    """Return when a change brings no condition: it would be made without looking. Raises: Malformed."""
    if MATCH in request.headers:
        raise Malformed("Nothing here is overwritten, so that there is nothing to match; leave it out.", field=MATCH)


def _tags(request: Request, header: str) -> frozenset[str]:
    return frozenset(tag.strip() for tag in request.headers.get(header, "").split(",") if tag.strip())
