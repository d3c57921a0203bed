"""However long several processes record while others sign and verify: nothing is found that was not done."""

import random
from concurrent.futures import ProcessPoolExecutor, wait

import pytest
from django.db import connection, connections

from audits.trail import Checkpoint, Entry, now, publish_checkpoint, record, verify
from governance.models import Account
from governance.selectors.projections import PROJECTIONS
from registry.models import RegisteredModel
from registry.services.models import register_model
from tests import make, world
from tests.writers import one_act, processes

pytestmark = pytest.mark.django_db(transaction=True)

# SQLite has one writer at a time, whatever is done.
WRITERS = 4 if connection.vendor == "postgresql" else 1
# Entries in all, and how often each writer takes a model through its life meanwhile. A million is what five hundred
# pipelines leave in a day that record something every 43 seconds.
USE = [pytest.param(4_000, 2, id="short"), pytest.param(1_000_000, 25, id="long", marks=pytest.mark.soak)]


def batch(by: Account, name: str, chance: random.Random) -> int:
    """Record up to 200 acts and some rows in one transaction; return how many entries it left."""
    many = chance.choice((20, 100, 190))
    rows = many // 20
    with record(actor=by.actor, at=now()) as trail:
        for number in range(rows):
            said = chance.choice(world.ODD_WORDS)
            register_model(recording=trail, name=f"{name}-{number}", risk_tier="low", task="binary", description=said)
        for number in range(many):
            data = {"word": chance.choice(world.ODD_WORDS), "name": name, "number": number}
            trail.note(action="report.exported", subject=f"test/{chance.randrange(5000)}", data=data)
    return rows + many


def write(by: Account, writer: int, entries: int, lives: int) -> int:
    """Record in a process of its own: mostly batches, some single acts, some that are given up, some whole lives.

    Return how many entries were left besides those of the lives.
    """
    chance, left, number, lived = random.Random(writer), 0, 0, 0
    try:
        while left < entries:
            if left * lives >= lived * entries:
                world.live_through(f"life-{writer}-{lived}")
                lived += 1
            name = f"use-{writer}-{number}"
            left += one_act(by, name, chance) if chance.random() < 0.2 else batch(by, name, chance)
            number += 1
        return left
    finally:
        connections.close_all()


@pytest.mark.parametrize(("entries", "lives"), USE)
def test_a_day_of_much_use_signed_and_verified_meanwhile_raises_no_alarm(entries: int, lives: int) -> None:
    make.policy()
    by = make.contributor()
    connections.close_all()
    looks, next_look = 0, 200
    with ProcessPoolExecutor(WRITERS, mp_context=processes) as pool:
        work = [pool.submit(write, by, writer, entries // WRITERS, lives) for writer in range(WRITERS)]
        while wait(work, timeout=0.2).not_done:
            signed = publish_checkpoint()
            if signed and signed.size >= next_look:
                assert verify(projections=PROJECTIONS).flaws == []
                looks, next_look = looks + 1, signed.size * 2
        left = sum(done.result() for done in work)
    publish_checkpoint()
    verdict = verify(projections=PROJECTIONS, workers=2)
    assert verdict.flaws == []
    assert verdict.entries == Entry.objects.count() > left >= entries
    assert verdict.rows > RegisteredModel.objects.count() > entries / 50
    # A short day can be over before anybody looks.
    assert Checkpoint.objects.count() > looks >= (lives > 2)
