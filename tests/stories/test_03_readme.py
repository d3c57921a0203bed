"""What the README says is what happens: its walk-through is executed line by line against a running service."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def test_the_walk_through_happens_as_told(service: tuple[str, dict[str, str]]) -> None:
    _, environment = service
    script = next(block for block in blocks("sh") if "artifact=" in block)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told = next(block for block in blocks("text") if block.startswith("blocked"))
    assert done.stdout.endswith(told), done.stdout


@pytest.mark.parametrize("target", ["run", "test", "demo", "help"])
def test_the_commands_named_exist(target: str) -> None:
    assert f"make {target}" in README
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_every_page_named_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
