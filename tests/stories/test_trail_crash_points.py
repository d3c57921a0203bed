"""An act is killed before each word it says to the database, one after the other: there is no bad moment.

The points lie between row and entry, between entry and commit, between the commit and the checkpoint, between the
checkpoint and its copy outside, and everywhere else. `test_trail_crashes` kills at random moments instead.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings

from audits.trail import Checkpoint, Entry, check_outside, now, publish_checkpoint, publish_outside, record, verify
from audits.trail.models import Head
from governance.models import Account
from governance.selectors.projections import PROJECTIONS
from registry.models import RegisteredModel
from tests import make
from tests.writers import processes

pytestmark = pytest.mark.django_db(transaction=True)

NOTES = 3
MOST_POINTS = 200


def before_each_word(do: Callable[[], None]) -> None:
    """Have something done before each statement, or each exchange with the server, of this connection."""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        connection.connection.set_trace_callback(lambda statement: do())
        return
    wait = connection.connection.wait

    def waits(*arguments: Any, **options: Any) -> Any:
        do()
        return wait(*arguments, **options)

    connection.connection.wait = waits


def act(by: Account, name: str) -> None:
    """A row with its entry, several entries at once, and all that follows until a copy lies outside."""
    make.model(by, name=name)
    with record(actor=by.actor, at=now()) as trail:
        for _ in range(NOTES):
            trail.note(action="report.exported", subject="test/crash", data={"name": name})
    publish_checkpoint()
    publish_outside(at_once=True)


def act_until(point: int, by: Account, name: str) -> None:
    said = 0

    def die() -> None:
        nonlocal said
        said += 1
        if said == point:
            os.kill(os.getpid(), signal.SIGKILL)

    before_each_word(die)
    act(by, name)
    # What is left at the end of a process is none of the act.
    os._exit(0)


def killed_at(point: int, by: Account, name: str) -> bool:
    """Return whether the act was killed; False when it has not so many points."""
    connections.close_all()
    child = processes.Process(target=act_until, args=(point, by, name))
    child.start()
    child.join(60)
    assert child.exitcode in {0, -signal.SIGKILL}, child.exitcode
    return child.exitcode != 0


def test_killed_before_each_word_an_act_is_there_wholly_or_not_at_all(tmp_path: Path, settings: Settings) -> None:
    settings.ANCHORS, settings.TRAIL_PROOFS_DIR = [f"file:{tmp_path}/newest"], tmp_path / "proofs"
    by, found, point = make.contributor(), set(), 1
    while killed_at(point, by, f"point-{point}"):
        name = f"point-{point}"
        models = RegisteredModel.objects.filter(name=name).count()
        notes = Entry.objects.filter(subject="test/crash", text__contains=f'"{name}"').count()
        assert models == Entry.objects.filter(action="model.registered", text__contains=f'/{name}"').count()
        assert notes in {0, NOTES}
        assert Entry.objects.count() == Head.objects.get(id=1).size
        newest = Checkpoint.objects.order_by("-size").first()
        found.add((models, notes, bool(newest and newest.size == Head.objects.get(id=1).size)))
        assert check_outside().problems == []
        assert verify(projections=PROJECTIONS).flaws == []
        point += 1
        assert point < MOST_POINTS
    # Every state there is between nothing and all of it was met.
    assert {(0, 0), (1, 0), (1, NOTES)} == {state[:2] for state in found}
    assert {signed for *_, signed in found} == {True, False}
    assert point > 20
    publish_checkpoint()
    publish_outside(at_once=True)
    assert verify(projections=PROJECTIONS).is_whole
    assert [one.checkpoint.size for one in check_outside().agreeing] == [Head.objects.get(id=1).size]
