"""Scripts that ask for transitions and approve them, in the words of Databricks' registry, meet the same gate."""

from typing import Any

import pytest

from audits.trail import Entry
from governance.models import Account, OpenPromotion
from governance.roles import Group, Role, Verb
from registry.models import ModelVersion
from registry.selectors import get_version
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller, caller

MOVE = {"name": "care-programme", "version": "1", "stage": "Production"}
ASKED = "transition-requests"


@pytest.fixture
def checked(pipeline: Account) -> ModelVersion:
    """A version of which every check passed, so that only people are missing."""
    make.policy()
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    return version


@pytest.fixture
def rita(db: None) -> MlflowCaller:
    return caller(make.reviewer("rita", Group.RISK))


@pytest.fixture
def carl(db: None) -> MlflowCaller:
    return caller(make.reviewer("carl", Group.COMPLIANCE))


def stage(of: ModelVersion) -> str:
    return str(get_version(of.model.name, of.number).position.stage)


def test_a_script_asks_two_people_approve_and_the_version_moves(
    mlflow: MlflowCaller, pipeline: Account, checked: ModelVersion, rita: MlflowCaller, carl: MlflowCaller
) -> None:
    made = mlflow.ok("POST", f"{ASKED}/create", **MOVE, comment="Passes on sex and age.")["request"]
    assert (made["activity_type"], made["from_stage"], made["to_stage"]) == (
        "REQUESTED_TRANSITION",
        "None",
        "Production",
    )
    assert (made["user_id"], made["comment"]) == (str(pipeline.actor), "Passes on sex and age.")
    assert (made["countersign"]["state"], made["countersign"]["outcome"]) == ("open", "wait")
    assert {reason["code"] for reason in made["countersign"]["requirements"]} == {"approval_missing"}
    # Sent again, it finds the same request.
    assert mlflow.ok("POST", f"{ASKED}/create", **MOVE)["request"]["id"] == made["id"]
    assert [one["id"] for one in rita.ok("GET", f"{ASKED}/list", name=MOVE["name"], version="1")["requests"]] == [
        made["id"]
    ]

    first = rita.ok("POST", f"{ASKED}/approve", **MOVE, archive_existing_versions=False, comment="Small harm.")
    told = first["activity"]
    assert (told["activity_type"], told["comment"]) == ("APPROVED_REQUEST", "Small harm.")
    assert (told["countersign"]["group"], told["countersign"]["state"]) == ("risk", "open")
    assert stage(checked) == "development"
    last = carl.ok("POST", f"{ASKED}/approve", **MOVE, archive_existing_versions=False, comment="Complies.")["activity"]
    assert (last["from_stage"], last["to_stage"]) == ("None", "Production")
    assert (last["countersign"]["state"], last["countersign"]["requirements"]) == ("promoted", [])
    assert stage(checked) == "production"
    assert mlflow.ok("GET", f"{ASKED}/list", name=MOVE["name"], version="1") == {}
    said = Entry.objects.filter(action="approval.given").values_list("actor", flat=True)
    assert len(set(said)) == 2


def test_a_blocked_request_is_an_answer(mlflow: MlflowCaller, pipeline: Account) -> None:
    make.policy()
    mlflow.ok("POST", "registered-models/create", name="bare")
    mlflow.ok("POST", "model-versions/create", name="bare", source="s3://models/1")
    made = mlflow.ok("POST", f"{ASKED}/create", name="bare", version="1", stage="production")["request"]
    assert "artifact_unknown" in {reason["code"] for reason in made["countersign"]["requirements"]}


def test_a_rejection_with_a_veto_ends_the_request(
    mlflow: MlflowCaller, checked: ModelVersion, rita: MlflowCaller, carl: MlflowCaller
) -> None:
    mlflow.ok("POST", f"{ASKED}/create", **MOVE)
    told = rita.ok("POST", f"{ASKED}/reject", **MOVE, comment="The harm is not small.")["activity"]
    assert told["activity_type"] == "REJECTED_REQUEST"
    still_open = OpenPromotion.objects.filter(version=checked).exists()
    assert told["countersign"]["state"] == ("open" if still_open else "refused")
    assert told["countersign"]["outcome"] == "block"
    assert stage(checked) == "development"


def test_whoever_asked_cancels_and_nobody_else(mlflow: MlflowCaller, pipeline: Account, checked: ModelVersion) -> None:
    mlflow.ok("POST", f"{ASKED}/create", **MOVE)
    other = caller(make.contributor("other-pipeline"))
    cancelled = f"{ASKED}/delete?name=care-programme&version=1&stage=Production"
    assert other.delete(f"/api/2.0/mlflow/{cancelled}").status_code == 403
    # Naming the other as creator changes nothing.
    assert other.delete(f"/api/2.0/mlflow/{cancelled}&creator={pipeline.login}").status_code == 403
    answer = mlflow.delete(f"/api/2.0/mlflow/{cancelled}&creator={pipeline.login}&comment=Later.")
    assert answer.status_code == 200, answer.content
    told = answer.json()["activity"]
    assert (told["activity_type"], told["countersign"]["state"]) == ("CANCELLED_REQUEST", "withdrawn")
    assert mlflow.refused("DELETE", f"{ASKED}/delete", **MOVE) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_whoever_speaks_for_several_groups_says_for_which(mlflow: MlflowCaller, checked: ModelVersion) -> None:
    both = caller(make.reviewer("bo", Group.RISK, Group.COMPLIANCE))
    mlflow.ok("POST", f"{ASKED}/create", **MOVE)
    for group in ({}, {"group": "catering"}):
        answer = both.call("POST", f"{ASKED}/approve", **MOVE, comment="Read.", **group)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "compliance, risk" in answer.json()["message"]
    # A group that is not theirs is no choice.
    assert both.refused("POST", f"{ASKED}/approve", **MOVE, comment="Read.", group="legal") == (
        403,
        "PERMISSION_DENIED",
    )
    assert both.ok("POST", f"{ASKED}/approve", **MOVE, comment="Read.", group="risk")["activity"]["user_id"]
    # One person is one pair of eyes, for whatever group.
    assert both.refused("POST", f"{ASKED}/approve", **MOVE, comment="Read.", group="compliance") == (
        409,
        "INVALID_STATE_TRANSITION",
    )
    assert stage(checked) == "development"


