"""How does a program read whether something is due, and say that something happened?"""

from collections.abc import Callable

import pytest

from governance.models import Account, RecertificationTrigger
from governance.roles import Verb
from registry.models import ModelVersion
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

PATH = "models/care-programme/versions/1"
POLICY = f"{make.POLICY}recertification: {{every_days: 100, triggers: [drift], grace_days: 0, overdue: warn}}\n"


@pytest.fixture
def live(pipeline: Account, rita: Account, carl: Account) -> ModelVersion:
    make.policy(POLICY)
    return make.live(pipeline, [rita, carl], make.model(pipeline))


def test_a_certification_is_told_with_its_terms_and_triggers(api: Caller, live: ModelVersion) -> None:
    told = api.get(f"{PATH}/certification").json()
    assert (told["state"], told["stage"], told["consequences"]) == ("certified", "production", [])
    assert [(term["policy"], term["consequence"]) for term in told["terms"]] == [("high-risk", "warn")]
    assert told["promotion"] == str(live.promotions.get().uid)

    answer = api.send(f"{PATH}/triggers", {"kind": "drift", "reason": "The scores have moved."})
    assert (answer.status_code, answer["Location"]) == (201, f"/api/v1/{PATH}/certification")
    told = api.get(answer["Location"]).json()
    assert (told["state"], told["consequences"], told["triggers"]) == ("overdue", ["warn"], [answer.json()])
    assert told["due_at"] == told["overdue_at"] == answer.json()["raised_at"]


def test_a_version_that_never_went_live_is_told_without_dates(
    api: Caller, pipeline: Account, live: ModelVersion
) -> None:
    make.version(pipeline, live.model, seed=2)
    told = api.get("models/care-programme/versions/2/certification").json()
    assert (told["state"], told["certified_at"], told["due_at"], told["promotion"]) == ("not_live", None, None, None)


def test_the_live_are_listed_by_state(
    api: Caller, pipeline: Account, rita: Account, carl: Account, live: ModelVersion
) -> None:
    make.live(pipeline, [rita, carl], make.model(pipeline, "other"), seed=2)
    api.send(f"{PATH}/triggers", {"kind": "drift", "reason": "The scores have moved."})
    names = [item["model"] for item in api.get("certifications").json()["items"]]
    assert names == ["other", "care-programme"]
    assert [item["model"] for item in api.get("certifications?state=overdue").json()["items"]] == ["care-programme"]
    assert api.get("certifications?state=suspended").json()["items"] == []
    page = api.get("certifications?limit=1").json()
    assert [item["model"] for item in page["items"]] == ["other"]
    rest = api.get(f"certifications?limit=1&cursor={page['next']}").json()
    assert ([item["model"] for item in rest["items"]], rest["next"]) == (["care-programme"], None)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("models/nothing/versions/1/triggers", {}, 404, "unknown_version"),
        ("models/care-programme/versions/2/triggers", {}, 409, "move_impossible"),
        (f"{PATH}/triggers", {"kind": "boredom"}, 422, "malformed"),
        (f"{PATH}/triggers", {"reason": ""}, 422, "malformed"),
        (f"{PATH}/triggers", {"reason": "  "}, 422, "malformed"),
        (f"{PATH}/triggers", {"because": "it"}, 422, "malformed"),
    ],
)
def test_a_trigger_that_cannot_be_raised_is_refused(
    api: Caller, pipeline: Account, live: ModelVersion, path: str, body: dict[str, str], status: int, code: str
) -> None:
    make.version(pipeline, live.model, seed=2)
    answer = api.send(path, {"kind": "drift", "reason": "The scores have moved.", **body})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not RecertificationTrigger.objects.exists()


def test_raising_needs_its_own_scope(pipeline: Account, live: ModelVersion, calling: Callable[..., Caller]) -> None:
    answer = calling(pipeline, Verb.READ, Verb.PROMOTE).send(
        f"{PATH}/triggers", {"kind": "drift", "reason": "It moved."}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("query", ["?state=not_live", "?state=late", "?model=care-programme"])
def test_a_list_by_something_else_is_malformed(api: Caller, query: str) -> None:
    assert api.get(f"certifications{query}").status_code == 422


def test_an_overdue_version_that_may_not_move_is_told_so(api: Caller, pipeline: Account, live: ModelVersion) -> None:
    make.policy(POLICY.replace("overdue: warn", "overdue: block_moves"))
    api.send(f"{PATH}/triggers", {"kind": "drift", "reason": "The scores have moved."})
    body = {"model": "care-programme", "version": 1, "target": "production"}
    assert api.send("promotions", body).status_code == 201  # where it stands
    api.send(f"promotions/{live.promotions.latest('id').uid}/withdrawal")
    make.policy(
        make.POLICY.replace("policy: high-risk", "policy: names").replace("target: production", "alias: [other]")
    )
    answer = api.send("promotions", {"model": "care-programme", "version": 1, "alias": "other"})
    assert (answer.status_code, answer.json()["code"]) == (409, "recertification_overdue")
