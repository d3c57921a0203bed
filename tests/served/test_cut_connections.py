"""A client whose connection breaks at some moment, and who sends the same again, has done one thing."""

import http.client
import json
import random
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.installation import Installation
from tests.served.conftest import TOKEN

MODEL = {"risk_tier": "high", "task": "binary"}
TRIALS = [pytest.param(15, id="short"), pytest.param(1000, id="long", marks=pytest.mark.soak)]


@pytest.mark.parametrize("trials", TRIALS)
def test_after_a_cut_connection_the_same_request_gives_one_object(tmp_path: Path, trials: int) -> None:
    here, dice = Installation.migrated(tmp_path), random.Random(7)
    with here.serve() as served:
        token = here.manage("shell", "-v", "0", "-c", TOKEN).stdout.strip()
        place = urlsplit(served.address)
        replays: Counter[bool] = Counter()
        for trial in range(trials):
            message = request(place.netloc, token, trial)
            with socket.create_connection((place.hostname, place.port), timeout=60) as cut:
                # Before or after the service has acted, and every third time in the middle of the request.
                cut.sendall(message[: dice.choice((len(message), len(message), dice.randrange(1, len(message))))])
                time.sleep(dice.random() * 0.05)
            status, is_replay = sent_until_answered(place.hostname or "", place.port or 0, message)
            assert status == 201, trial
            replays[is_replay] += 1
    names = [f"model-{trial}" for trial in range(trials)]
    registered = here.rows("SELECT name FROM registry_registeredmodel WHERE name LIKE 'model-%'")
    assert sorted(name for (name,) in registered) == sorted(names)
    assert here.rows("SELECT count(*) FROM audits_entry WHERE action = 'model.registered'") == [(trials,)]
    assert here.rows("SELECT count(*) FROM governance_idempotencykey") == [(trials,)]
    sys.stdout.write(f"\n{trials} cut connections: {trials} objects, {replays[True]} answers were replays\n")


def request(host: str, token: str, trial: int) -> bytes:
    body = json.dumps({**MODEL, "name": f"model-{trial}"}).encode()
    head = (
        f"POST /api/v1/models HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Idempotency-Key: trial-{trial}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    return f"{head}Connection: close\r\n\r\n".encode() + body


def sent_until_answered(host: str, port: int, message: bytes) -> tuple[int, bool]:
    """Send a request again while the first one is under way; return the status, and whether it was a replay."""
    until = time.monotonic() + 60
    while True:
        with socket.create_connection((host, port), timeout=60) as whole:
            whole.sendall(message)
            answer = http.client.HTTPResponse(whole)
            answer.begin()
            told = json.loads(answer.read())
        if told.get("code") != "idempotent_request_in_progress" or time.monotonic() > until:
            return answer.status, answer.getheader("Idempotent-Replay") == "true"
        time.sleep(0.05)
