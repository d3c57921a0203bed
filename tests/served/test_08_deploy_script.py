"""A deployer's script asks about a file, believes only what our key signed, and stops where the answer is no."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audits.offline import verify
from audits.trail.keys import KeyKind, Signer
from tests import make
from tests.installation import PROJECT, Installation

SCRIPT = PROJECT / "docs" / "how-to" / "admit.sh"
TOLD = """
from audits.trail import log_verifier
from governance.roles import Group, Verb
from tests import make
make.policy()
pipeline = make.contributor()
model = make.model(pipeline)
make.live(pipeline, [make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)], model, 1)
make.version(pipeline, model, 2)
print(make.token(pipeline, Verb.READ), log_verifier().key_string)
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Path]]:
    """A running service with one version that is live, one that is not, and a deployer who holds our public key."""
    home = tmp_path_factory.mktemp("admission")
    here = Installation.migrated(home / "data")
    done = here.manage("shell", "-v", "0", "-c", TOLD)
    assert done.returncode == 0, done.stderr
    token, key = done.stdout.split()
    verifier = home / "verify.py"
    verifier.write_bytes(Path(verify.__file__).read_bytes())
    for seed in (1, 2, 3):
        (home / f"model-{seed}.txt").write_bytes(make.lightgbm_text(seed))
    with here.serve() as served:
        url = served.address.rstrip("/")
        yield {"PATH": os.environ["PATH"], "URL": url, "TOKEN": token, "KEY": key, "VERIFIER": str(verifier)}, home


@pytest.fixture
def deploy(installation: tuple[dict[str, str], Path]) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment, home = installation

    def run(name: str, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(SCRIPT), str(home / name), *words]
        return subprocess.run(
            command, env={**environment, **changed}, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_the_deploy_script_lets_the_approved_file_through_and_refuses_the_others(deploy: Any) -> None:
    done = deploy("model-1.txt", "production", "champion")
    assert (done.returncode, done.stdout) == (0, "ADMITTED care-programme/1 to production, full\n"), done.stderr
    assert deploy("model-1.txt", "production").returncode == 0
    for name, why in (
        ("model-2.txt", "care-programme 2 stands in development."),
        ("model-3.txt", "No version has this artifact, or it was deleted."),
    ):
        done = deploy(name, "production", "champion")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("REFUSED ")
        assert why in done.stderr


def test_the_deploy_script_believes_no_other_key_and_no_silence(deploy: Any) -> None:
    foreign = Signer("countersign.local/trail", KeyKind.ED25519, b"k" * 32).verifier.key_string
    done = deploy("model-1.txt", "production", KEY=foreign)
    assert done.returncode == 1
    assert "does not carry the signature" in done.stderr
    assert deploy("model-1.txt", "production", TOKEN="csn_nobody").returncode == 2
    assert deploy("model-1.txt", "retired").returncode == 2
    assert deploy("model-1.txt", "production", URL="http://127.0.0.1:9").returncode != 0


def test_the_deploy_script_runs_what_the_page_shows() -> None:
    page = (SCRIPT.parent / "admit-a-deployment.md").read_text()
    assert "ADMITTED care-programme/1 to production, full" in page
    assert f"({SCRIPT.name})" in page
