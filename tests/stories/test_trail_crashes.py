"""Whoever is killed while recording or signing, and whenever: the trail is whole, and goes on without a human.

What a killed process had said was recorded is there. What it had not come to say is there wholly or not at all.
"""

import json
import time
from random import Random

import pytest
from django.db import connection

from audits.trail import Checkpoint, Entry, publish_checkpoint, verify
from audits.trail.models import Head
from governance.selectors.projections import PROJECTIONS
from tests import make
from tests.processes import eventually
from tests.writers import Victim, sign_on, write_on

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = [pytest.param(20, id="short"), pytest.param(500, id="long", marks=pytest.mark.soak)]


def others() -> int:
    """Return how many other sessions the database still has; a killed client's backend finishes its statement."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def end_backends() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def recorded() -> set[str]:
    """Return the names of the acts that left an entry: in what it says, or as its subject."""
    names = set()
    for text in Entry.objects.values_list("text", flat=True).iterator():
        entry = json.loads(text)
        names |= {entry["data"].get("name", ""), entry["subject"].rpartition("/")[2]}
    return names


def assert_whole(said: list[str], signed: list[str]) -> None:
    eventually(lambda: not others(), 30, "the end of the backends")
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws
    assert Entry.objects.count() == Head.objects.get(id=1).size == verdict.entries
    assert set(said) <= recorded()
    assert {int(size) for size in signed} <= set(Checkpoint.objects.values_list("size", flat=True))


@pytest.mark.parametrize("kills", KILLS)
def test_sigkill_at_any_moment_leaves_nothing_half(kills: int) -> None:
    by, chance = make.contributor(), Random(kills)
    said: list[str] = []
    signed: list[str] = []
    for number in range(kills):
        writer = Victim(write_on, by, f"writer-{number}", number)
        signer = Victim(sign_on)
        writer.await_words(1)
        signer.await_words(1)
        time.sleep(chance.uniform(0, 0.03))
        # Now and then one outlives the other, and works beside its orphaned backend.
        first, second = (writer, signer) if chance.random() < 0.5 else (signer, writer)
        first.kill()
        time.sleep(chance.uniform(0, 0.005))
        second.kill()
        said += writer.said
        signed += signer.said
        if (number + 1) % (kills // 4) == 0:
            assert_whole(said, signed)
    publish_checkpoint()
    assert_whole(said, signed)
    assert len(said) >= kills


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could end a session")
@pytest.mark.parametrize("kills", KILLS)
def test_a_backend_ended_at_any_moment_leaves_nothing_half(kills: int) -> None:
    by, chance = make.contributor(), Random(kills)
    said: list[str] = []
    signed: list[str] = []
    for number in range(kills):
        writer = Victim(write_on, by, f"writer-{number}", number)
        signer = Victim(sign_on)
        writer.await_words(1)
        signer.await_words(1)
        time.sleep(chance.uniform(0, 0.03))
        end_backends()
        said += writer.mourn()
        signed += signer.mourn()
    publish_checkpoint()
    assert_whole(said, signed)
    assert len(said) >= kills
