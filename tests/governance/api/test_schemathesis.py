"""Whatever schemathesis makes of the document, no answer is a server error and every answer is as documented."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from audits.evidence import Evidence
from audits.runs import CheckRun
from governance.models import (
    Account,
    BundleExport,
    Comment,
    Condition,
    Delegation,
    Notice,
    PolicyDraft,
    Promotion,
    ReportExport,
    Upload,
    Waiver,
    WebhookEdition,
)
from governance.roles import Group, Role, Verb, allows
from governance.services.comments import write_comment
from governance.services.exports import export_report
from governance.services.uploads import begin_upload
from registry.selectors import get_model
from tests import everything, make
from tests.governance.api.test_openapi import SNAPSHOT, operations

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
DOCUMENT = yaml.load(SNAPSHOT.read_text(), yaml.CSafeLoader)
OPERATIONS = sorted(operations(DOCUMENT))
# What is too long is refused as too large when the whole body is.
REFUSED = ["400", "401", "403", "404", "405", "409", "411", "412", "413", "415", "422", "429"]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class World:
    """One account that may do everything, so that no refusal hides what lies behind it, and things to be found."""

    headers: dict[str, str]
    known: dict[str, dict[str, Any]]

    def existing(self, path: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a path that lead to something that is there."""
        found = next(known for start, known in self.known.items() if path.removeprefix("/api/v1/").startswith(start))
        return {name: found.get(name, value) for name, value in parameters.items()}


@pytest.fixture(scope="module")
def world(around_the_module: None) -> World:
    everything.build()
    everybody = make.account("everybody", Role.CONTRIBUTOR, Role.OPERATOR, groups=(Group.RISK, Group.COMPLIANCE))
    model = get_model("everything")
    version = model.versions.get(number=1)
    export_report(actor=everybody.actor, version=version, format_name="json")
    begin_upload(actor=everybody.actor, account=everybody, sha256=64 * "a", size=10)
    make.promotion(everybody, make.version(everybody, model, 16))
    write_comment(actor=everybody.actor, version=version, text="Seen.")
    token = make.token(everybody, *[verb for verb in Verb if allows(everybody.roles(), verb)])
    latest = {
        "accounts": Account,
        "check-runs": CheckRun,
        "comments": Comment,
        "conditions": Condition,
        "delegations": Delegation,
        "evidence": Evidence,
        "policies/drafts": PolicyDraft,
        "promotions": Promotion,
        "reports": ReportExport,
        "trail/bundles": BundleExport,
        "uploads": Upload,
        "waivers": Waiver,
    }
    # The first that fits is taken.
    return World(
        headers={"Authorization": f"Bearer {token}"},
        known={
            "models/": {"name": model.name, "number": 1, "alias": "champion"},
            **{f"{kind}/": {"uid": str(row.objects.latest("pk").uid)} for kind, row in latest.items()},
            "policies/": {"name": "high-risk", "number": 1},
            "trail/": {"index": 1},
            "webhooks/": {"uid": str(WebhookEdition.objects.latest("pk").webhook)},
            "tokens/": {"prefix": everybody.tokens.get().prefix},
            "blobs/": {"sha256": Evidence.objects.latest("pk").sha256},
            "notices/": {"notice": Notice.objects.latest("pk").pk},
            "": {},
        },
    )


@cache
def application() -> WSGIHandler:
    return WSGIHandler()


def whole(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer in one piece and close what was opened for it, as web servers do and the generator does not.

    Around a request the connection stays open, as `django.test.Client` sees to: its end would close it under the
    transaction that undoes the test. Said at each request, because such a client ends by making the old ways good.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    answer = application()(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@cache
def described() -> Any:
    """The stored document, which another test holds to be what the service says of itself."""
    config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}})
    described = schemathesis.openapi.from_dict(DOCUMENT, config=config)
    described.app = whole
    return described


@pytest.mark.parametrize("examples", [3, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_is_a_server_error_or_undocumented(name: str, examples: int, world: World) -> None:
    """Requests as documented and otherwise, about what is there and what is not."""
    method, path = name.split(" ")
    operation = described()[path][method]

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES)), is_there=st.booleans())
    def hold(case: Any, is_there: bool) -> None:
        if is_there and case.path_parameters:
            case.path_parameters = world.existing(path, case.path_parameters)
        # What is sent instead of it; else a request that is as documented counts as one that is not.
        case.headers = {**(case.headers or {}), **world.headers}
        before = transaction.savepoint()
        try:
            case.call_and_validate(headers=world.headers, checks=CHECKS)
        finally:
            transaction.savepoint_rollback(before)

    hold()


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
def test_methods_that_are_not_documented_are_refused(path: str, world: World) -> None:
    documented = {method.upper() for method in DOCUMENT["paths"][path]}
    steps = dict.fromkeys(("name", "number", "alias", "uid", "index", "prefix", "sha256", "notice"), "1")
    address = path.format(**world.existing(path, steps))
    for method in sorted(METHODS - documented):
        answer = Client().generic(method, address, headers=world.headers)
        assert answer.status_code == 405, method
        assert answer.json()["code"] == "method_not_allowed"
        assert set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == documented
