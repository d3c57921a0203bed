"""A team that uses MLflow changes one address and is governed: unmodified clients against a running installation.

Older clients, each in an environment of its own, log to a real MLflow server and register here (`make
test-mlflow-clients`); the one that the tests run with logs to a folder.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.governance.mlflow.real_server import ENVIRONMENTS, serving
from tests.installation import Installation

PROGRAM = Path(__file__).with_name("mlflow_client.py")
CLIENTS = ("2.9.2", "2.22.4", "server")
# The policies of `governed`, and the tokens of whoever operates the registry and of a pipeline.
PREPARE = """
from tests.governance.mlflow.governed import a_pipelines_token, prepare
print(prepare()[1], a_pipelines_token())
"""


@pytest.fixture
def client_environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the how-to sets, a folder that plays the tracking server, and no word to anybody else."""
    here = Installation.migrated(tmp_path)
    prepared = here.manage("shell", "-v", "0", "-c", PREPARE)
    assert prepared.returncode == 0, prepared.stderr
    operator, pipeline = prepared.stdout.split()
    with here.serve() as served:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "MLFLOW_REGISTRY_URI": served.address.rstrip("/"),
            "MLFLOW_TRACKING_TOKEN": pipeline,
            "OPERATOR_TOKEN": operator,
            "MLFLOW_TRACKING_URI": f"{tmp_path}/runs",
            "MLFLOW_ALLOW_FILE_STORE": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }


def day(python: str | Path, environment: dict[str, str]) -> str:
    """Let a client live through the story, and return its version."""
    folder = Path(environment["HOME"], "team")
    folder.mkdir()
    ran = subprocess.run([python, PROGRAM], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-5000:]
    return ran.stdout.split()[-1]


def test_an_unmodified_client_is_governed(client_environment: dict[str, str]) -> None:
    day(sys.executable, client_environment)

    # What the client raises keeps the answer's body; its status stands on the wire.
    url, token = client_environment["MLFLOW_REGISTRY_URI"], client_environment["MLFLOW_TRACKING_TOKEN"]
    again = httpx.post(
        f"{url}/api/2.0/mlflow/registered-models/alias",
        headers={"Authorization": f"Bearer {token}"},
        json={"name": "churn", "alias": "champion", "version": "2"},
    )
    assert (again.status_code, again.json()["error_code"]) == (409, "INVALID_STATE_TRANSITION")


@pytest.mark.soak
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_logs_to_a_real_server_and_registers_here(client: str, client_environment: dict[str, str]) -> None:
    python = ENVIRONMENTS / client / "bin" / "python"
    assert python.exists(), "make test-mlflow-clients installs the clients"
    with serving() as tracking:
        version = day(python, client_environment | {"MLFLOW_TRACKING_URI": tracking})
    assert client in {version, "server"}