def test_nobody_approves_what_they_asked_for(checked: ModelVersion) -> None:
    mia = make.account("mia", Role.CONTRIBUTOR, groups=(Group.RISK,))
    mine = caller(mia)
    mine.ok("POST", f"{ASKED}/create", **MOVE)
    assert mine.refused("POST", f"{ASKED}/approve", **MOVE, comment="Mine.") == (409, "INVALID_STATE_TRANSITION")


@pytest.mark.parametrize(
    ("call", "changed", "refusal"),
    [
        ("create", {"stage": "Archived"}, (400, "INVALID_PARAMETER_VALUE")),
        ("create", {"stage": "None"}, (400, "INVALID_PARAMETER_VALUE")),
        ("create", {"stage": "Nowhere"}, (400, "INVALID_PARAMETER_VALUE")),
        ("create", {"stage": None}, (400, "INVALID_PARAMETER_VALUE")),
        ("create", {"version": "9"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("create", {"comment": 7}, (400, "INVALID_PARAMETER_VALUE")),
        ("approve", {"stage": "Staging"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("approve", {"comment": ""}, (400, "INVALID_PARAMETER_VALUE")),
        ("approve", {"archive_existing_versions": True}, (400, "INVALID_PARAMETER_VALUE")),
        ("approve", {"group": ["risk"]}, (400, "INVALID_PARAMETER_VALUE")),
        ("reject", {"comment": None}, (400, "INVALID_PARAMETER_VALUE")),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    mlflow: MlflowCaller,
    checked: ModelVersion,
    rita: MlflowCaller,
    call: str,
    changed: dict[str, Any],
    refusal: tuple[int, str],
) -> None:
    mlflow.ok("POST", f"{ASKED}/create", **MOVE)
    before = Entry.objects.count()
    who = mlflow if call == "create" else rita
    assert who.refused("POST", f"{ASKED}/{call}", **{**MOVE, "comment": "Read.", **changed}) == refusal
    assert Entry.objects.count() == before


def test_a_pipeline_approves_nothing(mlflow: MlflowCaller, checked: ModelVersion) -> None:
    mlflow.ok("POST", f"{ASKED}/create", **MOVE)
    assert mlflow.refused("POST", f"{ASKED}/approve", **MOVE, comment="Me.") == (403, "PERMISSION_DENIED")


def test_a_transition_with_a_comment_is_told_with_what_is_still_asked(
    mlflow: MlflowCaller, checked: ModelVersion
) -> None:
    address = "databricks/model-versions/transition-stage"
    refused = mlflow.call("POST", address, **MOVE, archive_existing_versions=False, comment="Now.")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "INVALID_STATE_TRANSITION")
    assert OpenPromotion.objects.get(version=checked).promotion.reason == "Now."
    told = mlflow.ok("POST", address, **{**MOVE, "stage": "none"})["model_version_databricks"]
    assert (told["current_stage"], told["permission_level"]) == ("None", "CAN_MANAGE_PRODUCTION_VERSIONS")
    assert [one["to_stage"] for one in told["open_requests"]] == ["Production"]


@pytest.mark.parametrize(
    ("roles", "scopes", "level"),
    [
        ((Role.CONTRIBUTOR, Role.OPERATOR), (), "CAN_MANAGE"),
        ((Role.CONTRIBUTOR,), (), "CAN_MANAGE_PRODUCTION_VERSIONS"),
        ((Role.CONTRIBUTOR, Role.OPERATOR), (Verb.READ, Verb.REGISTER), "CAN_EDIT"),
        ((Role.CONTRIBUTOR,), (Verb.READ,), "CAN_READ"),
        # An operator may rename and delete, and neither register nor promote: that is not all of CAN_MANAGE.
        ((Role.OPERATOR,), (), "CAN_READ"),
        ((Role.AUDITOR,), (), "CAN_READ"),
    ],
)
def test_the_permission_level_never_says_too_much(
    checked: ModelVersion, roles: tuple[Role, ...], scopes: tuple[Verb, ...], level: str
) -> None:
    who = caller(make.account("somebody", *roles), *scopes)
    told = who.ok("GET", "databricks/registered-models/get", name="care-programme")["registered_model_databricks"]
    assert (told["name"], told["permission_level"]) == ("care-programme", level)
