"""A real MLflow server and ours, each in processes of its own, on a database of its own of the same kind."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import tree_of

ROOT = Path(__file__).parents[3]
TICKS = os.sysconf("SC_CLK_TCK")
OURS = ("COUNTERSIGN_", "DATABASE_URL", "DJANGO_")
# A pipeline that may do what the workload does, and nobody's policy in its way.
PREPARE = """
from governance.roles import Verb
from tests import make
print(make.token(make.contributor(), Verb.READ, Verb.REGISTER, Verb.PROMOTE))
"""


@dataclass(frozen=True, slots=True)
class Server:
    """Where it answers, what a client of it sends along, and the processes that do its work."""

    name: str
    url: str
    roots: tuple[int, ...]
    headers: Mapping[str, str] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of the server and of its database server since they started."""
        ticks = 0
        for root in self.roots:
            for process in tree_of(root):
                try:
                    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue  # it ended, and its parent counts it
                ticks += sum(int(fields[at]) for at in (11, 12, 13, 14))
        return ticks / TICKS


@contextmanager
def countersign(database_url: str, *roots: int) -> Iterator[Server]:
    """Serve the whole product as an operator starts it, with an empty registry."""
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment["COUNTERSIGN_DATA"] = folder
        # One token makes more requests here than a minute usually allows; they are counted all the same.
        environment["COUNTERSIGN_TOKEN_REQUESTS_PER_MINUTE"] = "60000"
        if database_url:
            environment["DATABASE_URL"] = database_url
        manage = [sys.executable, "manage.py"]
        port = _free_port()
        command = [*manage, "serve", "--port", str(port)]
        with _running(command, f"http://127.0.0.1:{port}", "/api/health", environment) as process:
            shell = [*manage, "shell", "-v", "0", "-c", PREPARE]
            token = subprocess.run(shell, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
            headers = {"Authorization": f"Bearer {token.strip()}"}
            yield Server("countersign", f"http://127.0.0.1:{port}", (process.pid, *roots), headers)


@contextmanager
def mlflow(program: Path, database_url: str, *roots: int) -> Iterator[Server]:
    """Serve MLflow with one worker: with several, each answer waits about 40 ms for the socket's delay."""
    with tempfile.TemporaryDirectory(prefix="mlflow-bench-") as folder:
        port = _free_port()
        store = database_url or f"sqlite:///{folder}/mlflow.db"
        options = ["--backend-store-uri", store, "--default-artifact-root", f"{folder}/artifacts"]
        options += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        with _running(
            [str(program), "server", *options], f"http://127.0.0.1:{port}", "/health", environment
        ) as process:
            yield Server("mlflow", f"http://127.0.0.1:{port}", (process.pid, *roots))


@contextmanager
def _running(
    command: list[str], url: str, health: str, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), start_new_session=True, **quiet)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url + health, timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise RuntimeError(f"{command[0]} does not answer at {url}{health}")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
