"""What every test stands on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test.utils import override_settings
from hypothesis import settings

from audits.trail.append_only import guarded_models, triggers
from audits.trail.models import Head, TreeState
from audits.trail.numbering import GENESIS

# An example that takes long on a busy machine is no fault.
settings.register_profile("countersign", settings(), deadline=None)
settings.load_profile("countersign")


@contextmanager
def triggers_lifted() -> Iterator[None]:
    """Let the flush between two transactional tests empty the tables; nothing else may."""
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


def _emptying(sql_list: list[str]) -> list[str]:
    """Return what empties the tables: on PostgreSQL a truncation of many small tables costs more than the test."""
    if connection.vendor != "postgresql":
        return sql_list
    tables = re.findall(r'"(\w+)"', " ".join(sql_list))
    return ["; ".join(f'DELETE FROM "{table}"' for table in tables)]


@pytest.fixture(autouse=True, scope="session")
def _flush_lifts_the_triggers() -> Iterator[None]:
    flush = BaseDatabaseOperations.execute_sql_flush

    def lifted(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with triggers_lifted():
            flush(self, _emptying(sql_list))
        # What the migrations put there: a trail that starts at nothing.
        Head.objects.create(id=1, size=0, chain_hash=GENESIS, recorded_at="2000-01-01T00:00:00Z")
        TreeState.objects.create(id=1, size=0, frontier=b"")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", lifted)
        yield


@pytest.fixture(autouse=True, scope="session")
def _what_a_server_does_once_is_not_done_by_every_test() -> Iterator[None]:
    """Spare what costs a server nothing and a test most of its time.

    A hash that is slow to guess takes a third of a second, and what is guessed here is known anyway; every client of a
    test would list all static files before its first request, most of which ask for none.
    """
    cheap = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=cheap, WHITENOISE_AUTOREFRESH=True):
        yield
