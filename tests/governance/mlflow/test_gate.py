"""A client that names a champion asks the same gate as everybody, and reads in its terminal what is missing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import Account
from governance.roles import Group
from governance.services.approvals import approve_promotion
from governance.services.attachments import attach_evidence
from governance.services.bindings import bind_artifact
from governance.services.registrations import register_sourced_version
from registry.selectors import get_version
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller

CHURN = {"name": "Churn Model"}


def test_a_champion_known_by_its_source_alone_waits_for_its_bytes_its_checks_and_two_people(
    mlflow: MlflowCaller, pipeline: Account
) -> None:
    make.policy()
    rita, carl = make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)
    mlflow.ok("POST", "registered-models/create", **CHURN)
    mlflow.ok("POST", "model-versions/create", **CHURN, source="s3://models/churn/1", run_id="r1")
    champion = {**CHURN, "alias": "champion", "version": "1"}

    answer = mlflow.call("POST", "registered-models/alias", **champion)
    told = answer.json()
    assert (answer.status_code, told["error_code"]) == (409, "INVALID_STATE_TRANSITION")
    assert "artifact_unknown" in {reason["code"] for reason in told["requirements"]}
    assert told["link"].endswith(f"/api/v1/promotions/{told['promotion']}")
    assert "Nobody has shown the bytes" in told["message"]

    # What is missing comes one by one, and nobody asks again.
    version = get_version("Churn Model", 1)
    bind_artifact(actor=pipeline.actor, version=version, artifact=make.artifact(pipeline))
    attach_evidence(actor=pipeline.actor, version=version, purpose="evaluation", evidence=make.table(pipeline))
    make.completed(get_version("Churn Model", 1))
    shown = mlflow.ok("GET", "model-versions/get", **CHURN, version="1")["model_version"]
    assert shown["deployment_job_state"]["run_state"] == "APPROVAL"
    assert (shown["status"], shown["current_stage"]) == ("READY", "None")
    for person, group in ((rita, Group.RISK), (carl, Group.COMPLIANCE)):
        approve_promotion(actor=person.actor, uid=told["promotion"], group=group, reason="Read.")

    assert mlflow.ok("POST", "registered-models/alias", **champion) == {}
    shown = mlflow.ok("GET", "registered-models/alias", **CHURN, alias="champion")["model_version"]
    assert (shown["version"], shown["current_stage"]) == ("1", "Production")


@pytest.mark.parametrize(
    "source", ["/etc/passwd", "file:///x", "s3://b/%252e%252e/x", "s3://u:p@b/x", "\\\\host\\x", "x:y"]
)
def test_a_hostile_source_is_refused(mlflow: MlflowCaller, source: str) -> None:
    mlflow.ok("POST", "registered-models/create", **CHURN)
    assert mlflow.refused("POST", "model-versions/create", **CHURN, source=source) == (400, "INVALID_PARAMETER_VALUE")


def test_reading_asks_as_little_of_a_large_model_as_of_a_small_one(mlflow: MlflowCaller, pipeline: Account) -> None:
    """A client reads the model before each write."""
    asked: dict[tuple[str, int], int] = {}
    mlflow.ok("POST", "registered-models/create", **CHURN)
    for count in range(1, 61):
        register_sourced_version(
            actor=pipeline.actor,
            model_name=CHURN["name"],
            source=f"s3://models/{count}",
            description="",
            tags={},
            origin={},
        )
        if count in {2, 60}:
            for path, more in (("registered-models/get", {}), ("model-versions/get", {"version": "2"})):
                with CaptureQueriesContext(connection) as queries:
                    mlflow.ok("GET", path, **CHURN, **more)
                asked[path, count] = len(queries)
    for path, most in (("registered-models/get", 16), ("model-versions/get", 12)):
        assert asked[path, 2] == asked[path, 60] <= most, asked
