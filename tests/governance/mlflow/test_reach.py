"""A token for some models sees and does in the dialect what it sees and does everywhere else: those, and no other."""

from typing import Any

import pytest

from audits.trail import Entry
from governance.api.mlflow.urls import COMMENTS, DATABRICKS, MODELS, REQUESTS, VERSIONS
from governance.models import Account, Promotion
from governance.roles import Group, Role, Verb, allows
from governance.services.annotations import rename_model
from governance.services.registrations import register_named_model, register_sourced_version
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller

GROUPS = {"registered-models": MODELS, "model-versions": VERSIONS, "transition-requests": REQUESTS}
GROUPS |= {"comments": COMMENTS, "databricks": DATABRICKS}
CALLS = [
    (verb, f"{group}/{call.pattern}")
    for group, calls in GROUPS.items()
    for call in calls
    for verb in call.callback.view_class.verbs
    if not str(call.pattern).endswith("search")
]
# Beginnings that differ by case alone are two.
OTHERS = ("secret-project", "CREDIT-secret")
WORDS = {"version": "1", "stage": "Staging", "alias": "free", "key": "k", "value": "v", "new_name": "credit-other"}
WORDS |= {"source": "s3://models/2", "description": "d", "comment": "Read."}


@pytest.fixture
def everybody(db: None) -> Account:
    """Whoever may do everything that the dialect can."""
    return make.account("everybody", Role.CONTRIBUTOR, Role.OPERATOR, groups=(Group.RISK,))


@pytest.fixture
def world(everybody: Account) -> None:
    make.policy()
    for name in ("credit-cards", *OTHERS):
        register_named_model(actor=everybody.actor, name=name)
        register_sourced_version(actor=everybody.actor, model_name=name, source=f"s3://models/{name}/1")


def limited(account: Account, **limits: Any) -> MlflowCaller:
    verbs = [verb for verb in Verb if allows(account.roles(), verb)]
    return MlflowCaller(make.token(account, *verbs, **limits))


@pytest.fixture
def credit(everybody: Account, world: None) -> MlflowCaller:
    return limited(everybody, models=["credit-*"])


@pytest.mark.parametrize("name", [*OTHERS, "no-such-model"])
def test_no_call_does_or_tells_anything_of_another_model(credit: MlflowCaller, name: str) -> None:
    assert len(CALLS) == 30
    before = Entry.objects.count()
    for verb, path in CALLS:
        answer = credit.call(verb, path, **WORDS, name=name)
        assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED"), (verb, path)
        assert answer.json()["code"] == "scope_missing", (verb, path)
    assert Entry.objects.count() == before


def test_searches_leave_the_rest_out(credit: MlflowCaller, everybody: Account) -> None:
    for filter_ in ({}, {"filter": "name LIKE '%'"}, {"filter": "name ILIKE 'CREDIT%'"}):
        for group, rows in (("registered-models", "registered_models"), ("model-versions", "model_versions")):
            found = credit.ok("GET", f"{group}/search", **filter_)[rows]
            assert {row["name"] for row in found} == {"credit-cards"}
    for other in OTHERS:
        assert credit.ok("GET", "model-versions/search", filter=f"name = '{other}'") == {}
    assert len(limited(everybody).ok("GET", "registered-models/search")["registered_models"]) == 3


def test_the_rest_is_left_out_of_our_own_lists_by_case_too(everybody: Account, world: None) -> None:
    token = make.token(everybody, Verb.READ, models=["credit-*"])
    answer = MlflowCaller(token).get("/api/v1/models")
    assert [item["name"] for item in answer.json()["items"]] == ["credit-cards"]


def test_a_model_is_searched_by_its_present_name(credit: MlflowCaller, everybody: Account) -> None:
    rename_model(actor=everybody.actor, model=register_named_model(actor=everybody.actor, name="a"), name="credit-a")
    found = credit.ok("GET", "registered-models/search")["registered_models"]
    assert [row["name"] for row in found] == ["credit-a", "credit-cards"]


