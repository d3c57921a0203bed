"""Who comes in, and what may they do?"""

import pytest
from django.test import Client

from governance.models import Account
from governance.roles import Role, Verb
from governance.services.accounts import revoke_role
from governance.services.tokens import revoke_token
from tests import make
from tests.governance.api.conftest import Caller

MODEL = {"name": "care-programme", "risk_tier": "high", "task": "binary"}
PASSWORD = "correct horse battery staple"


def test_without_a_token_the_answer_is_401_and_says_how_to_come_in(db: None) -> None:
    answer = Caller().get("models")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="countersign"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("text", ["csn_00000000_" + "a" * 43, "csn_x", "", "csn_00000000_" + "ä" * 43, "a b"])
def test_a_token_nobody_issued_is_refused(db: None, text: str) -> None:
    answer = Caller().get("models", HTTP_AUTHORIZATION=f"Bearer {text}".encode().decode("latin-1"))
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_invalid"


def test_a_revoked_token_stops_at_once(pipeline: Account, api: Caller) -> None:
    assert api.get("models").status_code == 200
    revoke_token(actor=make.COMMAND, token=pipeline.tokens.get())
    assert api.get("models").status_code == 401


def test_a_scope_that_the_token_lacks_is_named(pipeline: Account, calling) -> None:
    answer = calling(pipeline, Verb.READ).send("models", MODEL)
    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["scope"]) == ("scope_missing", "register")


def test_a_role_that_the_account_has_lost_is_named(pipeline: Account, api: Caller) -> None:
    revoke_role(actor=make.COMMAND, grant=pipeline.role_grants.get())
    answer = api.send("models", MODEL)
    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["needs"]) == ("not_entitled", ["contributor"])


def test_whoever_has_no_role_reads_nothing_but_who_they_are(pipeline: Account, api: Caller) -> None:
    revoke_role(actor=make.COMMAND, grant=pipeline.role_grants.get())
    assert api.get("models").status_code == 403
    assert api.get("whoami").json()["may"] == []


def test_whoami_tells_roles_groups_and_the_token_without_its_secret(rita: Account, calling) -> None:
    told = calling(rita, Verb.READ).get("whoami").json()
    assert told["actor"] == {"id": str(rita.actor), "name": "Rita Risk"}
    assert (told["roles"], told["groups"], told["may"]) == (["reviewer"], ["risk"], ["read"])
    assert set(told["token"]) == {"name", "prefix", "scopes", "models", "targets", "expires_at"}


def test_a_person_who_is_signed_in_reads_without_a_token(db: None) -> None:
    make.account("nora", Role.CONTRIBUTOR, password=PASSWORD)
    browser = Client()
    assert browser.login(username="nora", password=PASSWORD)
    assert browser.get("/api/v1/models").status_code == 200


def test_a_signed_in_person_changes_nothing_without_the_csrf_token(db: None) -> None:
    make.account("nora", Role.CONTRIBUTOR, password=PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username="nora", password=PASSWORD)
    refused = browser.post("/api/v1/models", MODEL, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")

    browser.get("/admin/login/")
    browser.cookies["csrftoken"] = token = "a" * 32
    headers = {"X-CSRFToken": token}
    assert browser.post("/api/v1/models", MODEL, content_type="application/json", headers=headers).status_code == 201


def test_a_multipart_form_from_a_signed_in_browser_is_no_document(db: None) -> None:
    make.account("nora", Role.CONTRIBUTOR, password=PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username="nora", password=PASSWORD)
    browser.cookies["csrftoken"] = token = "a" * 32
    answer = browser.post("/api/v1/models", {**MODEL, "csrfmiddlewaretoken": token})
    assert answer.status_code == 415
    broken = browser.post("/api/v1/models", b"x", content_type="multipart/form-data", headers={"X-CSRFToken": token})
    assert broken.status_code in {400, 415}
