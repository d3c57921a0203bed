"""A real MLflow server, in an environment of its own: what it answers is recorded for the tests that run without it.

`python -m tests.governance.mlflow.real_server record` writes the recording.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.governance.mlflow.script import SCRIPT, converse

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ROOT / ".countersign" / "mlflow"
ENVIRONMENT = ENVIRONMENTS / "server"
RECORDING = ROOT / "tests" / "vectors" / "mlflow" / "answers.json"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            if httpx.get(address, timeout=2).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"nothing answers at {address}")


@contextmanager
def serving(*options: str, **variables: str) -> Iterator[str]:
    """Run a real server with an empty registry, and give its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", **variables}
        command = [
            *(str(ENVIRONMENT / "bin" / "mlflow"), "server", "--backend-store-uri", f"sqlite:///{folder}/registry.db"),
            *("--artifacts-destination", f"{folder}/artifacts", "--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "1", *options),
        ]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
            try:
                wait_for(f"http://127.0.0.1:{port}/health", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def sender(address: str, headers: dict[str, str] | None = None) -> Any:
    """Return what sends one call to a server over its sockets."""
    # A connection for each call: nothing stays open when a conversation ends.
    headers = {**(headers or {}), "Connection": "close"}
    client = httpx.Client(base_url=f"{address}/api/2.0/mlflow/", headers=headers, timeout=60)

    def send(method: str, path: str, parameters: dict[str, Any]) -> tuple[int, Any]:
        given = {"params": parameters} if method == "GET" else {"json": parameters}
        answer = client.request(method, path, **given)
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None

    return send


def differences(ours: list[dict[str, Any]]) -> list[str]:
    """Return the calls that we answer otherwise than was recorded, or alike where it is written that we differ."""
    recorded = json.loads(RECORDING.read_text())
    assert len(ours) == len(recorded)
    return [
        f"{call.method} {call.path} {call.parameters}: theirs {theirs}, ours {mine}"
        for call, mine, theirs in zip(SCRIPT, ours, recorded, strict=True)
        if (mine != theirs) != bool(call.differs)
    ]


def record() -> None:
    with serving() as address:
        answers = converse(sender(address))
    RECORDING.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(answer, ensure_ascii=False, sort_keys=True) for answer in answers)
    RECORDING.write_text(f"[\n{lines}\n]\n")
    refused = sum(answer["status"] >= 400 for answer in answers)
    sys.stdout.write(f"{len(answers)} answers recorded, {refused} of them refusals\n")


if __name__ == "__main__" and sys.argv[1:] == ["record"]:
    record()
