"""How do emergencies, suspensions and free aliases answer at the door?"""

import pytest

from governance.models import Account
from governance.roles import Role
from registry.models import ModelVersion
from registry.stages import Stage
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

VERSION = "models/care-programme/versions/1"
WHY = {"reason": "It cannot wait."}


@pytest.fixture
def version(pipeline: Account) -> ModelVersion:
    return make.version(pipeline, make.model(pipeline))


@pytest.fixture
def promotion(pipeline: Account, version: ModelVersion) -> str:
    return f"promotions/{make.promotion(pipeline, version).uid}"


def test_an_emergency_is_handled_by_three_people(
    promotion: str, operator: Account, rita: Account, carl: Account, api: Caller, calling
) -> None:
    path = f"{promotion}/break-glass"
    assert api.get(path).json()["code"] == "unknown_break_glass"
    assert api.send(path, WHY).status_code == 403
    invoked = calling(operator).send(path, WHY)
    assert (invoked.status_code, invoked["Location"]) == (201, f"/api/v1/{path}")
    assert (invoked.json()["confirmation"], invoked.json()["review"]) == (None, None)
    assert calling(operator).send(path, WHY).json()["code"] == "break_glass_out_of_turn"
    assert calling(operator).send(f"{path}/confirmation").json()["code"] == "same_person"
    told = calling(rita).send(f"{path}/confirmation").json()
    assert told["confirmation"]["confirmed_by"]["name"] == "Rita Risk"
    assert {one["requirement"] for one in told["confirmation"]["skipped"]} >= {"accuracy", "approval:risk"}
    assert api.get(VERSION).json()["stage"] == "production"
    verdict = {"verdict": "not_justified", "reason": "It could."}
    assert calling(carl).send(f"{path}/review", {**verdict, "verdict": "so-so"}).status_code == 422
    assert calling(rita).send(f"{path}/review", verdict).json()["code"] == "same_person"
    told = calling(carl).send(f"{path}/review", verdict).json()
    assert (told["review"]["verdict"], told["review"]["reason"]) == ("not_justified", "It could.")
    assert api.get(path).json() == told


def test_an_emergency_nobody_can_handle_is_refused(
    version: ModelVersion, promotion: str, operator: Account, api: Caller, calling
) -> None:
    caller = calling(operator)
    nowhere = "promotions/019a9f00-0000-7000-8000-000000000001/break-glass"
    assert caller.send(nowhere, WHY).json()["code"] == "unknown_promotion"
    assert caller.send(f"{nowhere}/confirmation").json()["code"] == "unknown_promotion"
    assert caller.send(f"{nowhere}/review", {"verdict": "justified", **WHY}).json()["code"] == "unknown_break_glass"
    assert caller.send(f"{promotion}/break-glass/confirmation").json()["code"] == "unknown_break_glass"
    assert caller.send(f"{promotion}/break-glass", {"reason": " "}).json()["code"] == "malformed"
    make.policy(make.POLICY.replace("requirements:", "break_glass: false\nrequirements:"))
    refused = caller.send(f"{promotion}/break-glass", WHY)
    assert (refused.status_code, refused.json()["code"]) == (409, "break_glass_forbidden")
    assert {one["policy"] for one in refused.json()["reasons"]} == {"high-risk"}
    api.post(f"{promotion}/withdrawal")
    assert caller.send(f"{promotion}/break-glass", WHY).json()["code"] == "promotion_closed"


def test_a_version_is_suspended_retired_and_deleted(
    pipeline: Account, rita: Account, carl: Account, operator: Account, api: Caller, calling
) -> None:
    make.live(pipeline, [rita, carl], make.model(pipeline))
    caller = calling(operator)
    assert api.send(f"{VERSION}/suspension", WHY).status_code == 403
    assert calling(rita).send(f"{VERSION}/deletion", WHY).status_code == 403
    assert caller.send(f"{VERSION}/deletion", WHY).json()["code"] == "version_live"
    told = calling(rita).send(f"{VERSION}/suspension", WHY)
    assert (told.status_code, told.json()["kind"], told.json()["reason"]) == (201, "suspended", WHY["reason"])
    assert told["Location"] == f"/api/v1/{VERSION}"
    assert caller.send(f"{VERSION}/suspension", WHY).json()["code"] == "move_impossible"
    assert api.get("models/care-programme/aliases/champion").json()["code"] == "unknown_alias"
    assert caller.send(f"{VERSION}/retirement", WHY).json()["kind"] == "retired"
    assert caller.send(f"{VERSION}/retirement", WHY).json()["code"] == "move_impossible"
    assert caller.send(f"{VERSION}/deletion", WHY).json()["kind"] == "deleted"
    assert caller.send(f"{VERSION}/deletion", WHY).json()["code"] == "unknown_version"
    assert api.get(VERSION).json()["code"] == "unknown_version"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "a\0"}, {"reason": "Fine.", "sure": True}])
@pytest.mark.parametrize("act", ["suspension", "retirement", "deletion"])
def test_a_version_is_not_taken_out_without_a_reason(
    version: ModelVersion, operator: Account, calling, act: str, body: dict
) -> None:
    answer = calling(operator).send(f"{VERSION}/{act}", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert ModelVersion.objects.get().position.stage == Stage.DEVELOPMENT


def test_a_free_alias_is_assigned_and_a_governed_one_refused(version: ModelVersion, api: Caller, calling) -> None:
    path = "models/care-programme/aliases/baseline"
    answer = api.send(path, {"version": 1})
    assert (answer.status_code, answer.json()["version"]["number"]) == (201, 1)
    assert api.get(path).json() == answer.json()
    governed = api.send("models/care-programme/aliases/champion", {"version": 1})
    assert (governed.status_code, governed.json()["code"]) == (409, "alias_governed")
    assert api.send(path, {"version": 2}).json()["code"] == "unknown_version"
    assert api.send("models/nobody/aliases/baseline", {"version": 1}).json()["code"] == "unknown_model"
    assert api.send("models/care-programme/aliases/Base!", {"version": 1}).json()["code"] == "malformed"
    assert api.send(path, {"version": "x"}).json()["code"] == "malformed"
    auditor = calling(make.account("ada", Role.AUDITOR))
    assert auditor.send(path, {"version": 1}).status_code == 403
