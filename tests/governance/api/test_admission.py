"""How does the door answer whether something may be deployed?"""

import json
from base64 import b64decode

import pytest
from django.test import override_settings

from audits.trail import Entry, log_verifier
from governance.models import Account
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db


def test_allowed_is_signed_and_denied_is_an_answer(
    pipeline: Account, rita: Account, carl: Account, api: Caller
) -> None:
    model = make.model(pipeline)
    live = make.live(pipeline, [rita, carl], model)
    waiting = make.version(pipeline, model, 2)
    entries = Entry.objects.count()
    told = api.get(f"admission?sha256={live.artifact_sha256}&target=production&alias=champion").json()
    assert (told["allowed"], told["version"], told["stage"], told["rollout"]) == (True, 1, "production", "full")
    assert told["reasons"] == []
    statement = json.loads(b64decode(told["attestation"]["payload"]))
    assert statement["subject"][0]["digest"] == {"sha256": live.artifact_sha256}
    told = api.get(f"admission?sha256={waiting.artifact_sha256}&target=production").json()
    assert (told["allowed"], told["version"], told["attestation"]) == (False, 2, None)
    assert [reason["code"] for reason in told["reasons"]] == ["not_live"]
    answer = api.get(f"admission?sha256={'0' * 64}&target=production")
    assert (answer.status_code, answer.json()["model"], answer.json()["allowed"]) == (200, None, False)
    assert Entry.objects.count() == entries


@pytest.mark.parametrize(
    "query",
    [
        "",
        "target=production",
        f"sha256={'0' * 64}",
        f"sha256={'0' * 63}&target=production",
        f"sha256={'A' * 64}&target=production",
        f"sha256={'0' * 64}&target=retired",
        f"sha256={'0' * 64}&target=production&alias=Champion!",
        f"sha256={'0' * 64}&target=production&name=x",
    ],
)
def test_a_question_that_is_not_one_is_malformed(api: Caller, query: str) -> None:
    answer = api.get(f"admission?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_nobody_is_answered_without_a_token() -> None:
    assert Caller().get(f"admission?sha256={'0' * 64}&target=production").status_code == 401


def test_without_the_key_nothing_is_allowed(pipeline: Account, rita: Account, carl: Account, api: Caller) -> None:
    live = make.live(pipeline, [rita, carl], make.model(pipeline))
    broken = {"TRAIL_SIGNER": ["false"], "TRAIL_KEY_SEED": b"", "TRAIL_PUBLIC_KEYS": [log_verifier().key_string]}
    with override_settings(**broken):
        answer = api.get(f"admission?sha256={live.artifact_sha256}&target=production")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_unusable")
