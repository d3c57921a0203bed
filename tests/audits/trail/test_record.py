"""An act and its entry are one transaction: both or neither, in an order without gaps."""

import hashlib
import json

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audits.trail import Actor, Entry, NotCanonical, NotRecordable, new_uid, now, record
from audits.trail.merkle import leaf_hash
from audits.trail.models import Head
from governance.models import RoleGrant
from governance.roles import Role
from governance.services import accounts
from tests import make

SOMEBODY = Actor.process("command:test")


def note(subject: str = "model/a", **data: object) -> None:
    with record(actor=SOMEBODY, at=now()) as recording:
        recording.note(action="model.registered", subject=subject, data=data)


@pytest.mark.django_db
def test_an_entry_is_a_leaf_of_its_text_and_follows_the_one_before() -> None:
    note()
    note()
    first, second = Entry.objects.order_by("index")
    assert (first.index, second.index) == (0, 1)
    assert bytes(first.leaf_hash) == leaf_hash(first.text.encode())
    assert bytes(second.chain_hash) == hashlib.sha256(bytes(first.chain_hash) + bytes(second.leaf_hash)).digest()
    assert Head.objects.get().size == 2


@pytest.mark.django_db
def test_the_number_within_the_subject_and_its_previous_entry_are_inside_the_hashed_text() -> None:
    for subject in ("model/a", "model/b", "model/a"):
        note(subject)
    texts = [json.loads(entry.text) for entry in Entry.objects.order_by("index")]
    assert [(text["subject"], text["number"]) for text in texts] == [("model/a", 1), ("model/b", 1), ("model/a", 2)]
    assert texts[2]["previous"] == bytes(Entry.objects.get(index=0).leaf_hash).hex()
    assert texts[0]["previous"] == texts[1]["previous"] == ""


@pytest.mark.django_db
def test_an_act_that_fails_leaves_neither_row_nor_entry_nor_gap() -> None:
    note()
    with pytest.raises(NotCanonical):
        note(ratio=0.8)
    note()
    assert list(Entry.objects.order_by("index").values_list("index", flat=True)) == [0, 1]


@pytest.mark.django_db
def test_what_has_no_canonical_form_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(NotCanonical, match=r"data\.ratio"):
        note(ratio=0.8)
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_without_an_entry_is_refused_by_the_database() -> None:
    holder = make.account("nobody")
    row = RoleGrant(account=holder, role=Role.OPERATOR, granted_by="person:x", granted_at=now())
    with pytest.raises(IntegrityError):
        row.save()
    row.entry_id = new_uid()  # points at an entry that does not exist
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.bulk_create([row])


@pytest.mark.django_db(transaction=True)
def test_a_second_row_cannot_borrow_an_entry() -> None:
    holder = make.account("nobody")
    grant = accounts.grant_role(actor=SOMEBODY, account=holder, role=Role.AUDITOR)
    with pytest.raises(IntegrityError):
        RoleGrant.objects.create(
            account=holder, role=Role.OPERATOR, granted_by="person:x", granted_at=now(), entry_id=grant.entry_id
        )


@pytest.mark.django_db(transaction=True)
def test_an_act_that_the_database_refuses_at_the_commit_leaves_nothing_and_the_next_one_counts_on() -> None:
    homeless = RoleGrant(account_id=10**9, role=Role.OPERATOR, granted_by="person:x", granted_at=now())
    with pytest.raises(IntegrityError), record(actor=SOMEBODY, at=now()) as recording:
        recording.create(homeless, action="role.granted", subject="account/nobody")
    note()
    assert list(Entry.objects.values_list("index", "subject")) == [(0, "model/a")]
    assert not RoleGrant.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no messages")
def test_the_head_is_held_for_one_message() -> None:
    """A client that is slow to wake, or far away, would keep everybody else from appending."""
    with CaptureQueriesContext(connection) as queries:
        note()
    assert next(query["sql"] for query in queries if "countersign_append" in query["sql"]).endswith("; COMMIT")


@pytest.mark.django_db(transaction=True)
def test_recording_inside_another_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        note()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one isolation level")
def test_the_wrong_isolation_level_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    try:
        with pytest.raises(NotRecordable, match="READ COMMITTED"):
            note()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")


@pytest.mark.django_db
def test_no_entry_holds_a_name() -> None:
    made = make.account("maria-beispiel", Role.AUDITOR)
    texts = " ".join(Entry.objects.values_list("text", flat=True))
    assert str(made.uid) in texts
    assert "maria" not in texts.lower()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audits_entry SET actor = 'person:other'",
        "DELETE FROM audits_entry",
        "UPDATE governance_rolegrant SET role = 'operator'",
        "DELETE FROM governance_rolegrant",
    ],
)
def test_the_database_refuses_to_change_what_was_recorded(statement: str) -> None:
    make.account("nobody", Role.AUDITOR)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
def test_truncate_is_refused() -> None:
    note()
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audits_entry CASCADE")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows on insert")
@pytest.mark.parametrize("column", ["id", '"index"', "subject, subject_number"])
def test_insert_or_replace_is_refused_by_every_key(column: str) -> None:
    """The row in the way has another value in every key but the one named."""
    note()
    fresh = {
        "id": "'00000000000000000000000000000001'",
        '"index"': "99",
        "subject, subject_number": "'other', 1",
    }
    kept = {key: key if key == column else value for key, value in fresh.items()}
    statement = (
        'INSERT OR REPLACE INTO audits_entry (id, "index", subject, subject_number, recorded_at, actor, action, text, '
        f"leaf_hash, chain_hash) SELECT {', '.join(kept.values())}, recorded_at, actor, action, 'forged', leaf_hash, "
        "chain_hash FROM audits_entry"
    )
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = OFF")  # a connection of an attacker's
        try:
            with pytest.raises(DatabaseError, match="append-only"):
                cursor.execute(statement)
        finally:
            cursor.execute("PRAGMA recursive_triggers = ON")
