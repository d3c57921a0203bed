"""Where two roles are asked for, every process tries its own before it starts (on files: tests/served)."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.databases import database_on
from tests.installation import STARTED_BY, Installation

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no roles")


@pytest.fixture
def roles(tmp_path: Path) -> Iterator[dict[str, Installation]]:
    """The same database as its owner and as the application reach it."""
    name = f"app_{uuid.uuid4().hex[:12]}"
    with database_on(os.environ["DATABASE_URL"]) as url:
        owner = Installation(tmp_path, DATABASE_URL=url)
        grants = owner.in_turn(["migrate", "--verbosity", "0"], ["database_roles", "--sql", "--application", name])
        with closing(psycopg.connect(url, autocommit=True)) as session:
            session.execute(f'CREATE ROLE "{name}" LOGIN')
            session.execute(grants)
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
