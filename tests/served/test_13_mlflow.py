"""A team that uses MLflow changes one address and is governed: an unmodified client against a running installation."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PROGRAM = Path(__file__).with_name("mlflow_client.py")


@pytest.fixture
def client_environment(service: tuple[str, dict[str, str]], tmp_path: Path) -> dict[str, str]:
    """What the how-to sets, a folder that plays the tracking server, and no word to anybody else."""
    url, environment = service
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MLFLOW_REGISTRY_URI": url,
        "MLFLOW_TRACKING_TOKEN": environment["TOKEN"],
        "MLFLOW_TRACKING_URI": f"{tmp_path}/runs",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def test_an_unmodified_client_is_governed(client_environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    ran = subprocess.run(
        [sys.executable, PROGRAM], cwd=folder, env=client_environment, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr[-5000:]

    # What the client raises keeps the answer's body; its status stands on the wire.
    url, token = client_environment["MLFLOW_REGISTRY_URI"], client_environment["MLFLOW_TRACKING_TOKEN"]
    again = httpx.post(
        f"{url}/api/2.0/mlflow/registered-models/alias",
        headers={"Authorization": f"Bearer {token}"},
        json={"name": "churn", "alias": "champion", "version": "2"},
    )
    assert (again.status_code, again.json()["error_code"]) == (409, "INVALID_STATE_TRANSITION")
