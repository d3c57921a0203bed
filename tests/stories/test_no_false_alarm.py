"""What every database goes through in the end is no alarm: a restore, an upgrade, another time zone.

In each case one process verifies, and another records, signs what extends the newest checkpoint, and verifies again.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings

from audits.trail import publish_checkpoint, verify
from governance.selectors.projections import PROJECTIONS
from governance.services.keys import rotate_key
from tests import editions, make, world
from tests.databases import COPIES, installation
from tests.installation import Installation

pytestmark = pytest.mark.django_db(transaction=True)

# Of each kind one in every run, the others in the long one.
ZONES = ["Pacific/Chatham", pytest.param("America/St_Johns", marks=pytest.mark.soak)]
FIRST, *OTHERS = COPIES
*EARLIER, NEWEST = editions.editions()
EDITIONS = [*(pytest.param(edition, marks=pytest.mark.soak) for edition in EARLIER), NEWEST]
WAYS = [FIRST, *(pytest.param(way, marks=pytest.mark.soak) for way in OTHERS)]


VERIFY = ["verify_trail", "--workers", "2"]


def told(said: str) -> dict[str, str]:
    """Read what is said of a trail without a flaw."""
    return dict(re.findall(r"^(\w+) +(\S.*)$", said, re.MULTILINE))


def goes_on(there: Installation, *first: list[str]) -> dict[str, str]:
    """Assert that after some commands the trail is whole and can be continued; return what was said of it before."""
    [(note,)] = there.rows("SELECT note FROM audits_checkpoint ORDER BY size DESC LIMIT 1")
    # Kept from before: nothing is signed that does not extend it.
    (there.folder / "last-checkpoint").write_text(note)
    before = told(there.in_turn(*first, VERIFY))
    account = ["create_account", "somebody-new", "--kind", "pipeline"]
    after = told(there.in_turn(account, ["publish_checkpoint"], VERIFY))
    size = int(before["entries"].replace(",", "")) + 1
    assert after["entries"] == f"{size:,}"
    assert after["signed"].startswith(f"up to {size:,} by ")
    assert f"\n{size}\n" in (there.folder / "last-checkpoint").read_text()
    return before


# Dump and restore.


@pytest.fixture
def keys(tmp_path: Path, settings: Settings) -> Path:
    settings.TRAIL_KEYS_DIR = tmp_path / "keys of the original"
    return tmp_path / "keys of the original"


@pytest.mark.parametrize("way", WAYS)
def test_a_restored_copy_is_whole_and_goes_on(way: str, keys: Path, tmp_path: Path) -> None:
    world.build()
    rotate_key(actor=make.COMMAND)
    publish_checkpoint()
    with installation(tmp_path / "there") as there:
        COPIES[way](there)
        shutil.copytree(keys, there.folder / "trail_keys")
        said = goes_on(there)
    verdict = verify(projections=PROJECTIONS)
    assert verdict.flaws == []
    assert said["entries"] == f"{verdict.entries:,}"
    assert said["root"] == verdict.root.hex()
    assert said["rows"] == f"{verdict.rows:,} compared with their entries"


def test_a_copy_without_the_keys_is_told_and_signs_nothing(keys: Path, tmp_path: Path) -> None:
    rotate_key(actor=make.COMMAND)
    publish_checkpoint()
    make.contributor()
    way = next(iter(COPIES))
    with installation(tmp_path / "there") as there:
        COPIES[way](there)
        done = there.manage("verify_trail", "--workers", "1")
        assert done.returncode == 1
        assert re.findall(r"^\w+_\w+", done.stdout, re.MULTILINE) == ["key_unexpected"]
        refused = there.manage("publish_checkpoint")
        assert refused.returncode != 0
        assert "is needed to sign" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert there.rows("SELECT max(size) FROM audits_checkpoint") == [(1,)]


def test_a_copy_that_never_had_another_key_and_lost_its_own_signs_nothing_with_a_new_one(tmp_path: Path) -> None:
    make.contributor()
    publish_checkpoint()
    world.notes(1, "later")
    way = next(iter(COPIES))
    with installation(tmp_path) as there:
        COPIES[way](there)
        del there.environment["COUNTERSIGN_TRAIL_KEY"]
        refused = there.manage("publish_checkpoint")
        assert refused.returncode != 0
        assert "signed by none of the keys known here" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert there.rows("SELECT count(*) FROM audits_checkpoint") == [(1,)]
        assert not (tmp_path / "last-checkpoint").exists()


# Upgrade.


def test_editions_of_this_database_are_there() -> None:
    assert editions.editions()[0] == "01-one-statement"


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_database_of_an_earlier_edition_is_whole_after_its_upgrade(edition: str, tmp_path: Path) -> None:
    with installation(tmp_path) as there:
        editions.load(edition, there)
        [(entries,)] = there.rows("SELECT count(*) FROM audits_entry")
        said = goes_on(there, ["migrate", "--verbosity", "0"])
        assert said["entries"] == f"{entries:,}"
        assert entries > 256, "more than one tile holds"


# Moved time zone.


@contextmanager
def server_in(zone: str) -> Iterator[None]:
    """Have the database begin its sessions in another time zone (PostgreSQL; SQLite knows none)."""
    if connection.vendor != "postgresql":
        yield
        return
    alter = f'ALTER DATABASE "{connection.settings_dict["NAME"]}"'
    with connection.cursor() as cursor:
        cursor.execute(f"{alter} SET timezone TO '{zone}'")
    connections.close_all()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"{alter} RESET timezone")
        connections.close_all()


@pytest.mark.parametrize("zone", ZONES)
def test_a_machine_and_a_database_in_another_time_zone_raise_no_alarm(zone: str, settings: Settings) -> None:
    with server_in("Asia/Kathmandu"):
        settings.TIME_ZONE = "Asia/Kathmandu"
        world.build()
    with server_in(zone):
        # Sets the process's TZ as well.
        settings.TIME_ZONE = zone
        assert verify(projections=PROJECTIONS, workers=2).flaws == []
        world.notes(3, "elsewhere")
        publish_checkpoint()
        assert verify(projections=PROJECTIONS).flaws == []


@pytest.mark.parametrize("zone", ZONES)
def test_a_copy_in_another_time_zone_is_whole_and_goes_on(zone: str, tmp_path: Path) -> None:
    world.build()
    way = next(iter(COPIES))
    with installation(tmp_path, zone=zone) as there:
        COPIES[way](there)
        goes_on(there)
