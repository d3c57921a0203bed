"""How is a move asked for, decided and taken back?"""

import pytest

from audits.trail import Entry
from governance.models import Account, Promotion
from governance.roles import Group, Role
from registry.models import ModelVersion, RegisteredModel
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

ASK = {"model": "care-programme", "version": 1, "target": "production", "reason": "Better on sex."}


@pytest.fixture
def programme(pipeline: Account) -> RegisteredModel:
    return make.model(pipeline)


@pytest.fixture
def version(pipeline: Account, programme: RegisteredModel) -> ModelVersion:
    return make.version(pipeline, programme)


def test_a_blocked_promotion_is_an_answer_with_a_reason_per_requirement(api: Caller, version: ModelVersion) -> None:
    make.completed(version, fairness_impact_ratio="failed")
    answer = api.send("promotions", ASK)
    told = answer.json()
    assert (answer.status_code, told["outcome"], told["state"]) == (201, "blocked", "open")
    assert answer["Location"] == f"/api/v1/promotions/{told['uid']}"
    assert {reason["requirement"] for reason in told["decision"]["reasons"]} >= {"impact-ratio", "accuracy"}
    assert api.get(answer["Location"]).json() == told
    assert Entry.objects.filter(action="gate.decided").count() == 1


def test_asking_twice_is_one_promotion_and_somebody_elses_is_in_the_way(
    api: Caller, version: ModelVersion, calling
) -> None:
    first, again = api.send("promotions", ASK), api.send("promotions", ASK)
    assert first.json() == again.json()
    other = calling(make.contributor("second-pipeline")).send("promotions", ASK)
    assert (other.status_code, other.json()["code"], other.json()["uid"]) == (
        409,
        "promotion_open",
        first.json()["uid"],
    )


def test_with_the_last_approval_the_version_goes_live_and_the_alias_follows(
    api: Caller, version: ModelVersion, rita: Account, carl: Account, calling
) -> None:
    make.completed(version)
    told = api.send("promotions", ASK).json()
    assert told["outcome"] == "waiting"
    path = f"promotions/{told['uid']}/approvals"
    one = calling(rita).send(path, {"verdict": "approve", "group": "risk", "reason": "Figures read."})
    assert (one.status_code, one.json()["outcome"]) == (201, "waiting")
    two = calling(carl).send(path, {"verdict": "approve", "group": "compliance", "reason": "Texts read."})
    told = two.json()
    assert (told["outcome"], told["state"], told["decision"]["outcome"]) == ("promoted", "promoted", "allow")
    assert [approval["approver"]["name"] for approval in told["approvals"]] == ["Rita Risk", "Carl Compliance"]
    assert told["closed_by"]["name"] == "Carl Compliance"
    live = api.get("models/care-programme/aliases/champion").json()
    assert (live["alias"], live["version"]["number"], live["version"]["stage"]) == ("champion", 1, "production")


def test_a_refusal_closes_and_nothing_more_can_be_said(
    api: Caller, version: ModelVersion, rita: Account, carl: Account, calling
) -> None:
    make.completed(version)
    path = f"promotions/{api.send('promotions', ASK).json()['uid']}/approvals"
    refused = calling(rita).send(path, {"verdict": "refuse", "group": "risk", "reason": "The young are missed."})
    assert (refused.json()["outcome"], refused.json()["approvals"][0]["verdict"]) == ("refused", "refuse")
    late = calling(carl).send(path, {"verdict": "approve", "group": "compliance", "reason": "Fine."})
    assert (late.status_code, late.json()["code"]) == (409, "promotion_closed")


def test_nobody_decides_about_their_own_work_twice_or_for_another_group(
    version: ModelVersion, api: Caller, rita: Account, calling
) -> None:
    both = make.account("nora", Role.CONTRIBUTOR, groups=(Group.RISK,))
    own = calling(both).send("promotions", ASK).json()
    path = f"promotions/{own['uid']}/approvals"
    yes = {"verdict": "approve", "group": "risk", "reason": "Good."}
    assert calling(both).send(path, yes).json()["code"] == "own_submission"
    assert calling(rita).send(path, {**yes, "group": "compliance"}).json()["code"] == "not_entitled"
    assert calling(rita).send(path, yes).status_code == 201
    assert calling(rita).send(path, yes).json()["code"] == "already_decided"
    assert api.send(path, yes).status_code == 403


