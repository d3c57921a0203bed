"""Waivers and notices through the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audits.trail import now
from governance.models import Account, Promotion, Waiver
from governance.roles import Group, Verb
from governance.services.approvals import approve_promotion
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

Calling = Callable[..., Caller]
ASKED = {
    "model": "care-programme",
    "version": 1,
    "target": "production",
    "policy": "high-risk",
    "requirement": "impact-ratio",
    "reason": "The group is small.",
    "compensating_control": "A nurse reads every refusal.",
    "days": 30,
}


@pytest.fixture
def promotion(pipeline: Account) -> Promotion:
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version, fairness_impact_ratio="failed")
    return make.promotion(pipeline, version)


def test_a_waiver_is_granted_read_listed_and_revoked(
    promotion: Promotion, calling: Calling, rita: Account, carl: Account
) -> None:
    api = calling(rita)
    answer = api.send("waivers", ASKED)
    assert answer.status_code == 201
    waiver = answer.json()
    assert answer["Location"] == f"/api/v1/waivers/{waiver['uid']}"
    told = {**{name: ASKED[name] for name in ASKED if name != "days"}, "finding": "", "state": "in_force"}
    assert told.items() <= waiver.items()
    assert waiver["granted_by"] == {"id": str(rita.actor), "name": "Rita Risk"}
    assert api.get(f"promotions/{promotion.uid}").json()["outcome"] == "waiting"
    assert api.get(f"waivers/{waiver['uid']}").json() == waiver

    ended = calling(carl).send(f"waivers/{waiver['uid']}/revocation").json()
    assert (ended["state"], ended["revoked_by"]["id"]) == ("revoked", str(carl.actor))
    assert api.get(f"promotions/{promotion.uid}").json()["outcome"] == "blocked"
    for state, count in {"in_force": 0, "expired": 0, "revoked": 1}.items():
        assert len(api.get(f"waivers?state={state}&model=care-programme&version=1").json()["items"]) == count
    assert api.get("waivers?requirement=accuracy").json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"days": 91}, 422, "malformed"),
        ({"days": None}, 422, "malformed"),
        ({"days": "soon"}, 422, "malformed"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, 422, "malformed"),
        ({"expires_at": "9999-12-31T23:59:59-14:00", "days": ...}, 422, "malformed"),
        ({"expires_at": "yesterday", "days": ...}, 422, "malformed"),
        ({"days": ...}, 422, "malformed"),
        ({"reason": " "}, 422, "malformed"),
        ({"compensating_control": ...}, 422, "malformed"),
        ({"target": "retired"}, 422, "malformed"),
        ({"finding": "sex/nobody"}, 422, "malformed"),
        ({"finding": "line\nbreak"}, 422, "malformed"),
        ({"for_ever": True}, 422, "malformed"),
        ({"policy": "no-such"}, 404, "unknown_requirement"),
        ({"target": ...}, 404, "unknown_requirement"),
        ({"version": 2}, 404, "unknown_version"),
    ],
)
def test_what_is_refused(
    promotion: Promotion, calling: Calling, rita: Account, changes: dict[str, Any], status: int, code: str
) -> None:
    body = {name: value for name, value in {**ASKED, **changes}.items() if value is not ...}
    answer = calling(rita).send("waivers", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert not Waiver.objects.exists()


def test_an_end_can_be_given_as_a_time(promotion: Promotion, calling: Calling, rita: Account) -> None:
    end = (now() + timedelta(days=3)).replace(microsecond=0)
    body = {**{name: value for name, value in ASKED.items() if name != "days"}, "expires_at": end.isoformat()}
    assert calling(rita).send("waivers", body).status_code == 201
    assert Waiver.objects.get().expires_at == end


def test_who_may_not_waive_is_told_so(promotion: Promotion, calling: Calling, rita: Account, api: Caller) -> None:
    assert calling(rita, Verb.READ, Verb.REVIEW).send("waivers", ASKED).json()["code"] == "scope_missing"
    assert api.send("waivers", ASKED).json()["code"] == "scope_missing"
    approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason="Figures read.")
    answer = calling(rita).send("waivers", ASKED)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")


def test_a_second_of_the_same_and_a_second_end_are_conflicts(
    promotion: Promotion, calling: Calling, rita: Account, carl: Account
) -> None:
    uid = calling(rita).send("waivers", ASKED).json()["uid"]
    assert calling(carl).send("waivers", ASKED).json()["code"] == "already_waived"
    assert calling(rita).send(f"waivers/{uid}/revocation").status_code == 201
    assert calling(rita).send(f"waivers/{uid}/revocation").json()["code"] == "waiver_ended"
    assert calling(rita).send(f"waivers/{promotion.uid}/revocation").json()["code"] == "unknown_waiver"


def test_everybody_reads_their_own_notices(
    promotion: Promotion, calling: Calling, rita: Account, carl: Account
) -> None:
    uid = calling(rita).send("waivers", ASKED).json()["uid"]
    calling(carl).send(f"waivers/{uid}/revocation")
    (notice,) = calling(rita).get("notices?state=unread").json()["items"]
    assert notice["about"] == "version/care-programme/1"
    assert calling(carl).get("notices").json()["items"] == []
    assert calling(carl).send(f"notices/{notice['id']}/reading").json()["code"] == "unknown_notice"

    read = calling(rita).send(f"notices/{notice['id']}/reading").json()
    assert read["read_at"] is not None
    assert calling(rita).send(f"notices/{notice['id']}/reading").json() == read, "the first reading counts"
    assert calling(rita).get("notices?state=unread").json()["items"] == []
    assert calling(rita).get("notices?state=read").json()["items"] == [read]