def test_within_its_reach_a_token_does_its_work(credit: MlflowCaller) -> None:
    loans = {"name": "credit-loans"}
    credit.ok("POST", "registered-models/create", **loans)
    credit.ok("POST", "model-versions/create", **loans, source="models:/credit-cards/1")
    assert credit.ok("GET", "model-versions/get-download-uri", **loans, version="1") == {
        "artifact_uri": "s3://models/credit-cards/1"
    }
    credit.ok("POST", "model-versions/set-tag", **loans, version="1", key="k", value="v")
    credit.ok("POST", "registered-models/alias", **loans, version="1", alias="free")
    answer = credit.call("POST", "transition-requests/create", **loans, version="1", stage="Production")
    assert answer.status_code == 200
    address = "/api/2.0/mlflow/transition-requests/delete?name=credit-loans&version=1&stage=Production"
    assert credit.delete(address).status_code == 200
    credit.ok("POST", "registered-models/rename", **loans, new_name="credit-loans-2")
    assert credit.refused("POST", "registered-models/rename", name="credit-loans-2", new_name="loans")[0] == 403


@pytest.mark.parametrize("source", ["models:/secret-project/1", "models:/secret-project@champion"])
def test_no_version_is_made_from_one_beyond_reach(credit: MlflowCaller, source: str) -> None:
    asked = {"name": "credit-cards", "source": source}
    assert credit.refused("POST", "model-versions/create", **asked) == (403, "PERMISSION_DENIED")


def test_a_copy_tells_no_address_of_an_original_beyond_reach(credit: MlflowCaller, everybody: Account) -> None:
    source = "models:/secret-project/1"
    limited(everybody).ok("POST", "model-versions/create", name="credit-cards", source=source)
    copy = {"name": "credit-cards", "version": "2"}
    assert credit.ok("GET", "model-versions/get-download-uri", **copy) == {"artifact_uri": source}


@pytest.mark.parametrize("names", [("credit-cards", "secret-project"), ("secret-project", "credit-cards")])
def test_a_name_said_twice_is_two_names(credit: MlflowCaller, names: tuple[str, str]) -> None:
    twice = f"name={names[0]}&name={names[1]}"
    before = Entry.objects.count()
    assert credit.get(f"/api/2.0/mlflow/registered-models/get?{twice}").status_code == 403
    assert credit.delete(f"/api/2.0/mlflow/registered-models/delete?{twice}").status_code == 403
    # A body counts before the query, and a query instead of a body is none.
    answer = credit.generic(
        *("DELETE", "/api/2.0/mlflow/registered-models/delete?name=credit-cards", '{"name": "secret-project"}'),
        content_type="application/json",
    )
    assert answer.status_code == 403
    assert credit.post(f"/api/2.0/mlflow/model-versions/set-tag?{twice}&version=1&key=k").status_code == 403
    assert Entry.objects.count() == before


def test_what_belongs_to_no_model_is_closed_and_the_server_is_not(credit: MlflowCaller) -> None:
    assert credit.refused("GET", "webhooks") == (403, "PERMISSION_DENIED")
    assert credit.ok("GET", "/api/3.0/mlflow/server-info")


def test_a_token_for_staging_touches_nothing_else(everybody: Account, world: None) -> None:
    staging = limited(everybody, targets=["staging"])
    first = {"name": "credit-cards", "version": "1"}
    before = Entry.objects.count()
    for verb, path, words in (
        ("POST", "model-versions/transition-stage", {"stage": "Production"}),
        ("POST", "model-versions/transition-stage", {"stage": "Archived"}),
        ("POST", "model-versions/transition-stage", {}),
        ("POST", "transition-requests/create", {"stage": "production"}),
        ("POST", "transition-requests/approve", {"stage": "Production", "comment": "Read."}),
        ("POST", "registered-models/alias", {"alias": "champion"}),
        ("DELETE", "registered-models/alias", {"alias": "champion"}),
        ("DELETE", "model-versions/delete", {}),
        ("DELETE", "registered-models/delete", {}),
    ):
        assert staging.refused(verb, path, **first, **words) == (403, "PERMISSION_DENIED"), (path, words)
    # Which of two stages counts would be for the call: neither is taken.
    twice = "name=credit-cards&version=1&stage=Staging&stage=Production"
    assert staging.delete(f"/api/2.0/mlflow/transition-requests/delete?{twice}").status_code == 403
    assert Entry.objects.count() == before
    staging.call("POST", "transition-requests/create", **first, stage="Staging")
    assert not Promotion.objects.filter(target="production").exists()
    told = staging.ok("GET", "databricks/registered-models/get", **first)["registered_model_databricks"]
    assert told["permission_level"] == "CAN_MANAGE_STAGING_VERSIONS"
    production = limited(everybody, targets=["production"])
    assert production.refused("POST", "registered-models/alias", **first, alias="champion")[0] == 409
    assert Promotion.objects.filter(target="production").exists()
