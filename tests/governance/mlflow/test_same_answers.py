"""Do we answer what a real MLflow server answers, call for call?

The recording is made by `make test-mlflow` against the real one, which then holds the same conversation with a server
of ours, too.
"""

import json
from typing import Any

import pytest

from governance.services.bindings import bind_artifact
from registry.selectors import get_version
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller
from tests.governance.mlflow.governed import prepare
from tests.governance.mlflow.real_server import RECORDING, differences
from tests.governance.mlflow.script import DELIBERATE, SCRIPT, Call, converse


def test_the_conversation_is_long_enough_and_differs_only_where_it_is_written_down() -> None:
    assert len(SCRIPT) >= 150
    assert sum(answer["status"] >= 400 for answer in json.loads(RECORDING.read_text())) >= 60
    assert {call.differs for call in SCRIPT} - {""} <= set(DELIBERATE)


@pytest.mark.django_db
def test_every_answer_is_the_one_that_a_real_server_gave() -> None:
    everybody, token = prepare()
    client = MlflowCaller(token)

    def send(method: str, path: str, parameters: dict[str, Any]) -> tuple[int, Any]:
        answer = client.call(method, path, **parameters)
        return answer.status_code, answer.json()

    def show_the_bytes(call: Call) -> None:
        if call.opens:
            version = get_version("credit", int(call.opens))
            bind_artifact(actor=everybody.actor, version=version, artifact=make.artifact(everybody, int(call.opens)))

    different = differences(converse(send, show_the_bytes))
    assert not different, "\n".join(different)
