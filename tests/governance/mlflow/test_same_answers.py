"""Do we answer what a real MLflow server answers, call for call?

The recording is made by `make test-mlflow` against the real one, which then holds the same conversation with a server
of ours, too.
"""

import json
from typing import Any

import pytest

from governance.roles import Role
from governance.services.bindings import bind_artifact
from registry.selectors import get_version
from tests import make
from tests.governance.mlflow.conftest import caller
from tests.governance.mlflow.real_server import RECORDING
from tests.governance.mlflow.script import DELIBERATE, SCRIPT, Call, converse

# For models whose consequences are small, a written purpose is enough; and the bytes, as for all.
OPEN = """\
policy: minimal-risk-to-STAGE
title: Minimal-risk models need a purpose
applies_to: {risk_tier: [minimal], target: STAGE}
requirements: []
documents:
  - {id: purpose, title: The purpose is written down, kind: intended_use}
"""


def test_the_conversation_is_long_enough_and_differs_only_where_it_is_written_down() -> None:
    assert len(SCRIPT) >= 150
    assert sum(answer["status"] >= 400 for answer in json.loads(RECORDING.read_text())) >= 60
    assert {call.differs for call in SCRIPT} - {""} <= set(DELIBERATE)


@pytest.mark.django_db
def test_every_answer_is_the_one_that_a_real_server_gave() -> None:
    for stage in ("staging", "production"):
        make.policy(OPEN.replace("STAGE", stage))
    everybody = make.account("everybody", Role.CONTRIBUTOR, Role.OPERATOR, kind="pipeline")
    client = caller(everybody)

    def send(method: str, path: str, parameters: dict[str, Any]) -> tuple[int, Any]:
        answer = client.call(method, path, **parameters)
        return answer.status_code, answer.json()

    def show_the_bytes(call: Call) -> None:
        if call.opens:
            version = get_version("credit", int(call.opens))
            bind_artifact(actor=everybody.actor, version=version, artifact=make.artifact(everybody, int(call.opens)))

    recorded = json.loads(RECORDING.read_text())
    ours = converse(send, show_the_bytes)
    assert len(ours) == len(recorded)
    different = [
        (call.method, call.path, call.parameters, {"theirs": theirs, "ours": mine})
        for call, mine, theirs in zip(SCRIPT, ours, recorded, strict=True)
        if (mine != theirs) != bool(call.differs)
    ]
    assert not different, "\n".join(f"{one}" for one in different)
