"""However many processes record at once, there is one trail: no gap, no fork, nothing half."""

from concurrent.futures import ProcessPoolExecutor
from random import Random

import pytest
from django.db import connection, connections
from django.db.models import Max

from audits.trail import Entry, NotRecordable, publish_checkpoint, verify
from governance.models import Account
from governance.selectors.projections import PROJECTIONS
from registry.models import RegisteredModel
from tests import make
from tests.backup import append
from tests.writers import isolation, one_act, processes

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8
ACTS = [pytest.param(60, id="short"), pytest.param(500, id="long", marks=pytest.mark.soak)]


def write(by: Account, writer: int, acts: int) -> int:
    """Record in a process of its own and return how many entries were left."""
    chance = Random(writer)
    try:
        return sum(one_act(by, f"writer-{writer}-{number}", chance) for number in range(acts))
    finally:
        connections.close_all()


@pytest.mark.parametrize("acts", ACTS)
def test_eight_processes_that_record_and_give_up_make_one_chain(acts: int) -> None:
    by = make.contributor()
    before = Entry.objects.count()
    connections.close_all()
    with ProcessPoolExecutor(WRITERS, mp_context=processes) as pool:
        left = sum(done.result() for done in [pool.submit(write, by, writer, acts) for writer in range(WRITERS)])
    entries = list(Entry.objects.order_by("index").values_list("index", "chain_hash", "recorded_at"))
    assert left > WRITERS * acts
    assert [index for index, _, _ in entries] == list(range(before + left))
    assert len({bytes(chain) for _, chain, _ in entries}) == before + left
    times = [at for _, _, at in entries]
    assert times == sorted(times)
    # A subject that several wrote about has its own numbers without a gap, too.
    for number in range(4):
        of_subject = Entry.objects.filter(subject=f"test/{number}")
        assert of_subject.aggregate(last=Max("subject_number"))["last"] == of_subject.count() > WRITERS
    assert RegisteredModel.objects.count() == Entry.objects.filter(action="model.registered").count()
    publish_checkpoint()
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws
    assert verdict.entries == before + left


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one isolation level")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_under_a_frozen_snapshot_nothing_is_recorded(level: str) -> None:
    append(3)
    with isolation(level), pytest.raises(NotRecordable, match="READ COMMITTED"):
        append(1)
    append(1)
    assert list(Entry.objects.order_by("index").values_list("index", flat=True)) == [0, 1, 2, 3]
    assert verify().is_whole
