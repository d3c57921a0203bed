"""The conversation that a real MLflow server's answers were recorded in, held with a running installation of ours.

`tests/governance/mlflow/test_same_answers.py` holds it within one process in every test run.
"""

import hashlib
from pathlib import Path

import httpx
import pytest

from tests import make
from tests.governance.mlflow.real_server import differences, sender
from tests.governance.mlflow.script import Call, converse
from tests.installation import Installation

OPERATOR = "from tests.governance.mlflow.governed import prepare; print(prepare()[1])"


@pytest.mark.soak
def test_a_running_installation_answers_what_a_real_server_answers(tmp_path: Path) -> None:
    here = Installation.migrated(tmp_path)
    prepared = here.manage("shell", "-v", "0", "-c", OPERATOR)
    assert prepared.returncode == 0, prepared.stderr
    headers = {"Authorization": f"Bearer {prepared.stdout.strip()}"}

    with here.serve() as served, httpx.Client(base_url=f"{served.address}api/v1/", headers=headers, timeout=60) as api:

        def show_the_bytes(call: Call) -> None:
            if call.opens:
                content = make.lightgbm_text(int(call.opens))
                sha256 = hashlib.sha256(content).hexdigest()
                said = {"kind": "artifact", "sha256": sha256, "name": "model.txt"}
                api.put(f"blobs/{sha256}", content=content).raise_for_status()
                artifact = api.post("evidence", json=said).raise_for_status().json()["uid"]
                bound = api.post(f"models/credit/versions/{call.opens}/artifact", json={"artifact": artifact})
                bound.raise_for_status()

        ours = converse(sender(served.address.rstrip("/"), headers), show_the_bytes)

    different = differences(ours)
    assert not different, "\n".join(different)
