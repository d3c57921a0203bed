"""How does an entry get its place: after the last one, without gaps and without forks?

PostgreSQL: one statement calls a function in the database that takes the head, numbers, hashes and inserts; the
head is held only while it runs. SQLite: the write lock is held since BEGIN IMMEDIATE, so reading the end and
inserting after it is enough, and the hashes are made here.

The text of an entry is complete but for two values that only the numbering knows: its number within the subject
and the leaf hash of the subject's previous entry. Both stand between `head` and `tail` of the draft.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

from audits.trail.merkle import leaf_hash

GENESIS = bytes(32)
NO_PREVIOUS = ""

# RFC 6962 section 2.1: the leaf hash is over 0x00 and the data.
FUNCTION = """
CREATE OR REPLACE FUNCTION countersign_append(
    ids uuid[], actor text, actions text[], subjects text[], heads text[], tails text[], proofs bytea[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_head audits_head%ROWTYPE;
    number bigint;
    previous bytea;
    whole text;
    leaf bytea;
BEGIN
    -- Under a frozen snapshot the end that is read here may not be the end any more.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'entries are numbered under READ COMMITTED, this transaction is %',
            upper(current_setting('transaction_isolation')) USING ERRCODE = 'invalid_transaction_state';
    END IF;
    SELECT * INTO at_head FROM audits_head WHERE id = 1 FOR UPDATE;
    at_head.recorded_at := greatest(at_head.recorded_at, clock_timestamp());
    FOR i IN 1 .. array_length(ids, 1) LOOP
        SELECT e.subject_number, e.leaf_hash INTO number, previous FROM audits_entry e
            WHERE e.subject = subjects[i] ORDER BY e.subject_number DESC LIMIT 1;
        number := coalesce(number, 0) + 1;
        whole := heads[i] || number || ',"previous":"' || coalesce(encode(previous, 'hex'), '') || tails[i];
        leaf := sha256('\\x00'::bytea || convert_to(whole, 'UTF8'));
        at_head.chain_hash := sha256(at_head.chain_hash || leaf);
        INSERT INTO audits_entry (
            id, "index", recorded_at, actor, action, subject, subject_number, text, leaf_hash, chain_hash,
            proof
        ) VALUES (
            ids[i], at_head.size, at_head.recorded_at, actor, actions[i], subjects[i], number, whole, leaf,
            at_head.chain_hash, proofs[i]
        );
        at_head.size := at_head.size + 1;
    END LOOP;
    UPDATE audits_head SET size = at_head.size, chain_hash = at_head.chain_hash, recorded_at = at_head.recorded_at
        WHERE id = 1;
    RETURN at_head.size;
END $$
"""

# SQLite's counterpart of the head's update, so that an append is one read and one insert.
FOLLOW = """
CREATE TRIGGER audits_entry_head_follows AFTER INSERT ON audits_entry BEGIN
    UPDATE audits_head SET size = NEW."index" + 1, chain_hash = NEW.chain_hash, recorded_at = NEW.recorded_at
    WHERE id = 1;
END
"""

# Each subject's end by itself: the index answers the last one of one subject at once, but would read through the whole
# history of every subject if they were grouped. The log's clock may not run backwards, whatever the machine's does.
_ENDS = """
WITH wanted(subject) AS (VALUES {})
SELECT h.size, h.chain_hash, max(h.recorded_at, %(at)s), e.subject, e.subject_number, e.leaf_hash
FROM audits_head h CROSS JOIN wanted LEFT JOIN audits_entry e ON e.rowid = (
    SELECT rowid FROM audits_entry WHERE subject = wanted.subject ORDER BY subject_number DESC LIMIT 1
) WHERE h.id = 1
"""
_INSERT = """
INSERT INTO audits_entry (
    id, "index", recorded_at, actor, action, subject, subject_number, text, leaf_hash, chain_hash, proof
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

INVALID_TRANSACTION_STATE = "25000"


class NotRecordable(RuntimeError):
    """The surroundings do not allow an entry to be numbered without a fork."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that only lacks its place.

    `proof` is that of `actor_proofs` over `head` and `tail`; None is what somebody brings who does not hold the key.
    """

    id: UUID
    action: str
    subject: str
    head: str
    tail: str
    proof: bytes | None

    def text(self, number: int, previous: str) -> str:
        return f'{self.head}{number},"previous":"{previous}{self.tail}'


def append(drafts: Sequence[Draft], *, actor: str, at: datetime) -> None:
    """Give each draft its place and insert it. MUST be the last thing a transaction does.

    On PostgreSQL the outermost transaction is committed by the same message.
    Locks: the head of the trail (PostgreSQL), until the commit.
    """
    if connection.vendor == "postgresql":
        _append_in_the_database(drafts, actor)
    else:
        _append_from_here(drafts, actor, at)


def _append_in_the_database(drafts: Sequence[Draft], actor: str) -> None:
    names = ("id", "action", "subject", "head", "tail", "proof")
    columns = [[getattr(draft, name) for draft in drafts] for name in names]
    array = f"ARRAY[{', '.join(['%s'] * len(drafts))}]"
    # Each text is quoted by itself: the driver would escape a list of texts a second time, quote by quote.
    statement = f"SELECT countersign_append({array}::uuid[], %s, {array}, {array}, {array}, {array}, {array}::bytea[])"
    # Nobody else can append until the commit: sent along, it waits neither for the network nor for a client that
    # the machine is slow to wake. Django finds the transaction ended, and has nothing left to commit.
    if len(connection.atomic_blocks) == 1 and not getattr(connection.features, "uses_server_side_binding", False):
        statement += "; COMMIT"
    ids, *texts = columns
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, [*ids, actor, *chain.from_iterable(texts)])
    except DatabaseError as problem:
        if getattr(problem.__cause__, "sqlstate", None) == INVALID_TRANSACTION_STATE:
            raise NotRecordable(str(problem)) from problem
        raise


def _append_from_here(drafts: Sequence[Draft], actor: str, at: datetime) -> None:
    # By name: parameters that are told by position Django finds anew, by a search through the statement.
    subjects = {f"s{place}": subject for place, subject in enumerate({draft.subject for draft in drafts})}
    with connection.cursor() as cursor:
        ends = _ENDS.format(", ".join(f"(%({name})s)" for name in subjects))
        cursor.execute(ends, {"at": cursor.db.ops.adapt_datetimefield_value(at), **subjects})
        found = cursor.fetchall()
        index, chain_hash, recorded_at = found[0][:3]
        last = {subject: (number, leaf.hex()) for *_, subject, number, leaf in found if subject is not None}
        rows = []
        for draft in drafts:
            number, previous = last.get(draft.subject, (0, NO_PREVIOUS))
            text = draft.text(number + 1, previous)
            leaf = leaf_hash(text.encode())
            chain_hash = hashlib.sha256(chain_hash + leaf).digest()
            place = (draft.id.hex, index, recorded_at, actor, draft.action, draft.subject, number + 1)
            rows.append((*place, text, leaf, chain_hash, draft.proof))
            last[draft.subject] = (number + 1, leaf.hex())
            index += 1
        cursor.executemany(_INSERT, rows)


class InstallNumbering(Operation):
    """A migration operation: the function (PostgreSQL) or the trigger (SQLite) by which the head follows."""

    reversible = True
    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        schema_editor.execute(FUNCTION if schema_editor.connection.vendor == "postgresql" else FOLLOW, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        on_postgresql = schema_editor.connection.vendor == "postgresql"
        drop = "DROP FUNCTION countersign_append" if on_postgresql else "DROP TRIGGER audits_entry_head_follows"
        schema_editor.execute(drop, params=None)

    def describe(self) -> str:
        return "Let entries be numbered in the database"
