"""Whatever is killed of a running service, and whenever: what it answered for is recorded, and nothing is half.

Callers register models all the while, a worker has checks to run, the dispatcher signs. The web server, the worker
and the supervisor, which is the dispatcher, are killed in turn at random moments. `tests/stories` kills bare writers,
signers and database sessions.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.installation import Installation, Served
from tests.processes import eventually
from tests.served.test_durability import IMPATIENT

KILLS = [pytest.param(5, id="short"), pytest.param(500, id="long", marks=pytest.mark.soak)]
# Kills before the supervisor itself is killed; it waits longer and longer before it starts a child that keeps dying.
BEFORE_ALL_GOES = 4
CALLERS = 3


class Callers:
    """Who asks without a pause; `answered` are the models that the service said it has registered."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        self.strange: list[str] = []
        self._asked = 0

    @contextmanager
    def at(self, served: Served, token: str) -> Iterator[None]:
        ends = threading.Event()
        threads = [threading.Thread(target=self._call, args=(served.address, token, ends)) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ends.set()
            for thread in threads:
                thread.join()

    def _call(self, address: str, token: str, ends: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        with httpx.Client(base_url=f"{address}api/v1/", headers=headers, timeout=10, trust_env=False) as client:
            while not ends.is_set():
                self._asked += 1
                name = f"model-{threading.get_ident()}-{self._asked}"
                try:
                    answer = client.post(
                        "models",
                        json={"name": name, "risk_tier": "minimal", "task": "binary"},
                        headers={"Idempotency-Key": name},
                    )
                except httpx.TransportError:
                    ends.wait(0.05)
                    continue
                if answer.status_code == 201:
                    self.answered.append(name)
                else:
                    self.strange.append(answer.text)


@pytest.mark.parametrize("kills", KILLS)
def test_what_a_service_answered_for_is_recorded_whatever_of_it_is_killed(kills: int, tmp_path: Path) -> None:
    ours, chance, callers = Installation.migrated(tmp_path, **IMPATIENT), Random(kills), Callers()
    ours.order(rows=2_000, versions=max(2, kills // 10))
    issued = ours.manage("issue_token", "training-pipeline", "--name", "callers", "--scope", "register")
    assert issued.returncode == 0, issued.stderr
    done = 0
    while done < kills:
        with ours.serve() as served, callers.at(served, issued.stdout.strip()):
            for _ in range(min(BEFORE_ALL_GOES, kills - done - 1)):
                heard = len(callers.answered)
                eventually(lambda heard=heard: len(callers.answered) > heard, 60, f"an answer\n{callers.strange[-3:]}")
                eventually(lambda: served.find("celery") and served.find("gunicorn"), 60, "both children")
                threading.Event().wait(chance.uniform(0, 0.5))
                found = served.find(chance.choice(["gunicorn", "celery"]))
                if found:
                    chance.choice(found).send(signal.SIGKILL)
                    done += 1
            threading.Event().wait(chance.uniform(0, 0.5))
            served.process.kill()
            served.process.wait()
            served.leaves_nothing()
            done += 1
        whole = ours.manage("verify_trail", "--workers", "1")
        assert whole.returncode == 0, whole.stdout + whole.stderr
    with ours.serve() as served:
        jobs = "SELECT DISTINCT state FROM audits_job"
        eventually(lambda: ours.rows(jobs) == [("done",)], 300, f"the end of every check\n{served.said}")
    assert callers.strange == []
    registered = {name for (name,) in ours.rows("SELECT name FROM registry_registeredmodel")}
    assert set(callers.answered) <= registered
    assert len(callers.answered) >= kills
    (entries, last, size) = ours.rows(
        'SELECT count(*), max("index"), (SELECT size FROM audits_head) FROM audits_entry'
    )[0]
    assert entries == last + 1 == size
    ours.in_turn(["verify_trail"], ["check_anchors"])
