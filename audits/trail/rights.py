"""What may the database role of the running process do, and what does it need?

Two roles: the owner migrates, the application records. `grants` says what the second one needs; `rights_beyond_need`
tries what it must not have, inside a transaction that is rolled back: a right that is only looked up in a catalogue
may be had in some other way.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from audits.trail.append_only import guarded_models
from audits.trail.models import Entry, Head

APPEND = "countersign_append(uuid[], text, text[], text[], text[], text[], bytea[])"

# Rows of these recorded tables are locked with SELECT … FOR UPDATE, for which PostgreSQL asks a right to update at
# least one column. The trigger goes on refusing every update.
LOCKED = {"registry.registeredmodel"}

_PRIVILEGE_MISSING = "42501"
_TABLE_MISSING = "42P01"


@dataclass(frozen=True, slots=True)
class Right:
    """Something the running role may do and should not: what, and on which tables (none: on the database)."""

    what: str
    tables: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.what} on {', '.join(self.tables)}" if self.tables else self.what


def running_role() -> str:
    """Return the role that this process uses, or "" where the database knows none."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def grants(application: str) -> Iterator[str]:
    """Yield the SQL by which the owner gives the application's role what it needs and nothing else (PostgreSQL).

    To be run again after every migration: new tables are not covered, and a replaced function loses its settings.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = _quoted(cursor.fetchone()[0])
    role = _quoted(application)
    guarded = {model._meta.db_table for model in guarded_models()}
    yield "-- Nobody else makes tables or functions beside ours."
    yield f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC;"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {role};"
    yield f"REVOKE ALL ON SCHEMA {schema} FROM {role};"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role};"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};"
    yield "-- An entry gets its place from the function alone, which acts with the owner's rights."
    yield f"ALTER FUNCTION {APPEND} SECURITY DEFINER SET search_path = {schema}, pg_temp;"
    yield f"REVOKE EXECUTE ON FUNCTION {APPEND} FROM PUBLIC;"
    yield f"GRANT EXECUTE ON FUNCTION {APPEND} TO {role};"
    for table in (Entry._meta.db_table, Head._meta.db_table, "django_migrations"):
        yield f"GRANT SELECT ON {_quoted(table)} TO {role};"
    yield "-- What was recorded is read and added to."
    for model in sorted(guarded_models(), key=lambda model: model._meta.db_table):
        if model is Entry:
            continue
        yield f"GRANT SELECT, INSERT ON {_quoted(model._meta.db_table)} TO {role};"
        if model._meta.label_lower in LOCKED:
            yield "-- The right without which PostgreSQL lets nobody lock a row; the trigger refuses the update itself."
            yield f"GRANT UPDATE ({_quoted(_key(model))}) ON {_quoted(model._meta.db_table)} TO {role};"
    yield "-- What only says how things stand now, or runs the machinery, changes."
    everything = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if not model._meta.proxy}
    for table in sorted(everything - guarded - {Head._meta.db_table}):
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_quoted(table)} TO {role};"


def rights_beyond_need() -> list[Right]:
    """Try what the application must not be able to do, undo it, and return what the database would have allowed.

    On SQLite the answer is empty: it knows no roles, and whoever can write the file can do everything.
    """
    found: dict[str, list[str]] = {}
    for what, table in _allowed():
        found.setdefault(what, []).append(table)
    return [Right(what, tuple(table for table in tables if table)) for what, tables in found.items()]


def first_right_beyond_need() -> Right | None:
    """Return one of them, or None: for a start, when an owner's further attempts would make others wait."""
    with closing(_allowed()) as allowed:
        for what, table in allowed:
            return Right(what, (table,) if table else ())
    return None


def _allowed() -> Generator[tuple[str, str]]:
    if connection.vendor != "postgresql":
        return
    found = set()
    with transaction.atomic(), connection.cursor() as cursor:
        # An owner's attempts take locks; nobody shall wait for them.
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        for what, table, statement in chain(_on_tables(), _on_the_database()):
            if (what, table) not in found and _is_allowed(statement):
                found.add((what, table))
                yield what, table
        transaction.set_rollback(True)


def _on_tables() -> Iterator[tuple[str, str, str]]:
    for model in guarded_models():
        table, name = model._meta.db_table, _quoted(model._meta.db_table)
        for column in _columns(model):
            yield "UPDATE", table, f"UPDATE {name} SET {column} = {column} WHERE false"
        yield "DELETE", table, f"DELETE FROM {name} WHERE false"
        yield "TRUNCATE", table, f"TRUNCATE {name}"
        yield "ALTER TABLE", table, f"ALTER TABLE {name} DISABLE TRIGGER USER"
        yield (
            "CREATE TRIGGER",
            table,
            f"CREATE TRIGGER countersign_try BEFORE INSERT ON {name} FOR EACH ROW "
            "EXECUTE FUNCTION countersign_append_only()",
        )
    entry, head = _quoted(Entry._meta.db_table), _quoted(Head._meta.db_table)
    # Whoever may insert beside the function chooses the place of an entry.
    yield "INSERT", Entry._meta.db_table, f"INSERT INTO {entry} SELECT * FROM {entry} WHERE false"
    yield "UPDATE", Head._meta.db_table, f"UPDATE {head} SET size = size WHERE false"
    yield "DELETE", Head._meta.db_table, f"DELETE FROM {head} WHERE false"


def _on_the_database() -> Iterator[tuple[str, str, str]]:
    body = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
    yield "CREATE TABLE", "", "CREATE TABLE countersign_try (number integer)"
    yield (
        "CREATE OR REPLACE FUNCTION countersign_append_only",
        "",
        f"CREATE OR REPLACE FUNCTION countersign_append_only() {body}",
    )
    yield "SET session_replication_role", "", "SET LOCAL session_replication_role = replica"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
            "WHERE relname = ANY(%s) AND pg_table_is_visible(oid) AND pg_get_userbyid(relowner) <> current_user",
            [[model._meta.db_table for model in guarded_models()]],
        )
        owners = [owner for (owner,) in cursor.fetchall()]
    for owner in owners:
        yield f"SET ROLE {owner}, who owns the tables", "", f"SET LOCAL ROLE {_quoted(owner)}"


def _is_allowed(statement: str) -> bool:
    """Return whether anything but a missing right stops the statement; a trigger can be dropped, a right cannot."""
    before = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as problem:
        return getattr(problem.__cause__, "sqlstate", None) not in {_PRIVILEGE_MISSING, _TABLE_MISSING}
    else:
        return True
    finally:
        transaction.savepoint_rollback(before)


def _key(model: type[models.Model]) -> str:
    assert model._meta.pk is not None  # noqa: S101 -- tells mypy, checks nothing
    return str(model._meta.pk.column)


def _columns(model: type[models.Model]) -> list[str]:
    """Return the columns to try. The key of a table whose rows are locked may be updated, as far as rights go."""
    spared = {_key(model)} if model._meta.label_lower in LOCKED else set()
    return [_quoted(str(field.column)) for field in model._meta.concrete_fields if field.column not in spared]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
