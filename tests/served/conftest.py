"""A running service in a folder of its own, always on files and SQLite, whatever database the other tests use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.installation import Installation

TOKEN = (
    "from django.conf import settings; from governance.demo.people import prepare_cast; "
    "print(prepare_cast(settings.DATA_DIR / 'demo-accounts.json')['pipeline'].token)"
)


@pytest.fixture(autouse=True, scope="session")
def _migrated(request: pytest.FixtureRequest) -> None:
    """Where the other tests are on SQLite, what they migrate is taken from them."""
    if connection.vendor == "sqlite":
        request.getfixturevalue("django_db_setup")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An embedded installation with nothing in it, as `make run` starts it, with a pipeline's token."""
    here = Installation.migrated(tmp_path)
    with here.serve() as served:
        done = here.manage("shell", "-v", "0", "-c", TOKEN)
        assert done.returncode == 0, done.stderr
        url = served.address.rstrip("/")
        yield url, {**here.environment, "URL": url, "TOKEN": done.stdout.strip()}
