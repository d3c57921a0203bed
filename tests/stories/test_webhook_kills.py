"""Whoever is killed while delivering, and whenever: every event arrives, and what arrives twice has one id."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from audits.trail import Entry, now, record, verify
from governance.models import Account, DeliveryState, WebhookDelivery, WebhookFeed
from governance.roles import Role
from governance.selectors.projections import PROJECTIONS
from governance.services.webhook_deliveries import deliver_webhook
from governance.services.webhooks import create_webhook
from governance.supervisor.deliverer import Deliverer
from tests import make
from tests.installation import PROJECT
from tests.processes import eventually
from tests.writers import Say, Victim

pytestmark = pytest.mark.django_db(transaction=True)

# Whoever sends without being killed gets one message through in this time, on the busiest machine.
PATIENCE = 120

KILLS = [pytest.param(20, id="short"), pytest.param(1000, id="long", marks=pytest.mark.soak)]


class Notebook:
    """What the receiver has written down, read on from where it was read before."""

    def __init__(self, file: Path) -> None:
        self._file, self._read, self._rest = file, 0, b""
        self.messages: list[dict[str, Any]] = []
        self.ids: set[str] = set()

    def count(self) -> int:
        """Return how many different messages have arrived."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            news = file.read()
        self._read += len(news)
        *lines, self._rest = (self._rest + news).split(b"\n")
        self.messages += map(json.loads, lines)
        self.ids |= {message["headers"]["webhook-id"] for message in self.messages[-len(lines) :] if lines}
        return len(self.ids)


@pytest.fixture
def notebook(tmp_path: Path, settings: Any) -> Iterator[tuple[str, Notebook]]:
    """A receiver in a process of its own: its address, and what it writes down."""
    settings.WEBHOOK_HTTP = settings.WEBHOOK_PRIVATE = True
    # Who is killed holds the lease on; nobody shall wait half a minute for that a thousand times.
    settings.WEBHOOK_LEASE_SECONDS = 0.05
    file = tmp_path / "messages"
    file.touch()
    command = [sys.executable, "-m", "tests.receiver", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/", Notebook(file)
        finally:
            process.kill()


def deliver_on(say: Say) -> None:
    """Deliver without end, as the deliverer's process does."""
    deliverer = Deliverer()
    while True:
        deliverer.round()
        time.sleep(0.001)


def happen(olga: Account, number: int) -> None:
    """Let a few things happen at once, and one after them."""
    for many in (3, 1):
        with record(actor=olga.actor, at=now()) as trail:
            for one in range(many):
                trail.note(action="report.exported", subject=f"test/{one}", data={"round": number})


@pytest.mark.parametrize("kills", KILLS)
def test_no_event_is_lost_however_often_the_deliverer_is_killed(kills: int, notebook: tuple[str, Notebook]) -> None:
    (url, notes), chance = notebook, Random(kills)
    olga = make.account("olga", Role.OPERATOR)
    edition, secret = create_webhook(actor=olga.actor, name="everything", url=url, events=["*"])
    since = Entry.objects.get(subject=edition.subject).index

    most = 0
    for number in range(kills):
        happen(olga, number)
        # Of eight new messages in every round, so many on average before the kill that what waits stays little.
        arrived = notes.count()
        waiting = Entry.objects.count() - since - arrived
        wanted, most = arrived + min(waiting, chance.randrange(1, 16)), max(most, waiting)
        # Now and then two at a time: one takes over from the other, who may only be slow.
        deliverers = [Victim(deliver_on) for _ in range(chance.choice((1, 1, 1, 2)))]
        eventually(lambda wanted=wanted: notes.count() >= wanted, PATIENCE, "messages")  # type: ignore[misc]
        happen(olga, number)
        time.sleep(chance.uniform(0, 0.03))
        for deliverer in deliverers:
            deliverer.kill()
    began = time.monotonic()
    _work_off(edition.webhook)
    took = time.monotonic() - began

    notes.count()
    messages = notes.messages
    told: dict[int, set[str]] = {}
    for message in messages:
        told.setdefault(json.loads(message["body"])["data"]["index"], set()).add(message["headers"]["webhook-id"])
    assert sorted(told) == list(range(since, Entry.objects.count()))
    assert {len(ids) for ids in told.values()} == {1}
    assert len({next(iter(ids)) for ids in told.values()}) == len(told)
    for message in messages[:: max(1, len(messages) // 100)]:
        # Signed with the time of the attempt, which in a long run is not now.
        signature = Oracle(secret).sign(
            message["headers"]["webhook-id"], _moment(message["headers"]["webhook-timestamp"]), message["body"]
        )
        assert signature in message["headers"]["webhook-signature"].split()
    assert verify(projections=PROJECTIONS).is_whole
    often = Counter(message["headers"]["webhook-id"] for message in messages)
    again = sum(often.values()) - len(often)
    sys.stdout.write(
        f"\n{kills} kills: {len(told)} events, none lost, {again} sent again under their id; "
        f"at most {most} waited, and what was left took {took:.1f} s\n"
    )


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _work_off(uid: UUID) -> None:
    """Kill nobody until nothing waits: how long that takes is the machine's affair, that it goes on is ours."""

    def left() -> int:
        behind = Entry.objects.count() - WebhookFeed.objects.get(pk=uid).cursor
        return behind + WebhookDelivery.objects.exclude(state=DeliveryState.DELIVERED).count()

    while before := left():
        eventually(lambda before=before: deliver_webhook(uid=uid) and left() < before, PATIENCE, f"less than {before}")  # type: ignore[misc]
