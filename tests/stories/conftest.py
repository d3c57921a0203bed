"""The people of the stories about sign-off, a promotion that waits for them, and an installation of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.models import Account, Promotion
from governance.roles import Group
from tests import make
from tests.stories.waiting import PASSWORD, Ready

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pipeline() -> Account:
    return make.contributor()


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita-risk", Group.RISK, password=PASSWORD)


@pytest.fixture
def carl() -> Account:
    return make.reviewer("carl-compliance", Group.COMPLIANCE, password=PASSWORD)


@pytest.fixture
def dora() -> Account:
    """Somebody who may do nothing by herself."""
    return make.account("dora-deputy", password=PASSWORD)


@pytest.fixture
def ready(pipeline: Account) -> Ready:
    """Return a promotion whose checks have passed and that waits for people."""

    def build(policy: str = make.POLICY, by: Account = pipeline) -> Promotion:
        make.policy(policy)
        version = make.version(by, make.model(by))
        make.completed(version)
        return make.promotion(by, version)

    return build


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An embedded installation in an empty folder, as `make run` starts it, with a pipeline's token."""
    url = f"http://127.0.0.1:{free_port()}"
    environment = {**os.environ, "COUNTERSIGN_DATA": str(tmp_path)}
    for name in ("DATABASE_URL", "COUNTERSIGN_BROKER_URL"):
        environment.pop(name, None)
    manage = [sys.executable, "manage.py"]
    process = subprocess.Popen([*manage, "serve", "--port", url.rsplit(":", 1)[1]], cwd=ROOT, env=environment)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/api/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        program = (
            "from django.conf import settings; from governance.demo.people import prepare_cast; "
            "print(prepare_cast(settings.DATA_DIR / 'demo-accounts.json')['pipeline'].token)"
        )
        shell = [*manage, "shell", "-v", "0", "-c", program]
        token = subprocess.run(shell, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
        yield url, {**environment, "URL": url, "TOKEN": token.strip()}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
