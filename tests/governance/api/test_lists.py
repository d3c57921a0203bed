"""A list costs the same number of queries however long its page, and walks every row once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.models import Account
from governance.roles import Group, Role, Verb
from registry.models import RegisteredModel
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

LISTS = (
    "models",
    "evidence",
    "models/care-programme/versions",
    "models/care-programme/versions/1/checks",
    "promotions",
    "policies",
    "waivers",
    "trail/entries",
)


@pytest.fixture
def programme(pipeline: Account) -> RegisteredModel:
    model = make.model(pipeline)
    rita = make.reviewer("rita-risk", Group.RISK)
    for seed in (1, 2, 3):
        version = make.version(pipeline, model, seed)
        make.completed(version)
        make.promotion(pipeline, version)
        make.waiver(rita, version)
    for number in range(3):
        make.model(make.account(f"owner-{number}", Role.CONTRIBUTOR), name=f"model-{number}")
        make.policy(make.POLICY.replace("0.8", f"0.8{number + 1}"))
    return model


def queries(api: Caller, path: str) -> int:
    assert api.get("whoami").status_code == 200  # the first use of a token in a minute is noted
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert api.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", LISTS)
def test_a_longer_page_needs_no_more_queries(api: Caller, programme: RegisteredModel, path: str) -> None:
    # One more at most: a page on which only processes act looks no names up.
    assert queries(api, f"{path}?limit=200") <= queries(api, f"{path}?limit=1") + 1 <= 12


@pytest.mark.parametrize("path", LISTS)
def test_pages_of_one_row_give_every_row_once(api: Caller, programme: RegisteredModel, path: str) -> None:
    everything = api.get(f"{path}?limit=200").json()["items"]
    walked, cursor = [], ""
    while cursor is not None and len(walked) < 200:
        page = api.get(f"{path}?limit=1{cursor and f'&cursor={cursor}'}").json()
        walked += page["items"]
        cursor = page["next"]
    assert walked == everything
    assert len(everything) > 1


def test_reading_leaves_nothing_behind(api: Caller, programme: RegisteredModel) -> None:
    before = api.get("trail").json()["size"]
    for path in (*LISTS, "whoami", "models/care-programme/versions/1/gate?target=production"):
        assert api.get(path).status_code == 200
    assert api.get("trail").json()["size"] == before
    assert Verb.READ.value in api.get("whoami").json()["may"]
