"""What an installation on files looks at before it starts: its guards, and whether two roles can be had at all."""

from pathlib import Path

import pytest

from tests.databases import load_sqlite_text
from tests.installation import STARTED_BY, Installation


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
