"""Whoever owns the database can loosen its guards; the catalogue tells, by name.

Each case loosens one guard and names what the check must say. What was loosened is put back afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from audits.trail import Entry, verify
from audits.trail.append_only import FUNCTION as REFUSE
from audits.trail.append_only import triggers
from audits.trail.guards import Looseness, loose_guards
from audits.trail.numbering import FOLLOW
from audits.trail.numbering import FUNCTION as APPEND

pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="the catalogue of PostgreSQL")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the catalogue of SQLite")

NO_CHANGE = triggers(Entry, "postgresql")["audits_entry_no_change"]
NO_UPDATE = triggers(Entry, "sqlite")["audits_entry_no_update"]


@contextmanager
def loosened(how: str, back: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(how)
        try:
            yield
        finally:
            cursor.execute(back)


def found() -> list[tuple[str, Looseness]]:
    return [(guard.name, guard.looseness) for guard in loose_guards()]


def test_what_the_migrations_left_is_in_place() -> None:
    assert loose_guards() == []


POSTGRESQL = {
    "a trigger is dropped": (
        "DROP TRIGGER audits_entry_no_change ON audits_entry",
        NO_CHANGE,
        "audits_entry_no_change",
        Looseness.MISSING,
    ),
    "a trigger is switched off": (
        "ALTER TABLE audits_entry DISABLE TRIGGER audits_entry_no_truncate",
        "ALTER TABLE audits_entry ENABLE TRIGGER audits_entry_no_truncate",
        "audits_entry_no_truncate",
        Looseness.OFF,
    ),
    "a trigger fires on replicas only": (
        "ALTER TABLE audits_entry ENABLE REPLICA TRIGGER audits_entry_no_change",
        "ALTER TABLE audits_entry ENABLE TRIGGER audits_entry_no_change",
        "audits_entry_no_change",
        Looseness.OFF,
    ),
    "a trigger gets a condition": (
        NO_CHANGE.replace("CREATE", "CREATE OR REPLACE").replace("FOR EACH ROW", "FOR EACH ROW WHEN (false)"),
        NO_CHANGE.replace("CREATE", "CREATE OR REPLACE"),
        "audits_entry_no_change",
        Looseness.REWRITTEN,
    ),
    "a trigger no longer fires on delete": (
        NO_CHANGE.replace("CREATE", "CREATE OR REPLACE").replace("UPDATE OR DELETE", "UPDATE"),
        NO_CHANGE.replace("CREATE", "CREATE OR REPLACE"),
        "audits_entry_no_change",
        Looseness.REWRITTEN,
    ),
    "the function of the triggers is replaced": (
        "CREATE OR REPLACE FUNCTION countersign_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF false THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$",
        REFUSE,
        "audits_entry_no_change",
        Looseness.REWRITTEN,
    ),
    "the function that numbers is replaced": (
        APPEND.replace("at_head.size + 1;", "at_head.size + 2;"),
        APPEND,
        "countersign_append",
        Looseness.REWRITTEN,
    ),
    "a second function catches the calls": (
        "CREATE FUNCTION countersign_append(uuid[], varchar, text[], text[], text[], text[]) RETURNS bigint "
        "LANGUAGE sql AS 'SELECT 1::bigint'",
        "DROP FUNCTION countersign_append(uuid[], varchar, text[], text[], text[], text[])",
        "countersign_append",
        Looseness.REWRITTEN,
    ),
    "a rule lets inserts vanish": (
        "CREATE RULE swallow AS ON INSERT TO audits_entry DO INSTEAD NOTHING",
        "DROP RULE swallow ON audits_entry",
        "swallow",
        Looseness.ADDED,
    ),
    "a strange trigger stands on the head": (
        "CREATE TRIGGER stranger BEFORE UPDATE ON audits_head FOR EACH ROW EXECUTE FUNCTION countersign_append_only()",
        "DROP TRIGGER stranger ON audits_head",
        "stranger",
        Looseness.ADDED,
    ),
    "row security hides rows": (
        "ALTER TABLE audits_entry ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE audits_entry DISABLE ROW LEVEL SECURITY",
        "audits_entry",
        Looseness.ADDED,
    ),
    "a session fires no triggers": (
        "SET session_replication_role = replica",
        "SET session_replication_role = origin",
        "session_replication_role",
        Looseness.OFF,
    ),
}


@on_postgresql
@pytest.mark.parametrize("case", POSTGRESQL)
def test_a_guard_loosened_on_postgresql_is_named(case: str) -> None:
    how, back, name, looseness = POSTGRESQL[case]
    with loosened(how, back):
        assert (name, looseness) in found()
        assert {flaw.code for flaw in verify().flaws} == {
            "guard_bypassed" if looseness is Looseness.ADDED else "guard_missing"
        }
    assert loose_guards() == []


@on_postgresql
def test_foreign_keys_switched_off_with_all_triggers_are_named() -> None:
    with loosened(
        "ALTER TABLE governance_approval DISABLE TRIGGER ALL", "ALTER TABLE governance_approval ENABLE TRIGGER ALL"
    ):
        names = [guard.name for guard in loose_guards()]
    assert "governance_approval_no_change" in names
    assert any(name.startswith("governance_approval_entry_id") for name in names)


SQLITE = {
    "a trigger is dropped": (
        "DROP TRIGGER audits_entry_no_update",
        NO_UPDATE,
        "audits_entry_no_update",
        Looseness.MISSING,
    ),
    "the head follows no more": (
        "DROP TRIGGER audits_entry_head_follows",
        FOLLOW,
        "audits_entry_head_follows",
        Looseness.MISSING,
    ),
    "a strange trigger stands beside ours": (
        "CREATE TRIGGER stranger BEFORE INSERT ON audits_entry BEGIN SELECT RAISE(IGNORE); END",
        "DROP TRIGGER stranger",
        "stranger",
        Looseness.ADDED,
    ),
}


@on_sqlite
@pytest.mark.parametrize("case", SQLITE)
def test_a_guard_loosened_on_sqlite_is_named(case: str) -> None:
    how, back, name, looseness = SQLITE[case]
    with loosened(how, back):
        assert found() == [(name, looseness)]
    assert loose_guards() == []


@on_sqlite
def test_a_trigger_put_back_with_another_body_is_named() -> None:
    weaker = NO_UPDATE.replace("BEFORE UPDATE ON", "BEFORE UPDATE OF actor ON")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audits_entry_no_update")
    with loosened(weaker, "DROP TRIGGER audits_entry_no_update"):
        assert found() == [("audits_entry_no_update", Looseness.REWRITTEN)]
    with connection.cursor() as cursor:
        cursor.execute(NO_UPDATE)
