"""A model is one thing under all its names: whichever is said, and whichever a token was given for, at both doors."""

from typing import Any

import pytest

from governance.models import Account
from governance.roles import Group, Role, Verb, allows
from governance.services.annotations import rename_model
from governance.services.registrations import register_named_model, register_sourced_version
from registry.selectors import get_model
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

NAMES = ["loans", "lending", "credit-loans"]
DIALECT = "/api/2.0/mlflow"


@pytest.fixture
def everybody(db: None) -> Account:
    return make.account("everybody", Role.CONTRIBUTOR, Role.OPERATOR, groups=(Group.RISK,))


@pytest.fixture
def world(everybody: Account) -> dict[str, str]:
    """A model that was called otherwise twice since things happened to it, and two that were not."""
    make.policy()
    rita = make.reviewer("rita-risk", Group.RISK)
    made: dict[str, str] = {}
    for seed, name in enumerate((NAMES[0], "secret")):
        model = make.model(everybody, name)
        version = make.version(everybody, model, seed + 1)
        make.completed(version)
        promotion, waiver = make.promotion(everybody, version), make.waiver(rita, version)
        made |= {name: str(promotion.uid), f"{name} waiver": str(waiver.uid), f"{name} sha256": version.artifact_sha256}
    register_named_model(actor=everybody.actor, name="Loans")
    register_sourced_version(actor=everybody.actor, model_name="Loans", source="s3://models/Loans/1")
    for name in NAMES[1:]:
        rename_model(actor=everybody.actor, model=get_model(NAMES[0]), name=name)
    return made


def limited(account: Account, *models: str) -> Caller:
    verbs = [verb for verb in Verb if allows(account.roles(), verb)]
    return Caller(make.token(account, *verbs, models=models))


def told(caller: Caller, path: str, member: str = "items", **query: Any) -> list[Any]:
    answer = caller.get(path, query)
    assert answer.status_code == 200, answer.content
    return list(answer.json().get(member, []))


@pytest.mark.parametrize("given", [*NAMES, "credit-*"])
def test_a_token_for_any_of_its_names_reaches_it_by_all_of_them(
    everybody: Account, world: dict[str, str], given: str
) -> None:
    caller = limited(everybody, given)
    for name in NAMES:
        assert caller.get(f"models/{name}/versions/1").status_code == 200
        assert caller.get(f"{DIALECT}/registered-models/get", {"name": name}).status_code == 200
        assert caller.get(f"{DIALECT}/model-versions/get", {"name": name, "version": "1"}).status_code == 200
        assert caller.send(f"models/{name}/aliases/tried", {"version": 1}).status_code == 201
        tag = {"name": name, "version": "1", "key": "k", "value": name}
        assert caller.send(f"{DIALECT}/model-versions/set-tag", tag).status_code == 200
        admission = {"sha256": world["loans sha256"], "target": "production", "model": name}
        assert caller.get("admission", admission).json()["version"] == 1
        assert [item["number"] for item in told(caller, f"models/{name}/versions", verdict="passed")] == [1]
        for path in ("promotions", "waivers"):
            assert [item["model"] for item in told(caller, path, model=name)] == ["loans"]
        assert [item["name"] for item in told(caller, "models", name=name)] == ["loans"]
    for path in (f"promotions/{world['loans']}", f"waivers/{world['loans waiver']}"):
        assert caller.get(path).status_code == 200
    run = told(caller, "models/loans/versions/1/checks")[0]["uid"]
    assert caller.get(f"check-runs/{run}").status_code == 200


@pytest.mark.parametrize("given", [*NAMES, "credit-*"])
def test_lists_show_such_a_token_this_model_and_no_other(everybody: Account, world: dict[str, str], given: str) -> None:
    caller = limited(everybody, given)
    assert {item["name"] for item in told(caller, "models")} == {"loans"}
    for path in ("promotions", "waivers"):
        assert {item["model"] for item in told(caller, path)} == {"loans"}
    assert {item["subject"] for item in told(caller, "trail/entries")} == {"model/loans", "version/loans/1"}
    for group, rows in (("registered-models", "registered_models"), ("model-versions", "model_versions")):
        assert {row["name"] for row in told(caller, f"{DIALECT}/{group}/search", rows)} == {NAMES[-1]}


@pytest.mark.parametrize("given", ["LOANS", "credit", "Credit-*"])
def test_a_token_for_none_of_them_reaches_it_by_none(everybody: Account, world: dict[str, str], given: str) -> None:
    caller = limited(everybody, given)
    for name in NAMES:
        assert caller.get(f"models/{name}").json()["code"] == "scope_missing"
        refused = caller.get(f"{DIALECT}/registered-models/get", {"name": name})
        assert (refused.status_code, refused.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert caller.get(f"promotions/{world['loans']}").status_code == 403
    for path in ("models", "promotions", "waivers", "trail/entries"):
        assert told(caller, path) == []
    assert told(caller, f"{DIALECT}/registered-models/search", "registered_models") == []


def test_nobody_gives_a_model_a_name_beyond_their_token(everybody: Account, world: dict[str, str]) -> None:
    caller = limited(everybody, "credit-*")
    refused = caller.send(f"{DIALECT}/registered-models/rename", {"name": "loans", "new_name": "savings"})
    assert refused.status_code == 403
    assert caller.send("models/loans/renaming", {"name": "savings"}).json()["code"] == "scope_missing"
    again = caller.send(f"{DIALECT}/registered-models/rename", {"name": "lending", "new_name": "loans"})
    assert (again.status_code, again.json()["registered_model"]["name"]) == (200, "loans")
