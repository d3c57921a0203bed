"""How does a version come in, and what is told about it?"""

import json
from typing import Any

import pytest

from audits.runs import Job, JobState
from audits.trail import Entry
from governance.models import Account
from registry.models import ModelVersion, RegisteredModel
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def programme(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


def submission(pipeline: Account, **change: Any) -> dict[str, Any]:
    document = {
        "artifact": str(make.artifact(pipeline).uid),
        "tables": {"evaluation": str(make.table(pipeline).uid)},
        "source": "https://ci.example/17",
    }
    return {**document, **change}


def test_a_model_is_registered_once_and_told_with_its_owner(api: Caller, pipeline: Account) -> None:
    body = {"name": "care-programme", "risk_tier": "high", "task": "binary", "intended_use": "Offers of care."}
    answer = api.send("models", body)
    assert (answer.status_code, answer["Location"]) == (201, "/api/v1/models/care-programme")
    assert answer.json()["owner"] == {"id": str(pipeline.actor), "name": "Training Pipeline"}
    assert api.get(answer["Location"]).json() == answer.json() == api.send("models", body).json()
    taken = api.send("models", {**body, "risk_tier": "minimal"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


def test_a_version_starts_in_development_and_orders_its_checks(
    api: Caller, pipeline: Account, programme: RegisteredModel
) -> None:
    answer = api.send("models/care-programme/versions", submission(pipeline))
    assert (answer.status_code, answer["Location"]) == (201, "/api/v1/models/care-programme/versions/1")
    told = answer.json()
    assert (told["number"], told["stage"], told["aliases"]) == (1, "development", [])
    assert set(told["tables"]) == {"evaluation"}
    assert api.get(answer["Location"]).json() == told
    checks = api.get(f"{answer['Location']}/checks").json()["items"]
    assert {run["check"] for run in checks} == {"fairness.impact_ratio", "performance.accuracy"}


def test_the_same_submission_twice_is_one_version(api: Caller, pipeline: Account, programme: RegisteredModel) -> None:
    body = submission(pipeline)
    path = "models/care-programme/versions"
    assert api.send(path, body).json() == api.send(path, body).json()
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"artifact": NOBODY}, 404, "unknown_evidence"),
        ({"tables": {"evaluation": NOBODY}}, 404, "unknown_evidence"),
        ({"artifact": "model.txt"}, 422, "malformed"),
        ({"tables": {}}, 422, "evidence_unfit"),
        ({"tables": {"holdout": NOBODY}}, 404, "unknown_evidence"),
        ({"tables": {"evaluation": "it"}}, 422, "malformed"),
        ({"documents": {"dpia": NOBODY}}, 404, "unknown_evidence"),
        ({"parent": {"model": "care-programme"}}, 422, "malformed"),
        ({"parent": {"model": "care-programme", "version": 1}}, 404, "unknown_version"),
        ({"upstreams": [{"model": "nothing", "version": 1}]}, 404, "unknown_version"),
        ({"upstreams": {"model": "nothing", "version": 1}}, 422, "malformed"),
        ({"trained_by": "tom"}, 422, "malformed"),
        ({"tables": None}, 422, "malformed"),
        ({"source": "x" * 501}, 422, "malformed"),
    ],
)
def test_a_submission_that_does_not_hold_together_is_refused(
    api: Caller, pipeline: Account, programme: RegisteredModel, change: dict, status: int, code: str
) -> None:
    answer = api.send("models/care-programme/versions", submission(pipeline, **change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not ModelVersion.objects.exists()


def test_a_table_is_no_artifact_and_another_task_does_not_fit(
    api: Caller, pipeline: Account, programme: RegisteredModel
) -> None:
    table = str(make.table(pipeline).uid)
    swapped = api.send("models/care-programme/versions", submission(pipeline, artifact=table))
    assert (swapped.status_code, swapped.json()["code"], swapped.json()["field"]) == (422, "evidence_unfit", "artifact")
    api.send("models", {"name": "prices", "risk_tier": "high", "task": "regression"})
    other = api.send("models/prices/versions", submission(pipeline))
    assert (other.status_code, other.json()["field"]) == (422, "evaluation")


def test_versions_are_listed_by_stage_and_alias(api: Caller, pipeline: Account, programme: RegisteredModel) -> None:
    make.version(pipeline, programme, seed=1)
    make.version(pipeline, programme, seed=2)
    path = "models/care-programme/versions"
    assert [item["number"] for item in api.get(path).json()["items"]] == [2, 1]
    assert len(api.get(f"{path}?stage=development").json()["items"]) == 2
    assert api.get(f"{path}?stage=production").json()["items"] == []
    assert api.get(f"{path}?alias=champion").json()["items"] == []
    assert api.get(f"{path}?stage=heaven").status_code == 422


def test_a_check_run_tells_how_far_it_is_and_then_what_it_found(
    api: Caller, pipeline: Account, programme: RegisteredModel
) -> None:
    version = make.version(pipeline, programme)
    path = "models/care-programme/versions/1/checks"
    assert {(run["state"], run["verdict"]) for run in api.get(path).json()["items"]} == {("waiting", None)}

    Job.objects.update(state=JobState.RUNNING, progress=40)
    assert {(run["state"], run["percent"]) for run in api.get(path).json()["items"]} == {("running", 40)}

    Job.objects.update(state=JobState.WAITING)
    make.completed(version, fairness_impact_ratio="failed")
    runs = api.get(path).json()["items"]
    assert {(run["check"], run["state"], run["verdict"]) for run in runs} == {
        ("fairness.impact_ratio", "completed", "failed"),
        ("performance.accuracy", "completed", "passed"),
    }
    assert len(api.get(f"{path}?verdict=failed").json()["items"]) == 1
    assert len(api.get(f"{path}?check=performance.accuracy").json()["items"]) == 1
    one = api.get(f"check-runs/{runs[0]['uid']}").json()
    assert {name: one[name] for name in runs[0]} == runs[0]
    assert (one["statistics"], one["guards"]) == ({}, [])


def test_the_gate_is_previewed_without_leaving_a_trace(
    api: Caller, pipeline: Account, programme: RegisteredModel
) -> None:
    version = make.version(pipeline, programme)
    path = "models/care-programme/versions/1/gate?target=production"
    before = Entry.objects.count()
    assert api.get(path).json()["outcome"] == "wait"
    make.completed(version, fairness_impact_ratio="failed")
    entries = Entry.objects.count()
    told = api.get(path).json()
    assert (told["outcome"], told["target"], told["policies"][0]["name"]) == ("block", "production", "high-risk")
    by_requirement = {reason["requirement"]: reason["outcome"] for reason in told["reasons"]}
    assert by_requirement == {
        "impact-ratio": "block",
        "accuracy": "allow",
        "approval:risk": "wait",
        "approval:compliance": "wait",
    }
    assert before < entries == Entry.objects.count()


@pytest.mark.parametrize("query", ["", "?target=heaven", "?target=development", "?target=production&now=1"])
def test_the_gate_of_no_stage_is_malformed(
    api: Caller, pipeline: Account, programme: RegisteredModel, query: str
) -> None:
    make.version(pipeline, programme)
    assert api.get(f"models/care-programme/versions/1/gate{query}").status_code == 422


def test_what_no_policy_guards_is_blocked(api: Caller, pipeline: Account, programme: RegisteredModel) -> None:
    make.version(pipeline, programme)
    answer = api.get("models/care-programme/versions/1/gate?target=staging")
    assert (answer.json()["outcome"], answer.json()["reasons"][0]["code"]) == ("block", "no_policy")


def test_an_entry_is_told_with_its_type_parent_people_and_neighbours(
    api: Caller, pipeline: Account, programme: RegisteredModel
) -> None:
    make.version(pipeline, programme)
    answer = api.send("models", {"name": "tuned", "risk_tier": "high", "task": "binary", "entry_type": "fine_tune"})
    assert (answer.json()["entry_type"], answer.json()["tags"]) == ("fine_tune", {})
    base = {"model": "care-programme", "version": 1}
    body = submission(
        pipeline,
        artifact=str(make.artifact(pipeline, 2).uid),
        documents={"dpia": str(make.document(pipeline).uid)},
        parent=base,
        upstreams=[base],
        trained_by=str(pipeline.actor),
    )
    told = api.send("models/tuned/versions", body).json()
    assert (told["entry_type"], told["parent"], told["upstreams"]) == ("fine_tune", base, [base])
    assert told["trained_by"] == {"id": str(pipeline.actor), "name": "Training Pipeline"}
    assert set(told["documents"]) == {"dpia"}
    upstream = api.get("models/care-programme/versions/1").json()
    assert upstream["dependents"] == [{"model": "tuned", "version": 1}]
    assert (upstream["parent"], upstream["trained_by"]) == (None, None)
    assert [item["name"] for item in api.get("models?entry_type=fine_tune").json()["items"]] == ["tuned"]
    assert api.get("models/tuned/versions").json()["items"] == [told]


def test_evidence_joins_a_version_and_is_told(api: Caller, pipeline: Account, programme: RegisteredModel) -> None:
    before = make.version(pipeline, programme).evidence_sha256
    path = "models/care-programme/versions/1/evidence"
    dpia = make.document(pipeline)
    told = api.send(path, {"purpose": "dpia", "evidence": str(dpia.uid)}).json()
    assert told["documents"]["dpia"]["uid"] == str(dpia.uid)
    assert [(row["purpose"], row["attached_by"]["id"]) for row in told["attachments"]] == [
        ("dpia", str(pipeline.actor))
    ]
    assert told["evidence_sha256"] != before
    assert api.send(path, {"purpose": "dpia", "evidence": str(dpia.uid)}).json() == told

    table = make.table(pipeline, make.TABLE.replace("p0,", "p1000,"))
    told = api.send(path, {"purpose": "evaluation", "evidence": str(table.uid)}).json()
    assert told["tables"]["evaluation"]["uid"] == str(table.uid)
    assert len(api.get("models/care-programme/versions/1/checks").json()["items"]) == 4


@pytest.mark.parametrize(
    ("path", "change", "status", "code"),
    [
        ("models/nothing/versions/1/evidence", {}, 404, "unknown_version"),
        ("models/care-programme/versions/1/evidence", {"evidence": NOBODY}, 404, "unknown_evidence"),
        ("models/care-programme/versions/1/evidence", {"purpose": "licence"}, 422, "evidence_unfit"),
        ("models/care-programme/versions/1/evidence", {"purpose": "DPIA"}, 422, "malformed"),
        ("models/care-programme/versions/1/evidence", {"kind": "document"}, 422, "malformed"),
    ],
)
def test_evidence_that_cannot_join_is_refused(
    api: Caller, pipeline: Account, programme: RegisteredModel, path: str, change: dict, status: int, code: str
) -> None:
    make.version(pipeline, programme)
    body = {"purpose": "dpia", "evidence": str(make.document(pipeline).uid), **change}
    answer = api.send(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.get("models/care-programme/versions/1").json()["attachments"] == []


def test_a_stored_profile_joins_as_reference_and_never_as_what_is_evaluated(
    api: Caller, pipeline: Account, programme: RegisteredModel
) -> None:
    make.version(pipeline, programme)
    column = {"name": "sex", "kind": "text", "rows": 200, "missing": 0, "texts": {"female": 150, "male": 50}}
    told = api.send(
        "evidence",
        {
            "kind": "table",
            "sha256": api.upload(json.dumps({"profile": 1, "rows": 200, "columns": [column]}).encode()),
            "name": "reference.profile.json",
            "format": {"format": "profile"},
            "declaration": {**make.DECLARATION, "columns": {"sex": {"roles": ["feature"]}}},
        },
    ).json()
    assert (told["row_count"], told["columns"]) == (200, [{"name": "sex", "type": "text"}])
    path = "models/care-programme/versions/1/evidence"
    refused = api.send(path, {"purpose": "evaluation", "evidence": told["uid"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "evidence_unfit")
    assert "A stored profile cannot serve as evaluation" in refused.json()["detail"]
    assert "reference" in api.send(path, {"purpose": "reference", "evidence": told["uid"]}).json()["tables"]
