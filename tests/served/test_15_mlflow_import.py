"""The registry of a real MLflow server comes over by the command, as an operator types it; done again, nothing changes.

`tests/governance/mlflow/test_import.py` tells what comes over, from a recording of such a server.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.governance.mlflow.real_server import free_port, sender, serving
from tests.governance.mlflow.registry_elsewhere import populate
from tests.installation import Installation

pytestmark = pytest.mark.soak

# Everything of the registry that an import writes, and the trail.
WRITTEN = (
    "SELECT (SELECT count(*) FROM audits_entry), (SELECT count(*) FROM registry_registeredmodel), "
    "(SELECT count(*) FROM registry_modelversion), (SELECT count(*) FROM registry_currentalias)"
)


def bring_over(here: Installation, address: str) -> tuple[int, str]:
    done = here.manage("import_mlflow", address)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@contextmanager
def cut_after(address: str, many: int) -> Iterator[str]:
    """Hand on to a server, and cut the line once it has said so many bytes."""
    target = urlsplit(address)
    listener = socket.create_server(("127.0.0.1", 0))

    def hand_on() -> None:
        left = many
        while left > 0:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near, closing(socket.create_connection((target.hostname or "", target.port or 0))) as far:
                asked = threading.Thread(target=_pump, args=(near, far), daemon=True)
                asked.start()
                while left > 0 and (said := far.recv(min(left, 4096))):
                    left -= len(said)
                    near.sendall(said)
        listener.close()

    thread = threading.Thread(target=hand_on, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while said := source.recv(4096):
            target.sendall(said)
    except OSError:
        pass


def test_a_registry_comes_over_from_a_running_server_and_coming_twice_changes_nothing(tmp_path: Path) -> None:
    here = Installation.migrated(tmp_path)
    with serving() as address:
        populate(sender(address))
        # The line is cut in the middle of an answer: what came over stays, and the next run goes on.
        with cut_after(address, 12_000) as through:
            status, said = bring_over(here, through)
        assert (status, "does not answer" in said, "run this again to go on" in said) == (1, True, True), said
        assert here.rows(WRITTEN)[0][1] > 0

        status, said = bring_over(here, address)
        assert status == 3, said
        assert "to be asked for: version churn 3: It stood in Production there" in said
        assert "to be asked for: alias churn@champion" in said
        assert "left out: model unknown-tier" in said
        there = here.rows(WRITTEN)
        assert there[0][1:] == (5, 109, 2)

        status, said = bring_over(here, address)
        assert (status, "Nothing has changed." in said) == (3, True), said
        assert here.rows(WRITTEN) == there

        status, said = bring_over(here, f"{address}/elsewhere")
        assert (status, "answered 404 to registered-models/search" in said) == (1, True), said
    status, said = bring_over(here, f"http://127.0.0.1:{free_port()}")
    assert (status, "does not answer" in said) == (1, True), said
    assert here.rows(WRITTEN) == there
    assert here.manage("verify_trail").returncode == 0


def test_a_server_with_users_lets_in_who_is_known(tmp_path: Path) -> None:
    users = tmp_path / "users.ini"
    users.write_text(
        "[mlflow]\ndefault_permission = READ\nadmin_username = admin\nadmin_password = a-long-password\n"
        f"database_uri = sqlite:///{tmp_path}/users.db\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    variables = {"MLFLOW_AUTH_CONFIG_PATH": str(users), "MLFLOW_FLASK_SERVER_SECRET_KEY": "of-this-test"}
    here = Installation.migrated(tmp_path / "here")
    with serving("--app-name", "basic-auth", **variables) as address:
        for known in ({}, {"MLFLOW_TRACKING_TOKEN": "wrong"}, {"MLFLOW_TRACKING_USERNAME": "admin"}):
            stranger = Installation(here.folder, **known)
            status, said = bring_over(stranger, address)
            assert (status, "does not let this in (401); set MLFLOW_TRACKING_TOKEN" in said) == (1, True), said
        admin = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "a-long-password"}
        status, said = bring_over(Installation(here.folder, **admin), address)
        assert (status, "Nothing has changed." in said) == (0, True), said
