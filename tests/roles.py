"""The application's database role as production has it, in a cluster that other tests use too (PostgreSQL)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from audits.trail import grants


@contextmanager
def application_role() -> Iterator[str]:
    """A role with exactly the printed rights."""
    name = f"app of {connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP ROLE IF EXISTS "{name}"')
        cursor.execute(f'CREATE ROLE "{name}"')
        cursor.execute("\n".join(grants(name)))
        try:
            yield name
        finally:
            cursor.execute("RESET SESSION AUTHORIZATION")
            cursor.execute("ALTER FUNCTION countersign_append SECURITY INVOKER RESET ALL")
            cursor.execute("GRANT EXECUTE ON FUNCTION countersign_append TO PUBLIC")
            cursor.execute(f'DROP OWNED BY "{name}"')
            cursor.execute(f'DROP ROLE "{name}"')


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        # SET ROLE would leave the superuser's rights to the session.
        cursor.execute(f'SET SESSION AUTHORIZATION "{role}"')
        try:
            yield
        finally:
            cursor.execute("RESET SESSION AUTHORIZATION")
