"""What is said about a model beside what governs it is said over the API, too, and both dialects tell the same."""

from typing import Any

import pytest

from audits.trail import Entry
from governance.models import Account
from governance.roles import Group, Role, Verb
from registry.models import RegisteredModel
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db
MODEL, VERSION = "models/care-programme", "models/care-programme/versions/1"


@pytest.fixture
def model(pipeline: Account) -> RegisteredModel:
    model = make.model(pipeline)
    make.version(pipeline, model)
    return model


@pytest.fixture
def operator_too(operator: Account) -> Caller:
    make.accounts.grant_role(actor=make.COMMAND, account=operator, role=Role.CONTRIBUTOR)
    return Caller(make.token(operator, Verb.READ, Verb.REGISTER, Verb.ADMINISTER))


@pytest.mark.parametrize(
    ("address", "action"), [(MODEL, "model.annotated"), (VERSION, "version.annotated")], ids=["model", "version"]
)
def test_what_is_named_changes_and_the_rest_stays(
    api: Caller, model: RegisteredModel, address: str, action: str
) -> None:
    nothing = {"present_name": "care-programme", "description": None, "tags": {}}
    assert api.get(f"{address}/annotations").json() == nothing
    for said, description, tags in (
        ({"tags": {"ward": "3b", "sample": "autumn"}}, None, {"ward": "3b", "sample": "autumn"}),
        ({"description": "Anew."}, "Anew.", {"ward": "3b", "sample": "autumn"}),
        ({"description": "", "tags": {"ward": None, "gone": None}}, "", {"sample": "autumn"}),
        ({}, "", {"sample": "autumn"}),
    ):
        answer = api.send(f"{address}/annotations", said)
        assert (answer.status_code, answer.json()) == (201, {**nothing, "description": description, "tags": tags})
        assert api.get(answer["Location"]).json() == answer.json()
    assert Entry.objects.filter(action=action).count() == 3


def test_clients_of_the_other_dialect_see_and_set_the_same(api: Caller, model: RegisteredModel) -> None:
    api.send(f"{MODEL}/annotations", {"description": "Anew.", "tags": {"ward": "3b"}})
    told = api.get("/api/2.0/mlflow/registered-models/get", {"name": "care-programme"}).json()["registered_model"]
    assert (told["description"], told["tags"]) == ("Anew.", [{"key": "ward", "value": "3b"}])
    tag = {"name": "care-programme", "version": "1", "key": "sample", "value": "autumn"}
    api.send("/api/2.0/mlflow/model-versions/set-tag", tag)
    assert api.get(f"{VERSION}/annotations").json()["tags"] == {"sample": "autumn"}


def test_models_and_versions_are_found_by_the_tags_they_have_now(api: Caller, model: RegisteredModel) -> None:
    for address in (MODEL, VERSION):
        api.send(f"{address}/annotations", {"tags": {"ward": "3b", "x:y": "z"}})
    lists = ("models", f"{MODEL}/versions")
    for path in lists:
        assert [len(api.get(path, {"tag": tag}).json()["items"]) for tag in ("ward:3b", "ward:3", "x:y:z")] == [1, 0, 0]
    for address in (MODEL, VERSION):
        api.send(f"{address}/annotations", {"tags": {"ward": None}})
    for path in lists:
        assert api.get(path, {"tag": "ward:3b"}).json()["items"] == []
    both = api.get(f"{MODEL}/versions", {"tag": "ward:3b", "at": "2020-01-01T00:00:00Z"})
    assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "tag")


@pytest.mark.parametrize(
    "said",
    [{"tags": {"": "x"}}, {"tags": {"countersign.task": "x"}}, {"tags": ["x"]}, {"tag": {}}, {"tags": {"a": [1]}}],
)
def test_what_is_no_tag_is_refused(api: Caller, model: RegisteredModel, said: dict[str, Any]) -> None:
    before = Entry.objects.count()
    answer = api.send(f"{MODEL}/annotations", said)
    assert answer.status_code == 422
    assert Entry.objects.count() == before


def test_a_model_is_renamed_by_whoever_administers_and_goes_by_both_names(
    api: Caller, operator_too: Caller, model: RegisteredModel
) -> None:
    assert api.send(f"{MODEL}/renaming", {"name": "care"}).status_code == 403
    answer = operator_too.send(f"{MODEL}/renaming", {"name": "care"})
    assert (answer.status_code, answer.json()["present_name"]) == (201, "care")
    for name in ("care", "care-programme"):
        assert operator_too.get(f"models/{name}/versions/1").status_code == 200
    operator_too.send("models", {"name": "other", "risk_tier": "high", "task": "binary"})
    refused = operator_too.send("models/other/renaming", {"name": "care-programme"})
    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
    assert operator_too.send("models/other/renaming", {"name": "a/b"}).status_code == 422


def test_a_model_is_deleted_with_its_versions_unless_one_is_live(
    pipeline: Account, operator_too: Caller, model: RegisteredModel
) -> None:
    people = [make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)]
    live = make.model(pipeline, "live")
    make.live(pipeline, people, live, 7)
    refused = operator_too.send("models/live/deletion", {"reason": "A try."})
    assert (refused.status_code, refused.json()["code"]) == (409, "version_live")
    assert operator_too.send(f"{MODEL}/deletion", {"reason": "A try."}).status_code == 201
    assert operator_too.get(MODEL).status_code == 404
    assert [item["name"] for item in operator_too.get("models").json()["items"]] == ["live"]


def test_a_free_alias_is_withdrawn_and_a_governed_one_is_not(
    pipeline: Account, api: Caller, model: RegisteredModel
) -> None:
    api.send(f"{MODEL}/aliases/trial", {"version": 1})
    for _ in range(2):
        answer = api.send(f"{MODEL}/aliases/trial/withdrawal")
        assert (answer.status_code, answer.json()) == (201, {"items": []})
    assert Entry.objects.filter(action="alias.withdrawn").count() == 1
    people = [make.reviewer("rita", Group.RISK), make.reviewer("carl", Group.COMPLIANCE)]
    make.live(pipeline, people, model, 7)
    refused = api.send(f"{MODEL}/aliases/champion/withdrawal")
    assert (refused.status_code, refused.json()["code"]) == (409, "alias_governed")
