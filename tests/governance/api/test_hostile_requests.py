"""Whatever a generator of requests makes of the document, no answer is a 500 and every answer is as documented."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from audits.evidence import Evidence
from audits.runs import CheckRun
from governance.roles import Group, Role, Verb, allows
from governance.services.exports import export_report
from tests import make
from tests.governance.api.test_openapi import SNAPSHOT, operations

pytestmark = pytest.mark.django_db

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = sorted(operations(yaml.safe_load(SNAPSHOT.read_text())))


@dataclass(frozen=True)
class World:
    """One account that may do everything, so that no refusal hides what lies behind it, and things to be found."""

    token: str
    names: dict[str, Any]
    uids: dict[str, str]

    def existing(self, path: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of a path that lead to something that is there."""
        uid = next((uid for kind, uid in self.uids.items() if f"/{kind}/" in path), None)
        known = {**self.names, "uid": uid}
        return {name: known.get(name) or value for name, value in parameters.items()}


@pytest.fixture
def world(db: None) -> World:
    make.policy()
    everybody = make.account("everybody", Role.CONTRIBUTOR, Role.OPERATOR, groups=(Group.RISK, Group.COMPLIANCE))
    version = make.version(everybody, make.model(everybody))
    make.completed(version)
    uids = {
        "promotions": make.promotion(everybody, version).uid,
        "check-runs": CheckRun.objects.latest("pk").uid,
        "evidence": Evidence.objects.latest("pk").uid,
        "reports": export_report(actor=everybody.actor, version=version, format_name="json").uid,
    }
    return World(
        token=make.token(everybody, *[verb for verb in Verb if allows(everybody.roles(), verb)]),
        names={"name": "care-programme", "number": 1},
        uids={kind: str(uid) for kind, uid in uids.items()},
    )


def whole(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer in one piece and close what was opened for it, as web servers do and the generator does not."""
    answer = get_wsgi_application()(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


@cache
def described() -> Any:
    """What the service says of itself, asked for once: writing it takes longer than all requests of a test."""
    return schemathesis.openapi.from_wsgi("/api/schema", whole)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The end of a request would close the connection under the transaction that undoes the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as told", "otherwise"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_is_a_server_error_or_undocumented(name: str, mode: GenerationMode, world: World) -> None:
    method, path = name.split(" ")
    operation = described()[path][method]

    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_there=st.booleans())
    def hold(case: Any, is_there: bool) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {world.token}"}
        if is_there and case.path_parameters:
            case.path_parameters = world.existing(path, case.path_parameters)
        case.call_and_validate(checks=CHECKS)

    hold()
