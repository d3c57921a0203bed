"""What an installation looks at before it starts: every process tries its role where two are asked for, and `serve`
and `dispatch` say which guards are loose."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.databases import database_on, load_sqlite_text
from tests.installation import Installation

WORKER = ("-m", "celery", "--app=governance.conf.celery", "worker", "--pool=solo")
# Each process that may stand alone in an organisation, by how it is started.
STARTED_BY = {
    "serve": ("manage.py", "serve", "--port", "0"),
    "dispatcher": ("manage.py", "dispatch"),
    "web server": ("-m", "gunicorn", "--bind=127.0.0.1:0", "governance.conf.wsgi:application"),
    "worker": WORKER,
}

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no roles")


@pytest.mark.parametrize("process", STARTED_BY)
def test_where_two_roles_are_asked_for_nothing_starts_on_a_database_that_knows_none(
    process: str, tmp_path: Path
) -> None:
    refused = Installation.migrated(tmp_path, COUNTERSIGN_TWO_ROLES="on").run(*STARTED_BY[process])
    assert refused.returncode != 0
    assert "COUNTERSIGN_TWO_ROLES is on, and SQLite knows no roles." in refused.stdout + refused.stderr


def test_a_loose_guard_is_named_at_the_start(tmp_path: Path) -> None:
    here = Installation.migrated(tmp_path)
    load_sqlite_text("DROP TRIGGER audits_entry_no_update;", here)
    with here.serve() as served:
        assert "audits_entry_no_update" in served.said


@pytest.fixture
def roles(tmp_path: Path) -> Iterator[dict[str, Installation]]:
    """The same database as its owner and as the application reach it."""
    name = f"app_{uuid.uuid4().hex[:12]}"
    with database_on(os.environ["DATABASE_URL"]) as url:
        owner = Installation(tmp_path, DATABASE_URL=url)
        assert owner.manage("migrate", "--verbosity", "0").returncode == 0
        grants = owner.manage("database_roles", "--sql", "--application", name)
        assert grants.returncode == 0, grants.stderr
        with closing(psycopg.connect(url, autocommit=True)) as session:
            session.execute(f'CREATE ROLE "{name}" LOGIN')
            session.execute(grants.stdout)
            try:
                reached = re.sub("^postgresql://", f"postgresql://{name}@", url)
                application = Installation(tmp_path, DATABASE_URL=reached)
                yield {"owner": owner, "application": application}
            finally:
                session.execute(f'DROP OWNED BY "{name}"')
                session.execute(f'DROP ROLE "{name}"')


@on_postgresql
def test_the_owner_is_told_and_where_two_roles_are_asked_for_only_the_application_starts(
    roles: dict[str, Installation],
) -> None:
    with roles["owner"].serve() as served:
        assert "may UPDATE on" in served.said
    for installation in roles.values():
        installation.environment["COUNTERSIGN_TWO_ROLES"] = "on"
    for process, command in STARTED_BY.items():
        refused = roles["owner"].run(*command)
        assert refused.returncode != 0, process
        assert "COUNTERSIGN_TWO_ROLES is on, and the role" in refused.stdout + refused.stderr, process
    with roles["application"].serve() as served:
        assert "may" not in served.said
