"""Somebody else's program is told what happened, and believes nobody else.

The program is the one of docs/how-to/receive-webhooks.md, as it stands there.
"""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from governance.models import DeliveryState, WebhookDelivery
from governance.roles import Role
from governance.services.webhooks import create_webhook
from governance.supervisor.deliverer import Deliverer
from tests import make
from tests.installation import PROJECT, Installation
from tests.processes import eventually

PAGE = (PROJECT / "docs" / "how-to" / "receive-webhooks.md").read_text()
PROGRAM = next(iter(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)))
SECRET = "whsec_" + "QUJD" * 10
SUBSCRIBE = """
from governance.roles import Role
from governance.services.webhooks import create_webhook
from tests import make
olga = make.account("olga", Role.OPERATOR)
create_webhook(actor=olga.actor, name="ci", url=URL, events=["model.registered"], secret=SECRET)
make.model(make.contributor(), "care-programme")
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The receiver, running: its address, and the file with what it did."""
    free, said = _free_port(), tmp_path / "said"
    environment = {**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(free)}
    with said.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=out)
    url = f"http://127.0.0.1:{free}/"
    try:
        eventually(lambda: _post(url, b"{}") == 401, 20, "the receiver answers, and believes nothing unsigned")
        yield url, said
    finally:
        process.kill()
        process.wait()


@pytest.mark.django_db(transaction=True)
def test_what_happens_reaches_the_receiver_of_the_page(program: tuple[str, Path], settings: Any) -> None:
    url, said = program
    settings.WEBHOOK_HTTP = settings.WEBHOOK_PRIVATE = True
    olga = make.account("olga", Role.OPERATOR)
    create_webhook(actor=olga.actor, name="ci", url=url, events=["model.registered"], secret=SECRET)
    make.model(make.contributor(), "care-programme")
    Deliverer().round()
    assert said.read_text() == "model.registered model/care-programme\n"
    assert WebhookDelivery.objects.get().state == DeliveryState.DELIVERED


@pytest.mark.soak
def test_a_service_without_webhooks_runs_no_deliverer_and_one_with_them_does(
    program: tuple[str, Path], tmp_path: Path
) -> None:
    (url, said), folder = program, tmp_path / "data"
    folder.mkdir()
    here = Installation(folder, COUNTERSIGN_WEBHOOK_HTTP="1", COUNTERSIGN_WEBHOOK_PRIVATE="1")
    with here.serve() as served:
        assert served.find("deliver_webhooks") == []
        done = here.run("manage.py", "shell", "-c", f"URL, SECRET = {(url, SECRET)!r}{SUBSCRIBE}")
        assert done.returncode == 0, done.stderr
        eventually(lambda: said.read_text(), 30, "a message")
        assert len(served.find("deliver_webhooks")) == 1
    assert said.read_text() == "model.registered model/care-programme\n"


def test_the_receiver_of_the_page_acts_once_and_believes_no_forgery(program: tuple[str, Path]) -> None:
    url, said = program
    body = json.dumps({"type": "version.moved", "data": {"subject": "version/a/1"}})

    def headers(message: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
        signature = Oracle(secret).sign(message, at, body)
        seconds = str(int(at.timestamp()))
        return {"webhook-id": message, "webhook-timestamp": seconds, "webhook-signature": f"v1,x {signature}"}

    now = datetime.now(UTC)
    for _ in range(2):
        assert _post(url, body.encode(), headers("m-1", now)) == 204
    other = "whsec_" + "REVG" * 10
    assert _post(url, body.encode(), headers("m-2", now, other)) == 401
    assert _post(url, body.encode() + b" ", headers("m-3", now)) == 401
    assert _post(url, body.encode(), headers("m-4", now - timedelta(minutes=6))) == 401
    assert said.read_text() == "version.moved version/a/1\n"


def _post(url: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    request = urllib.request.Request(url, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
