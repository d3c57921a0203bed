"""How does an act leave its entry?

A use case opens one recording, creates its rows through it, and the entries are appended as the last statements
of the transaction: the head of the trail is held for the shortest time, and a row without an entry cannot commit.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from audits.prepared import insert
from audits.trail import clock
from audits.trail.actor_proofs import ActorKey, key_in_force
from audits.trail.actors import Actor
from audits.trail.canonical import MAX_ENTRY_BYTES, canonical_json
from audits.trail.digests import row_digest
from audits.trail.models import Recorded
from audits.trail.numbering import NO_PREVIOUS, Draft, append

SCHEMA_VERSION = 1

# Where the numbering puts its two values, and the bytes they may need: 19 digits and 64 of the hash.
PLACE = '"number":0,"previous":"'
ROOM_FOR_THE_PLACE = 18 + 64

Row = TypeVar("Row", bound=Recorded)


@dataclass(frozen=True, slots=True)
class _Draft:
    id: UUID
    action: str
    subject: str
    data: Mapping[str, Any]
    row: Recorded | None


@dataclass(slots=True)
class Recording:
    """The open record of one act: who, when, and the entries to come."""

    actor: Actor
    at: datetime
    _drafts: list[_Draft] = field(default_factory=list)

    def create(self, row: Row, *, action: str, subject: str, data: Mapping[str, Any] | None = None) -> Row:
        """Insert `row` and draft the entry that explains and binds it.

        `data` MUST be within the canonical subset and MUST NOT hold personal data.
        """
        entry_id = clock.new_uid()
        row.entry_id = entry_id
        insert(row)
        self._drafts.append(_Draft(entry_id, action, subject, data or {}, row))
        return row

    def note(self, *, action: str, subject: str, data: Mapping[str, Any] | None = None) -> UUID:
        """Draft an entry about an act that left no governed row, such as an export."""
        entry_id = clock.new_uid()
        self._drafts.append(_Draft(entry_id, action, subject, data or {}, None))
        return entry_id

    def _append(self) -> None:
        if self._drafts:
            actor, key = str(self.actor), key_in_force()
            of_all = {
                "actor": actor,
                "at": clock.timestamp(self.at),
                "log": settings.TRAIL_ORIGIN,
                "number": 0,
                "previous": NO_PREVIOUS,
                "v": SCHEMA_VERSION,
            }
            append([_placed(draft, of_all, key) for draft in self._drafts], actor=actor, at=clock.now())


def _placed(draft: _Draft, of_all: Mapping[str, Any], key: ActorKey) -> Draft:
    """Return the draft as canonical text, cut where the numbering puts number and previous entry."""
    row = draft.row
    binding = None
    if row is not None:
        binding = {"of": row._meta.label_lower, "key": str(row.pk), "sha256": row_digest(row)}
    document = {
        **of_all,
        "action": draft.action,
        "data": dict(draft.data),
        "id": str(draft.id),
        "row": binding,
        "subject": draft.subject,
    }
    text = canonical_json(document, max_bytes=MAX_ENTRY_BYTES - ROOM_FOR_THE_PLACE).decode()
    # The last such place is ours: what follows it has fixed keys, and inside strings quotes are escaped.
    head, _, tail = text.rpartition(PLACE)
    head += '"number":'
    return Draft(draft.id, draft.action, draft.subject, head, tail, key.prove(head, tail))


@contextmanager
def record(*, actor: Actor, at: datetime) -> Iterator[Recording]:
    """Open the transaction of one use case; on leaving it, append its entries and commit.

    Raises: NotRecordable under an isolation level in which a lock does not refresh what is read (section 3.4 of
    the trail's measurements: REPEATABLE READ forks); RuntimeError inside another transaction, because "recorded"
    means committed.
    Locks: the head of the trail, last.
    """
    with transaction.atomic(durable=True):
        recording = Recording(actor=actor, at=at)
        yield recording
        recording._append()
