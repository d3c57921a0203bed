"""A token reaches what it was given, never more than whoever gave it holds, and ends when it should."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.trail import Entry, now
from governance.api.v1.urls import urlpatterns
from governance.models import AccessToken, Account, IdempotencyKey, TokenUse
from governance.roles import Group, Role, Verb
from governance.services import token_use
from governance.services.accounts import revoke_role
from governance.services.token_use import count_use
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_models(pipeline: Account) -> dict[str, Any]:
    """The same things happen to two models, and a token is to reach one of them."""
    rita = make.reviewer("rita-risk", Group.RISK)
    world: dict[str, Any] = {"rita": rita}
    for name in ("credit-cards", "secret-project"):
        model = make.model(pipeline, name)
        version = make.version(pipeline, model, seed=len(name))
        make.completed(version)
        promotion = make.promotion(pipeline, version)
        waiver = make.waiver(rita, version)
        world[name] = {"version": version, "promotion": promotion.uid, "waiver": waiver.uid}
    return world


def limited(account: Account, *scopes: Verb, **limits: Any) -> Caller:
    return Caller(make.token(account, *scopes, **limits))


def refused(answer: Any) -> str:
    assert answer.status_code == 403, answer.content
    return str(answer.json()["code"])


# -- reach


def test_a_token_for_some_models_sees_no_other_on_any_list(pipeline: Account, two_models: dict[str, Any]) -> None:
    caller = limited(pipeline, *(Verb.READ, Verb.REGISTER, Verb.PROMOTE), models=["credit-*"])
    everything = limited(pipeline, Verb.READ)
    seen = 0
    for pattern in urlpatterns:
        path = str(pattern.pattern)
        if "<" in path or not hasattr(pattern.callback.cls, "get"):
            continue
        answer = caller.get(path)
        assert "secret-project" not in answer.content.decode(), path
        seen += "credit-cards" in answer.content.decode()
        if answer.status_code == 403:
            assert answer.json()["code"] in {"scope_missing", "not_entitled"}
    assert seen >= 4
    for path in ("models", "promotions", "waivers", "trail/entries"):
        assert "secret-project" in everything.get(path).content.decode()


def test_a_token_for_some_models_does_nothing_to_another(pipeline: Account, two_models: dict[str, Any]) -> None:
    caller = limited(pipeline, Verb.READ, Verb.REGISTER, Verb.PROMOTE, models=["credit-*"])
    other = two_models["secret-project"]
    before = Entry.objects.count()
    for answer in (
        caller.get("models/secret-project"),
        caller.get("models/secret-project/versions"),
        caller.get("models/secret-project/versions/1/gate?target=production"),
        caller.get("models/no-such-model"),
        caller.get(f"promotions/{other['promotion']}"),
        caller.get(f"waivers/{other['waiver']}"),
        caller.get(f"admission?sha256={other['version'].artifact_sha256}&target=production"),
        caller.get(f"admission?sha256={other['version'].artifact_sha256}&target=production&model=secret-project"),
        caller.send("models", {"name": "secret-two", "risk_tier": "high", "task": "binary"}),
        caller.send("promotions", {"model": "secret-project", "version": 1, "target": "staging"}),
        caller.send("promotions", {"version": 1, "target": "staging"}),
        caller.send(f"promotions/{other['promotion']}/withdrawal"),
        caller.send("models/secret-project/aliases/baseline", {"version": 1}),
        caller.get("notices"),
    ):
        assert refused(answer) == "scope_missing"
    assert Entry.objects.count() == before


def test_a_body_that_names_another_model_anywhere_is_refused(pipeline: Account, two_models: dict[str, Any]) -> None:
    caller = limited(pipeline, Verb.READ, Verb.REGISTER, models=["credit-*"])
    body = {
        "artifact": str(make.artifact(pipeline, 55).uid),
        "tables": {"evaluation": str(make.table(pipeline).uid)},
        "upstreams": [{"model": "secret-project", "version": 1}],
    }
    assert refused(caller.send("models/credit-cards/versions", body)) == "scope_missing"


def test_a_token_for_some_models_does_its_work(pipeline: Account, two_models: dict[str, Any]) -> None:
    caller = limited(pipeline, Verb.READ, Verb.REGISTER, Verb.PROMOTE, models=["credit-*"])
    model = {"name": "credit-loans", "risk_tier": "high", "task": "binary"}
    assert caller.send("models", model).status_code == 201
    artifact = caller.send(
        "evidence", {"kind": "artifact", "sha256": caller.upload(make.lightgbm_text(8)), "name": "m"}
    )
    table = {"kind": "table", "sha256": caller.upload(make.TABLE.encode()), "name": "t.csv"}
    table = caller.send("evidence", {**table, "format": {"format": "csv"}, "declaration": make.DECLARATION})
    assert [artifact.status_code, table.status_code] == [201, 201]
    body = {"artifact": artifact.json()["uid"], "tables": {"evaluation": table.json()["uid"]}}
    assert caller.send("models/credit-loans/versions", body).status_code == 201
    asked = {"model": "credit-loans", "version": 1, "target": "production"}
    assert caller.send("promotions", asked).status_code == 201
    assert {item["name"] for item in caller.get("models").json()["items"]} == {"credit-cards", "credit-loans"}


def test_lineage_names_no_version_beyond_reach(pipeline: Account, two_models: dict[str, Any]) -> None:
    body = {
        "artifact": str(make.artifact(pipeline, 56).uid),
        "tables": {"evaluation": str(make.table(pipeline).uid)},
        "upstreams": [{"model": "secret-project", "version": 1}],
    }
    address = "models/credit-cards/versions/2"
    made = limited(pipeline, Verb.REGISTER).send("models/credit-cards/versions", body)
    assert made.json()["upstreams"] == [{"model": "secret-project", "version": 1}]
    assert limited(pipeline, Verb.READ, models=["credit-cards"]).get(address).json()["upstreams"] == []


def test_policies_are_read_and_not_written_by_a_token_for_some_models(two_models: dict[str, Any], operator) -> None:
    caller = limited(operator, Verb.READ, Verb.PUBLISH_POLICY, models=["credit-*"])
    assert caller.get("policies").status_code == 200
    assert refused(caller.send("policies", {"text": make.POLICY.replace("0.8", "0.7")})) == "scope_missing"
    assert refused(caller.send("policies/simulation", {"text": make.POLICY})) == "scope_missing"


def test_a_token_for_staging_moves_nothing_into_production(pipeline: Account, two_models: dict[str, Any]) -> None:
    caller = limited(pipeline, Verb.READ, Verb.PROMOTE, targets=["staging"])
    open_one = two_models["credit-cards"]["promotion"]
    asked = {"model": "secret-project", "version": 1}
    for answer in (
        caller.send("promotions", {**asked, "target": "production"}),
        caller.send("promotions", asked),
        caller.send(f"promotions/{open_one}/withdrawal"),
    ):
        assert refused(answer) == "scope_missing"
    assert caller.get(f"promotions/{open_one}").status_code == 200
    answer = caller.send("promotions", {**asked, "target": "staging"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_policy_applies")


def test_a_token_for_staging_takes_nothing_out_of_production(operator: Account, two_models: dict[str, Any]) -> None:
    caller = limited(operator, Verb.SUSPEND, Verb.ROLL_BACK, targets=["staging"])
    reason = {"reason": "I want to."}
    for path in ("versions/1/suspension", "versions/1/retirement", "aliases/champion/rollback"):
        assert refused(caller.send(f"models/credit-cards/{path}", reason)) == "scope_missing"


# -- issuing, rotating, revoking


def test_a_person_issues_a_token_within_their_own_and_sees_its_text_once(rita: Account, calling) -> None:
    caller = calling(rita)
    answer = caller.send("tokens", {"name": "laptop", "scopes": ["read"], "models": ["credit-*"], "days": 7})
    assert answer.status_code == 201
    told = answer.json()
    assert Caller(told["token"]).get("whoami").json()["token"]["models"] == ["credit-*"]
    read = caller.get(answer["Location"]).json()
    assert "token" not in read
    assert (read["state"], read["issued_by"]["id"], read["last_used_at"] is None) == ("valid", str(rita.actor), False)
    assert told["token"] not in "".join(Entry.objects.values_list("text", flat=True))
    assert not AccessToken.objects.filter(secret_sha256=told["token"]).exists()


def test_a_replayed_answer_holds_no_secret_and_makes_no_second_token(rita: Account, calling) -> None:
    caller = calling(rita)
    body, again = {"name": "laptop", "scopes": ["read"]}, {"headers": {"Idempotency-Key": "once"}}
    first, second = (caller.send("tokens", body, **again) for _ in range(2))
    assert second["Idempotent-Replay"] == "true"
    assert second.json() == {**first.json(), "token": None}
    assert first.json()["token"] not in IdempotencyKey.objects.get().body
    assert rita.tokens.count() == 2


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"scopes": ["waive"]}, "scope_too_wide"),
        ({"scopes": ["read"], "days": 90}, "scope_too_wide"),
        ({"scopes": ["read"], "models": []}, "scope_too_wide"),
        ({"scopes": ["read"], "models": ["cred*"]}, "scope_too_wide"),
        ({"scopes": ["read"], "models": ["credit-*", "other"]}, "scope_too_wide"),
        ({"scopes": ["read"], "targets": []}, "scope_too_wide"),
        ({"scopes": ["read"], "targets": ["production"]}, "scope_too_wide"),
        ({"scopes": ["register"]}, "scope_too_wide"),
        ({"scopes": ["fly"]}, "malformed"),
        ({"scopes": []}, "malformed"),
        ({"scopes": ["read"], "models": ["*"]}, "malformed"),
    ],
)
def test_a_token_never_gives_more_than_it_carries(rita: Account, asked: dict[str, Any], code: str) -> None:
    limits = {"models": ["credit-*"], "targets": ["staging"]}
    caller = limited(rita, Verb.READ, Verb.REVIEW, Verb.ISSUE_TOKENS, days=20, **limits)
    within = {"name": "x", "scopes": ["read"], "days": 10, "models": ["credit-cards"], "targets": ["staging"]}
    assert caller.send("tokens", within).status_code == 201
    answer = caller.send("tokens", {**within, **asked})
    assert answer.json()["code"] == code
    assert rita.tokens.count() == 2


def test_a_service_accounts_token_is_issued_by_who_administers_and_holds_it(operator: Account, calling) -> None:
    caller = calling(operator)
    made = caller.send("accounts", {"login": "credit-training", "display_name": "Credit training"})
    assert made.status_code == 201
    assert caller.send(f"{made['Location']}/roles", {"role": "contributor"}).json()["roles"][0]["role"] == "contributor"
    asked = {"name": "ci", "account": "credit-training", "scopes": ["read", "register"]}
    refusal = caller.send("tokens", asked)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "scope_too_wide")
    assert "register" in refusal.json()["detail"]
    make.accounts.grant_role(actor=make.COMMAND, account=operator, role=Role.CONTRIBUTOR)
    answer = Caller(make.token(operator, *held(operator))).send("tokens", asked)
    assert answer.status_code == 201
    assert Caller(answer.json()["token"]).get("whoami").json()["actor"]["name"] == "Credit training"


def held(account: Account) -> set[Verb]:
    return {verb for verb in Verb if make.tokens.is_allowed(account, verb)}


def test_nobody_issues_a_token_in_the_name_of_another_person(operator: Account, rita: Account, calling) -> None:
    for caller, login in ((calling(operator), rita.login), (calling(rita), operator.login)):
        answer = caller.send("tokens", {"name": "x", "account": login, "scopes": ["read"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_entitled")


def test_a_rotated_token_works_until_its_grace_ends(pipeline: Account) -> None:
    text = make.token(pipeline, Verb.READ, Verb.ISSUE_TOKENS, days=30, models=["credit-*"])
    old = pipeline.tokens.get()
    answer = Caller(text).send(f"tokens/{old.prefix}/rotation", {"grace_hours": 2})
    assert answer.status_code == 201
    told = answer.json()
    new = AccessToken.objects.get(prefix=told["prefix"])
    assert (new.scopes, new.model_names) == (old.scopes, old.model_names)
    assert abs(new.expires_at - new.issued_at - timedelta(days=30)) < timedelta(seconds=1)
    assert Caller(text).get("whoami").status_code == Caller(told["token"]).get("whoami").status_code == 200
    seen = Caller(told["token"]).get(f"tokens/{old.prefix}").json()
    assert (seen["state"], seen["successor"]) == ("rotated", new.prefix)
    assert old in make.tokens.valid_tokens(now() + timedelta(minutes=119))
    assert old not in make.tokens.valid_tokens(now() + timedelta(minutes=121))
    again = Caller(text).send(f"tokens/{old.prefix}/rotation", {})
    assert (again.status_code, again.json()["code"]) == (409, "token_ended")


def test_without_grace_the_old_token_ends_at_once(pipeline: Account) -> None:
    text = make.token(pipeline, Verb.ISSUE_TOKENS)
    caller = Caller(text)
    assert caller.send(f"tokens/{pipeline.tokens.get().prefix}/rotation", {"grace_hours": 0}).status_code == 201
    assert caller.get("whoami").status_code == 401


def test_what_the_roles_no_longer_allow_is_not_carried_on(pipeline: Account) -> None:
    text = make.token(pipeline, Verb.READ, Verb.REGISTER, Verb.ISSUE_TOKENS)
    make.accounts.grant_role(actor=make.COMMAND, account=pipeline, role=Role.AUDITOR)
    revoke_role(actor=make.COMMAND, grant=pipeline.role_grants.get(role=Role.CONTRIBUTOR))
    answer = Caller(text).send(f"tokens/{pipeline.tokens.get().prefix}/rotation", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "scope_too_wide")


def test_a_revoked_token_is_listed_as_such_and_others_cannot_see_it(pipeline: Account, rita: Account, calling) -> None:
    caller = calling(pipeline)
    other = make.token(pipeline, Verb.READ)
    prefix = other.split("_")[1]
    assert calling(rita).send(f"tokens/{prefix}/revocation").status_code == 404
    assert caller.send(f"tokens/{prefix}/revocation").json()["state"] == "revoked"
    assert caller.send(f"tokens/{prefix}/revocation").status_code == 201
    assert Caller(other).get("whoami").status_code == 401
    assert [item["state"] for item in caller.get("tokens").json()["items"]] == ["revoked", "valid"]
    assert Entry.objects.filter(action="token.revoked").count() == 1


# -- use and limits


def test_use_is_noted_once_a_minute(pipeline: Account, settings) -> None:
    caller = limited(pipeline, Verb.READ)
    caller.get("whoami")
    with CaptureQueriesContext(connection) as captured:
        for _ in range(5):
            caller.get("whoami")
    assert not [query for query in captured if query["sql"].startswith(("UPDATE", "INSERT"))]
    assert now() - TokenUse.objects.get().minute < timedelta(minutes=2)


def test_beyond_its_limit_a_token_waits_for_the_next_minute(pipeline: Account, settings, monkeypatch) -> None:
    settings.TOKEN_REQUESTS_PER_MINUTE = 3
    at = datetime(2027, 3, 1, 12, 0, 20, tzinfo=UTC)
    monkeypatch.setattr("governance.api.authentication.now", lambda: at)
    caller = limited(pipeline, Verb.READ)
    assert [caller.get("whoami").status_code for _ in range(3)] == [200] * 3
    answer = caller.get("whoami")
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (429, "40", "rate_exceeded")
    assert limited(pipeline, Verb.READ).get("whoami").status_code == 200
    at += timedelta(seconds=40)
    assert caller.get("whoami").status_code == 200


@pytest.mark.parametrize("limit", [1, 7, 40, 100])
def test_two_processes_together_stay_within_the_limit(pipeline: Account, monkeypatch, limit: int) -> None:
    """Each process has its own handful in memory; here two memories take turns."""
    make.token(pipeline, Verb.READ)
    token, at = pipeline.tokens.get(), datetime(2027, 3, 1, 12, 0, 1, tzinfo=UTC)
    memories: list[dict[str, Any]] = [{}, {}]
    let_through = 0
    for turn in range(3 * limit):
        monkeypatch.setattr(token_use, "_left", memories[turn % 2])
        let_through += count_use(token, at=at, limit=limit) == 0
    assert limit - max(1, limit // 20) <= let_through <= limit


# -- accounts


def test_an_operator_creates_grants_and_takes_away(operator: Account, calling) -> None:
    caller = calling(operator)
    made = caller.send("accounts", {"login": "lena", "display_name": "Lena", "kind": "person"})
    address = made["Location"]
    held = caller.send(f"{address}/roles", {"role": "reviewer", "group": "legal"}).json()["roles"]
    assert [(role["role"], role["group"]) for role in held] == [("reviewer", "legal")]
    assert caller.send(f"{address}/roles/revocation", {"role": "reviewer", "group": "legal"}).json()["roles"] == []
    assert caller.get("accounts?login=lena").json()["items"] == [caller.get(address).json()]
    again = caller.send("accounts", {"login": "lena", "display_name": "Lena"})
    assert (again.status_code, again.json()["code"]) == (409, "account_exists")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"login": "a b", "display_name": "x"}, "login"),
        ({"login": "a", "display_name": "x", "password": "correct horse battery"}, "password"),
        ({"login": "a", "display_name": "x", "kind": "person", "password": "short"}, "password"),
        ({"login": "a"}, "display_name"),
    ],
)
def test_an_account_that_will_not_do_names_the_field(operator: Account, calling, body: Any, field: str) -> None:
    answer = calling(operator).send("accounts", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_who_does_not_administer_sees_no_accounts(rita: Account, calling) -> None:
    caller = calling(rita)
    assert refused(caller.get("accounts")) == "scope_missing"
    assert caller.get("tokens").json()["items"][0]["account"]["id"] == str(rita.actor)
