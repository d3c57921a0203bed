"""How does an act leave its entry?

A use case opens one recording, creates its rows through it, and the entries are appended as the last statements
of the transaction: the head of the trail is held for the shortest time, and a row without an entry cannot commit.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from audits.trail import clock
from audits.trail.actors import Actor
from audits.trail.canonical import canonical_json
from audits.trail.digests import row_digest
from audits.trail.merkle import leaf_hash
from audits.trail.models import Entry, Head, Recorded

SCHEMA_VERSION = 1
NO_PREVIOUS = ""
GENESIS = bytes(32)

Row = TypeVar("Row", bound=Recorded)


class NotRecordable(RuntimeError):
    """The surroundings do not allow an entry to be numbered without a fork."""


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
        row.save(force_insert=True)
        self._drafts.append(_Draft(entry_id, action, subject, data or {}, row))
        return row

    def note(self, *, action: str, subject: str, data: Mapping[str, Any] | None = None) -> UUID:
        """Draft an entry about an act that left no governed row, such as an export."""
        entry_id = clock.new_uid()
        self._drafts.append(_Draft(entry_id, action, subject, data or {}, None))
        return entry_id

    def _append(self) -> None:
        if not self._drafts:
            return
        head = Head.objects.select_for_update().get(id=1)
        # The log's clock may not run backwards, whatever the machine's clock does.
        recorded_at = max(clock.now(), head.recorded_at)
        last = _last_of({draft.subject for draft in self._drafts})
        index, chain_hash = head.size, bytes(head.chain_hash)
        entries = []
        for draft in self._drafts:
            number, previous = last.get(draft.subject, (0, NO_PREVIOUS))
            text = canonical_json(self._document(draft, number + 1, previous))
            leaf = leaf_hash(text)
            chain_hash = hashlib.sha256(chain_hash + leaf).digest()
            entries.append(
                Entry(
                    id=draft.id,
                    index=index,
                    recorded_at=recorded_at,
                    actor=str(self.actor),
                    action=draft.action,
                    subject=draft.subject,
                    subject_number=number + 1,
                    text=text.decode(),
                    leaf_hash=leaf,
                    chain_hash=chain_hash,
                )
            )
            last[draft.subject] = (number + 1, leaf.hex())
            index += 1
        Entry.objects.bulk_create(entries)
        Head.objects.filter(id=1).update(size=index, chain_hash=chain_hash, recorded_at=recorded_at)

    def _document(self, draft: _Draft, number: int, previous: str) -> dict[str, Any]:
        row = draft.row
        return {
            "action": draft.action,
            "actor": str(self.actor),
            "at": clock.timestamp(self.at),
            "data": dict(draft.data),
            "id": str(draft.id),
            "log": settings.TRAIL_ORIGIN,
            "number": number,
            "previous": previous,
            "row": None
            if row is None
            else {"of": row._meta.label_lower, "key": str(row.pk), "sha256": row_digest(row)},
            "subject": draft.subject,
            "v": SCHEMA_VERSION,
        }


def _last_of(subjects: set[str]) -> dict[str, tuple[int, str]]:
    """Return number and leaf hash of the newest entry of each subject. Read after the head is locked."""
    newest: dict[str, tuple[int, str]] = {}
    for subject in subjects:
        found = (
            Entry.objects.filter(subject=subject)
            .order_by("-subject_number")
            .values_list("subject_number", "leaf_hash")
            .first()
        )
        if found:
            newest[subject] = (found[0], bytes(found[1]).hex())
    return newest


@contextmanager
def record(*, actor: Actor, at: datetime) -> Iterator[Recording]:
    """Open the transaction of one use case; on leaving it, append its entries and commit.

    Raises: NotRecordable under an isolation level in which a lock does not refresh what is read (section 3.4 of
    the trail's measurements: REPEATABLE READ forks); RuntimeError inside another transaction, because "recorded"
    means committed.
    Locks: the head of the trail, last.
    """
    with transaction.atomic(durable=True):
        _refuse_wrong_isolation()
        recording = Recording(actor=actor, at=at)
        yield recording
        recording._append()


def _refuse_wrong_isolation() -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        level = cursor.fetchone()[0]
    if level != "read committed":
        raise NotRecordable(f"entries are numbered under READ COMMITTED, this connection is set to {level.upper()}")
