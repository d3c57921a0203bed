"""What every test stands on."""

import gc
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import TestCase
from django.test.utils import override_settings
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from audits.trail.append_only import guarded_models, triggers
from audits.trail.models import Head, TreeState
from audits.trail.numbering import GENESIS
from tests.installation import migrated_file

# An example that takes long on a busy machine is no fault.
settings.register_profile("countersign", settings(), deadline=None)
settings.load_profile("countersign")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: whoever collects garbage need not look through it each time."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: in the end, who has nothing left can take only short tests from the other."""
    items.sort(key=lambda item: "served" not in item.path.parts)


@contextmanager
def triggers_lifted() -> Iterator[None]:
    """Let the flush between two tests empty the guarded tables, and a test forge what they hold; nothing else may."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = origin")
            return
        # Of the tables that hold something: an empty one has nothing that a trigger could keep.
        filled = [model for model in guarded_models() if model._default_manager.exists()]
        statements = {name: sql for model in filled for name, sql in triggers(model, "sqlite").items()}
        for name in statements:
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
        yield
        for sql in statements.values():
            cursor.execute(sql)


# What the migrations put there is the same before every test.
KEPT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let the flush between two transactional tests bring the migrated database back, and nothing else.

    On SQLite it is copied over whatever a test left: that takes a small part of what it takes to empty every table
    and to lift and to put back the triggers that guard them. On PostgreSQL a truncation of many small tables costs more
    than the test. Neither needs Django to look for content types and permissions again.
    """
    flush = BaseDatabaseOperations.execute_sql_flush
    migrated = sqlite3.connect(":memory:", check_same_thread=False)
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            connection.ensure_connection()
            connection.connection.backup(migrated)
        # A run in which no test asks for the database has made none.
        if migrated.execute("SELECT 1 FROM sqlite_master").fetchone():
            with closing(sqlite3.connect(migrated_file())) as kept:
                migrated.backup(kept)

    def copied(operations: BaseDatabaseOperations, sql_list: list[str]) -> None:
        connection.ensure_connection()
        migrated.backup(connection.connection)

    def emptied(operations: BaseDatabaseOperations, sql_list: list[str]) -> None:
        tables = set(re.findall(r'"(\w+)"', " ".join(sql_list))) - KEPT
        with triggers_lifted():
            flush(operations, ["; ".join(f'DELETE FROM "{table}"' for table in sorted(tables))])
        # A trail that starts at nothing.
        Head.objects.create(id=1, size=0, chain_hash=GENESIS, recorded_at="2000-01-01T00:00:00Z")
        TreeState.objects.create(id=1, size=0, frontier=b"")

    with pytest.MonkeyPatch.context() as patch, closing(migrated):
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", copied if connection.vendor == "sqlite" else emptied)
        patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def around_the_module(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around all tests of a module, undone at the end: for a world that is built once and asked often.

    What a test changes is undone after it, as ever. Not for tests that commit.
    """
    with django_db_blocker.unblock():
        undone = TestCase._enter_atomics()  # type: ignore[attr-defined]
        yield
        TestCase._rollback_atomics(undone)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True, scope="session")
def _what_a_server_does_once_is_not_done_by_every_test() -> Iterator[None]:
    """Spare what costs a server nothing and a test most of its time.

    A hash that is slow to guess takes a third of a second, and what is guessed here is known anyway; every client of a
    test would list all static files before its first request, most of which ask for none.
    """
    cheap = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=cheap, WHITENOISE_AUTOREFRESH=True):
        yield
