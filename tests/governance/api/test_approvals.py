"""How does a word come in with all it can carry, and how is it shown?"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audits.trail import now
from governance.models import Account, Approval, IdempotencyKey
from governance.roles import Group, Verb
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

PASSWORD = "seven-lamps-over-the-harbour"
SIGNED = make.POLICY + "sign_off: {reauthenticate: true, meanings: [reviewed]}\n"
YES = {"verdict": "approve", "group": "risk", "reason": "Read."}

Calling = Callable[..., Caller]


@pytest.fixture
def signing(db: None) -> Account:
    return make.reviewer("sigrid", Group.RISK, password=PASSWORD)


@pytest.fixture
def path(pipeline: Account) -> str:
    """The address of a promotion that waits for people."""
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    return f"promotions/{make.promotion(pipeline, version).uid}"


def soon(**period: float) -> str:
    return (now() + timedelta(**period)).isoformat()


def test_what_was_read_can_be_handed_back_and_holds_until_something_changes(
    path: str, rita: Account, carl: Account, calling: Calling
) -> None:
    seen = calling(carl).get(path).json()["content"]
    assert calling(rita).send(f"{path}/approvals", {**YES, "seen": seen}).status_code == 201
    late = calling(carl).send(f"{path}/approvals", {**YES, "group": "compliance", "seen": seen})
    assert (late.status_code, late.json()["code"], late.json()["changed"]) == (409, "content_changed", ["decision"])


def test_a_signature_is_shown_and_the_password_is_nowhere(path: str, signing: Account, calling: Calling) -> None:
    make.policy(SIGNED)
    caller = calling(signing)
    unsigned = caller.send(f"{path}/approvals", YES)
    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "signature_refused")
    word = {**YES, "password": PASSWORD, "meaning": "reviewed"}
    answer = caller.send(f"{path}/approvals", word, headers={"Idempotency-Key": "one"})
    shown = answer.json()["approvals"][0]
    assert (answer.status_code, shown["meaning"], shown["on_behalf_of"]) == (201, "reviewed", None)
    assert shown["reauthenticated_at"] <= shown["given_at"]
    assert PASSWORD not in answer.content.decode()


def test_the_digest_of_a_request_cannot_be_searched_for_its_password(
    path: str, signing: Account, calling: Calling, settings: Any
) -> None:
    """The same request under another key of the installation has another digest."""
    digests = set()
    for number, secret in enumerate(("one installation", "another installation")):
        settings.SECRET_KEY = secret
        word = {**YES, "password": "wrong", "meaning": "reviewed"}
        calling(signing).send(f"{path}/approvals", word, headers={"Idempotency-Key": str(number)})
        digests.add(IdempotencyKey.objects.latest("pk").request_sha256)
    assert len(digests) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_a_wrong_password_is_not_in_the_log(
    path: str, signing: Account, calling: Calling, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    answer = calling(signing).send(f"{path}/approvals", {**YES, "password": "a-wrong-guess"})
    assert answer.json()["code"] == "signature_refused"
    assert "a-wrong-guess" not in caplog.text + answer.content.decode() + "".join(capsys.readouterr())


def test_a_delegate_without_a_role_reads_and_speaks_while_it_may(path: str, rita: Account, calling: Calling) -> None:
    dora = make.account("dora")
    made = calling(rita).send("delegations", {"delegate": "dora", "group": "risk", "ends_at": soon(days=7)})
    assert (made.status_code, made.json()["state"], made.json()["model"]) == (201, "running", None)
    caller = calling(dora, Verb.READ, Verb.REVIEW)
    assert caller.get("whoami").json()["may"] == ["read", "review"]
    answer = caller.send(f"{path}/approvals", {**YES, "on_behalf_of": "rita-risk"})
    shown = answer.json()["approvals"][0]
    assert (shown["approver"]["name"], shown["on_behalf_of"]["name"]) == ("Dora", "Rita Risk")

    listed = caller.get("delegations?state=running&group=risk").json()["items"]
    assert [(row["delegator"]["name"], row["delegate"]["name"]) for row in listed] == [("Rita Risk", "Dora")]
    ended = calling(rita).send(f"{made['Location']}/revocation")
    assert (ended.status_code, ended.json()["state"]) == (201, "revoked")
    assert caller.get("delegations").status_code == 403
    assert calling(rita).get("delegations?state=running").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"delegate": "nobody"}, 404, "unknown_account"),
        ({"delegate": "rita-risk"}, 422, "malformed"),
        ({"model": "nobody"}, 404, "unknown_model"),
        ({"group": "compliance"}, 403, "not_entitled"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "malformed"),
        ({"ends_at": "9999-12-31T23:59:59Z"}, 422, "malformed"),
        ({"starts_at": "9999-12-31T23:59:59Z", "ends_at": "9999-12-31T23:59:59Z"}, 422, "malformed"),
        ({"ends_at": "soon"}, 422, "malformed"),
    ],
)
def test_a_delegation_that_cannot_be_is_refused(
    rita: Account, calling: Calling, change: dict[str, Any], status: int, code: str
) -> None:
    make.account("dora")
    asked = {"delegate": "dora", "group": "risk", "ends_at": soon(days=7), **change}
    answer = calling(rita).send("delegations", asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_condition_is_set_listed_and_met(path: str, rita: Account, carl: Account, calling: Calling) -> None:
    asked = {"text": "Measure again.", "owner": str(carl.uid), "due_at": soon(days=30)}
    answer = calling(rita).send(f"{path}/approvals", {**YES, "conditions": [asked]})
    condition = answer.json()["approvals"][0]["conditions"][0]
    assert (condition["state"], condition["owner"]["name"], condition["group"]) == ("open", "Carl Compliance", "risk")

    own = calling(carl).send(f"conditions/{condition['uid']}/fulfilment", {"note": "Done."})
    assert (own.status_code, own.json()["code"]) == (403, "not_entitled")
    assert [row["uid"] for row in calling(carl).get("conditions?state=open").json()["items"]] == [condition["uid"]]
    met = calling(rita).send(f"conditions/{condition['uid']}/fulfilment", {"note": "Seen."})
    assert (met.status_code, met.json()["state"], met.json()["note"]) == (201, "met", "Seen.")
    assert calling(rita).get(met["Location"]).json() == met.json()
    again = calling(rita).send(f"conditions/{condition['uid']}/fulfilment", {"note": "Seen."})
    assert (again.status_code, again.json()["code"]) == (409, "condition_closed")
    assert calling(rita).get("conditions?state=overdue").json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": [{"text": "Do it.", "owner": "carl-compliance", "due_at": "2020-01-01T00:00:00Z"}]},
        {"conditions": [{"text": "Do it.", "owner": "carl-compliance"}]},
        {
            "verdict": "refuse",
            "conditions": [{"text": "x", "owner": "carl-compliance", "due_at": "2027-01-01T00:00:00Z"}],
        },
        {"meaning": "glanced at"},
        {"seen": {"decision": 1}},
        {"password": ""},
    ],
)
def test_a_word_that_carries_what_cannot_be_is_malformed(
    path: str, rita: Account, carl: Account, calling: Calling, change: dict[str, Any]
) -> None:
    answer = calling(rita).send(f"{path}/approvals", {**YES, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert not Approval.objects.exists()


def test_a_recusal_is_shown_and_takes_the_word_out_of_the_count(path: str, rita: Account, calling: Calling) -> None:
    caller = calling(rita)
    caller.send(f"{path}/approvals", YES)
    answer = caller.send(f"{path}/recusal", {"reason": "My sister trained it."})
    assert answer.status_code == 201
    assert [(row["person"]["name"], row["reason"]) for row in answer.json()["recusals"]] == [
        ("Rita Risk", "My sister trained it.")
    ]
    again = caller.send(f"{path}/recusal", {"reason": "Once more."})
    assert (again.status_code, again.json()["code"]) == (409, "recused")


def test_a_lapse_is_shown_with_what_changed(path: str, rita: Account, carl: Account, calling: Calling) -> None:
    calling(rita).send(f"{path}/approvals", YES)
    make.policy(make.POLICY.replace("max_age_days: 90", "max_age_days: 60"))
    told = calling(carl).send(f"{path}/approvals", {**YES, "group": "compliance"}).json()
    assert [row["lapsed"] and row["lapsed"]["because"] for row in told["approvals"]] == ["policies", None]
