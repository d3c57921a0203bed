"""Databases of their own on a PostgreSQL server, and copies of the test's database, made as an operator makes them."""

import os
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from psycopg import sql

from audits.trail.actor_proofs import key_in_force
from tests.installation import Installation

Copy = Callable[[Installation], object]
Environment = dict[str, str]


def on_server(server: str, name: str) -> str:
    """Return the URL of another database on the server of a URL."""
    parts = urlsplit(server)
    return f"postgresql://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


@contextmanager
def database_on(server: str, *, zone: str = "UTC") -> Iterator[str]:
    """Make an empty database whose sessions begin in a time zone; yield its URL, and drop it in the end."""
    name = sql.Identifier(f"own_{uuid.uuid4().hex[:12]}")
    with closing(psycopg.connect(on_server(server, "postgres"), autocommit=True)) as postgres:
        postgres.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
        try:
            postgres.execute(sql.SQL("ALTER DATABASE {} SET timezone TO {}").format(name, sql.Literal(zone)))
            yield on_server(server, name.as_string(postgres).strip('"'))
        finally:
            postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextmanager
def installation(folder: Path, *, zone: str = "UTC") -> Iterator[Installation]:
    """An installation that goes on with the trail of these tests, in a database of the same kind that is still empty.

    It keeps its checkpoints in the file `last-checkpoint` of its folder.
    """
    folder.mkdir(exist_ok=True)
    settings = {name: os.environ[name] for name in ("COUNTERSIGN_TRAIL_ORIGIN", "COUNTERSIGN_TRAIL_KEY")}
    settings |= {"COUNTERSIGN_ACTOR_KEYS": key_in_force().secret.hex(), "TZ": zone}
    if connection.vendor == "sqlite":
        yield Installation(folder, **settings)
        return
    with database_on(os.environ["DATABASE_URL"], zone=zone) as url:
        yield Installation(folder, DATABASE_URL=url, **settings)


def _file(of: Installation) -> Path:
    return of.folder / "countersign.sqlite3"


def _by_backup(to: Installation) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(_file(to))) as copy:
        connection.connection.backup(copy)


def _by_vacuum(to: Installation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(_file(to))])


def sqlite_text() -> str:
    connection.ensure_connection()
    return "\n".join(connection.connection.iterdump())


def load_sqlite_text(text: str, to: Installation) -> None:
    with closing(sqlite3.connect(_file(to))) as copy:
        copy.executescript(text)


def _run(*command: str, zone: str = "UTC") -> str:
    done = subprocess.run(command, env={**os.environ, "PGTZ": zone}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def postgresql_text(*options: str, zone: str = "UTC") -> str:
    source = on_server(os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"]))
    return _run("pg_dump", *options, f"--dbname={source}", zone=zone)


def load_postgresql_text(text: str, to: Installation, zone: str = "UTC") -> None:
    script = to.folder / "dump.sql"
    script.write_text(text)
    address = to.environment["DATABASE_URL"]
    _run("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={script}", address, zone=zone)


def _by_pg_restore(to: Installation) -> None:
    archive = to.folder / "archive"
    # Dumped in one time zone and restored in another.
    postgresql_text("--format=custom", f"--file={archive}", zone="Pacific/Auckland")
    address = to.environment["DATABASE_URL"]
    _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={address}", str(archive), zone="America/St_Johns")


COPIES: dict[str, Copy] = (
    {
        "pg_restore": _by_pg_restore,
        "psql": lambda to: load_postgresql_text(postgresql_text(zone="Asia/Kathmandu"), to, "America/St_Johns"),
        "psql-inserts": lambda to: load_postgresql_text(postgresql_text("--inserts"), to, "Pacific/Chatham"),
    }
    if connection.vendor == "postgresql"
    else {
        "backup": _by_backup,
        "vacuum": _by_vacuum,
        "text": lambda to: load_sqlite_text(sqlite_text(), to),
    }
)
