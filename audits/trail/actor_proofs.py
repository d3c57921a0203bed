"""Did the service write this entry, or did somebody put it into the database?

The proof of an entry is an HMAC (RFC 2104) with SHA-256, under a key that is never in the database, over what the
service writes of the entry's text: all but number and previous, which the database adds. It stands beside the entry
and is no part of the trail's format: only whoever holds the key can check it.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from django.conf import settings

from audits.trail.models import Entry

_DOMAIN: Final = b"countersign/actor-proof/v1\n"
_PLACE: Final = '"number":'
_PLACED: Final = re.compile(r'(?:0|[1-9][0-9]*),"previous":"(?:[0-9a-f]{64})?(?=")')


@dataclass(frozen=True, slots=True)
class ActorKey:
    """A key of 32 bytes; `until`, if given, is the index of the first entry that it proves no more."""

    secret: bytes = field(repr=False)
    until: int | None = None

    def prove(self, head: str, tail: str) -> bytes:
        """Return the proof, 32 bytes, of an entry with these texts before its number and after its previous entry."""
        # The length says where the first text ends: no other two texts give the same bytes.
        before, after = head.encode(), tail.encode()
        return hmac.digest(self.secret, _DOMAIN + len(before).to_bytes(8, "big") + before + after, "sha256")


def key_in_force() -> ActorKey:
    """Return the key that proves new entries, which is made when there is none."""
    if settings.ACTOR_KEYS:
        return ActorKey(*settings.ACTOR_KEYS[0])
    return _made(settings.OWN_ACTOR_KEY)


def held_keys() -> list[ActorKey]:
    """Return every key whose proofs this process believes; none where there is none, and none is made."""
    own = settings.OWN_ACTOR_KEY(make=False)
    return [*(ActorKey(*key) for key in settings.ACTOR_KEYS), *([ActorKey(own)] if own else [])]


@cache
def _made(own_key: Callable[..., bytes]) -> ActorKey:
    return ActorKey(own_key(make=True))


def parts(text: str) -> tuple[str, str] | None:
    """Return what the service wrote of an entry's text, before number and after previous entry; None for no entry's."""
    # The last such place is the numbering's: after it stand only fixed keys, and inside strings quotes are escaped.
    before, place, after = text.rpartition(_PLACE)
    placed = _PLACED.match(after)
    return (before + place, after[placed.end() :]) if placed else None


def is_proved(proof: bytes, *, text: str, index: int, keys: Sequence[ActorKey]) -> bool:
    """Return whether one of the keys made this proof, at a time when it counted, for the entry with this text."""
    written = parts(text)
    if written is None:
        return False
    counting = [key for key in keys if key.until is None or index < key.until]
    return any(hmac.compare_digest(key.prove(*written), proof) for key in counting)


def proved_from() -> int | None:
    """Return the index from which on every entry needs a proof; None when no entry has one and none has to.

    What was recorded before the first proof is older than proofs, unless the operator says since when there are some.
    """
    first = Entry.objects.filter(proof__isnull=False).order_by("index").values_list("index", flat=True).first()
    known = [index for index in (first, settings.PROVED_FROM) if index is not None]
    return min(known, default=None)
