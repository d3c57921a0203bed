"""A list costs the same number of queries however long its page, and walks every row once."""

import base64
import json
import re
from typing import Any

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


@pytest.fixture(scope="module")
def pipeline(around_the_module: None) -> Account:
    make.policy()
    return make.contributor()


@pytest.fixture(scope="module")
def programme(pipeline: Account) -> RegisteredModel:
    """All lists with rows to walk, built once: a test only asks."""
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


ORDERED = (
    ("models", ("time", "name", "risk_tier", "owner")),
    ("models/care-programme/versions", ("time", "digest")),
    ("promotions", ("time",)),
    ("trail/entries", ("time",)),
)
WAYS = [(path, sign + name) for path, names in ORDERED for name in names for sign in ("", "-")]


def walked(api: Caller, path: str, limit: int = 2) -> list[Any]:
    items, cursor = [], ""
    while cursor is not None and len(items) < 200:
        page = api.get(f"{path}&limit={limit}{cursor and f'&cursor={cursor}'}").json()
        items += page["items"]
        cursor = page["next"]
    return items


@pytest.mark.parametrize(("path", "order"), WAYS)
def test_in_every_order_pages_give_every_row_once(
    api: Caller, programme: RegisteredModel, path: str, order: str
) -> None:
    items = walked(api, f"{path}?order_by={order}")
    assert items == api.get(f"{path}?order_by={order}&limit=200").json()["items"]
    backwards = order.removeprefix("-") if order.startswith("-") else f"-{order}"
    assert items == api.get(f"{path}?order_by={backwards}&limit=200").json()["items"][::-1]
    column = {"name": "name", "risk_tier": "risk_tier", "digest": "artifact_sha256"}.get(order.removeprefix("-"))
    if column:
        told = [item[column] for item in items]
        assert told == sorted(told, reverse=order.startswith("-"))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plans of small tables tell nothing elsewhere")
@pytest.mark.parametrize(("path", "order"), WAYS)
def test_every_page_is_found_through_an_index_and_sorted_by_it(
    api: Caller, programme: RegisteredModel, path: str, order: str
) -> None:
    """So that page 1,000 costs what page 1 costs: the database seeks to the cursor and reads on from there."""
    first = api.get(f"{path}?order_by={order}&limit=1").json()
    plans: list[list[str]] = []

    def explain(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        # With its parameters apart, as it is run: written into the text, they lead to other plans.
        if re.search(r"(ASC|DESC) LIMIT \d$", sql):
            cursor = context["connection"].connection.cursor()
            found = cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%s", "?"), parameters).fetchall()
            plans.append([row[3] for row in found])
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(explain):
        assert api.get(f"{path}?order_by={order}&limit=1&cursor={first['next']}").status_code == 200
    assert 1 <= len(plans) <= 2
    for plan in plans:
        assert plan[0].startswith("SEARCH"), plan
        assert not [step for step in plan if "TEMP B-TREE" in step], plan


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=model-*", {"model-0", "model-1", "model-2"}),
        ("name=care-programme", {"care-programme"}),
        ("tag=department:cardiology", {"tagged"}),
        ("tag=department:cardio", set()),
        ("stage=development", {"care-programme"}),
        ("stage=production", set()),
        ("alias=champion", set()),
        ("risk_tier=high&owner=person:nobody", set()),
    ],
)
def test_models_are_found(api: Caller, programme: RegisteredModel, query: str, names: set[str]) -> None:
    make.model(make.account("tagger", Role.CONTRIBUTOR), name="tagged", tags={"department": "cardiology", "x": "y"})
    assert {item["name"] for item in api.get(f"models?{query}").json()["items"]} == names


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("verdict=passed", {1, 2, 3}),
        ("verdict=errored", set()),
        ("registered_after=2020-01-01T00:00:00Z", {1, 2, 3}),
        ("registered_before=2020-01-01T00:00:00Z", set()),
        ("registered_by=person:nobody", set()),
    ],
)
def test_versions_are_found(api: Caller, programme: RegisteredModel, query: str, numbers: set[int]) -> None:
    items = api.get(f"models/care-programme/versions?{query}").json()["items"]
    assert {item["number"] for item in items} == numbers


def test_a_cursor_of_another_order_is_refused(api: Caller, programme: RegisteredModel) -> None:
    cursor = api.get("models?order_by=name&limit=1").json()["next"]
    for order in ("-name", "time", "owner"):
        answer = api.get(f"models?order_by={order}&cursor={cursor}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


@pytest.mark.parametrize(
    "cursor", [["name", 1, 2], ["name", "a", "b"], ["name", "a"], ["time", "a"], ["time"], [1, 2], {}]
)
def test_a_made_up_cursor_is_refused(api: Caller, cursor: Any) -> None:
    text = base64.urlsafe_b64encode(json.dumps(cursor, separators=(",", ":")).encode()).decode().rstrip("=")
    for order in ("name", "time"):
        assert api.get(f"models?order_by={order}&cursor={text}").status_code == 422