@pytest.mark.parametrize(
    "change", [{"verdict": "maybe"}, {"group": "sales"}, {"reason": " "}, {"reason": "a\0"}, {"sure": True}]
)
def test_an_approval_that_says_too_little_or_too_much_is_malformed(
    api: Caller, version: ModelVersion, rita: Account, calling, change: dict
) -> None:
    path = f"promotions/{api.send('promotions', ASK).json()['uid']}/approvals"
    answer = calling(rita).send(path, {"verdict": "approve", "group": "risk", "reason": "Good.", **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"version": 7}, 404, "unknown_version"),
        ({"model": "nobody"}, 404, "unknown_version"),
        ({"version": 10**15}, 422, "malformed"),
        ({"version": "one"}, 422, "malformed"),
        ({"target": "retired"}, 422, "malformed"),
        ({"target": "staging"}, 409, "no_policy_applies"),
        ({"alias": "Champion!"}, 422, "malformed"),
        ({"alias": "c" * 61}, 422, "malformed"),
    ],
)
def test_a_promotion_that_cannot_be_asked_for_is_refused(
    api: Caller, version: ModelVersion, change: dict, status: int, code: str
) -> None:
    answer = api.send("promotions", {**ASK, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Promotion.objects.exists()


def test_a_request_is_taken_back_once(api: Caller, version: ModelVersion) -> None:
    path = f"promotions/{api.send('promotions', ASK).json()['uid']}/withdrawal"
    assert api.send(path, {"why": "x"}).status_code == 422
    assert api.post(path).json()["outcome"] == "withdrawn"
    assert api.send(path).json()["code"] == "promotion_closed"
    again = api.send("promotions", ASK).json()
    assert (again["state"], Promotion.objects.count()) == ("open", 2)


def test_promotions_are_listed_by_state_and_model(api: Caller, version: ModelVersion) -> None:
    uid = api.send("promotions", ASK).json()["uid"]
    for query in ("", "?state=open", "?model=care-programme&version=1", "?target=production"):
        assert [item["uid"] for item in api.get(f"promotions{query}").json()["items"]] == [uid]
    for query in ("?state=promoted", "?model=nobody", "?version=2", "?target=staging"):
        assert api.get(f"promotions{query}").json()["items"] == []


def go_live(pipeline: Account, programme: RegisteredModel, rita: Caller, carl: Caller, api: Caller, seed: int) -> None:
    version = make.version(pipeline, programme, seed)
    make.completed(version)
    path = f"promotions/{api.send('promotions', {**ASK, 'version': version.number}).json()['uid']}/approvals"
    rita.send(path, {"verdict": "approve", "group": "risk", "reason": "Figures read."})
    carl.send(path, {"verdict": "approve", "group": "compliance", "reason": "Texts read."})


def test_an_operator_rolls_back_to_the_version_promoted_before(
    api: Caller, pipeline: Account, programme: RegisteredModel, rita: Account, carl: Account, operator: Account, calling
) -> None:
    for seed in (1, 2):
        go_live(pipeline, programme, calling(rita), calling(carl), api, seed)
    path = "models/care-programme/aliases/champion"
    assert api.get(path).json()["version"]["number"] == 2
    assert api.send(f"{path}/rollback", {"reason": "Complaints."}).status_code == 403
    assert calling(operator).send(f"{path}/rollback", {"reason": ""}).status_code == 422
    answer = calling(operator).send(f"{path}/rollback", {"reason": "Complaints from the ward."})
    told = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/{path}")
    assert (told["from_version"], told["to_version"], told["rolled_back_by"]["name"]) == (2, 1, "Olga")
    assert api.get(path).json()["version"]["number"] == 1
    nothing = calling(operator).send(f"{path}/rollback", {"reason": "Once more."})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_roll_back_to")


def test_an_alias_nobody_gave_is_unknown(api: Caller, version: ModelVersion) -> None:
    answer = api.get("models/care-programme/aliases/champion")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_alias")
