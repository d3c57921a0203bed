"""Databases as earlier editions left them: schema, guards, functions and rows, compressed SQL under vectors/editions.

An edition is recorded by its own code: check its commit out, put this module, tests/databases.py and tests/world.py
into it, and run `python -m tests.editions NAME` there, once for each database, in an environment without settings but
DATABASE_URL; on PostgreSQL that names an empty database. The file appears under tests/vectors/editions of that place.
"""

import gzip
import os
import sys
from pathlib import Path

from tests import environment  # noqa: F401 - origin, key and folder of the tests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.conf.settings")

import django

if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import connection

from tests import databases, world
from tests.installation import Installation

FOLDER = Path(__file__).parent / "vectors" / "editions"


def editions() -> list[str]:
    """Return the names of the editions recorded on this kind of database, the oldest first."""
    return sorted(path.name.split(".")[0] for path in FOLDER.glob(f"*.{connection.vendor}.sql.gz"))


def load(edition: str, to: Installation) -> None:
    text = gzip.decompress(_file(edition).read_bytes()).decode()
    if connection.vendor == "postgresql":
        databases.load_postgresql_text(text, to)
    else:
        databases.load_sqlite_text(text, to)


def _file(edition: str) -> Path:
    return FOLDER / f"{edition}.{connection.vendor}.sql.gz"


def _record(edition: str) -> None:
    call_command("migrate", verbosity=0)
    world.build()
    if connection.vendor == "postgresql":
        lines = databases.postgresql_text("--inserts", "--no-owner", "--no-privileges").splitlines(keepends=True)
        # Newer clients frame a dump with commands that older ones do not know.
        text = "".join(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))
    else:
        text = databases.sqlite_text()
    FOLDER.mkdir(parents=True, exist_ok=True)
    _file(edition).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    _record(sys.argv[1])
