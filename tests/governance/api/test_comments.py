"""What is said about a version, over the API: listed, read in full, written, revised, taken back."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from audits.trail import Entry
from governance.models import Account
from governance.roles import Role, Verb
from registry.models import ModelVersion
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

ON = "models/care-programme/versions/1/comments"
Calling = Callable[..., Caller]


@pytest.fixture(autouse=True)
def version(pipeline: Account) -> ModelVersion:
    return make.version(pipeline, make.model(pipeline))


def written(by: Caller, text: str, on: str = ON) -> dict[str, Any]:
    answer = by.send(on, {"text": text})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_comment_is_written_revised_and_taken_back(api: Caller, pipeline: Account) -> None:
    answer = api.send(ON, {"text": "Of last year.\nWard 3b."})
    made, place = answer.json(), answer["Location"]
    assert (made["text"], made["written_by"]["id"]) == ("Of last year.\nWard 3b.", str(pipeline.actor))
    assert (made["model"], made["version"], made["revised_at"]) == ("care-programme", 1, None)
    revised = api.send(f"{place}/revision", {"text": "Of the year before."})
    assert revised.status_code == 201, revised.content
    assert revised.json()["revised_at"] > made["written_at"]
    [listed] = api.get(ON).json()["items"]
    assert (listed["uid"], listed["text"], "wordings" in listed) == (made["uid"], "Of the year before.", False)
    assert api.send(f"{place}/withdrawal").json()["withdrawn_at"]
    assert api.get(ON).json() == {"items": [], "next": None}
    kept = api.get(place).json()
    assert [one["text"] for one in kept["wordings"]] == ["Of last year.\nWard 3b.", "Of the year before."]
    for act, body in (("revision", {"text": "Anew."}), ("withdrawal", {})):
        refused = api.send(f"{place}/{act}", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "comment_withdrawn")


def test_the_list_goes_from_the_oldest_on_page_by_page(api: Caller) -> None:
    said = [written(api, f"Number {number}.")["text"] for number in range(5)]
    found, page = [], api.get(f"{ON}?limit=2").json()
    while True:
        found += [item["text"] for item in page["items"]]
        if page["next"] is None:
            break
        page = api.get(f"{ON}?limit=2&cursor={page['next']}").json()
    assert found == said


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": " "}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": None}, "text"),
        ({"text": ["Seen."]}, "text"),
        ({"text": "a\u0007b"}, "text"),
        ({"text": "Seen.", "comment": "Seen."}, "comment"),
    ],
)
def test_what_is_no_comment_is_refused_by_name(api: Caller, body: dict[str, Any], field: str) -> None:
    place = f"comments/{written(api, 'Seen.')['uid']}/revision"
    before = Entry.objects.count()
    for address in (ON, place):
        answer = api.send(address, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert Entry.objects.count() == before


def test_what_is_not_there(api: Caller) -> None:
    for place in (f"comments/{uuid4()}/revision", f"comments/{uuid4()}/withdrawal"):
        answer = api.send(place, {"text": "Seen."} if "revision" in place else {})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_comment")
    assert api.get(f"comments/{uuid4()}").json()["code"] == "unknown_comment"
    assert api.get(ON.replace("/1/", "/9/")).json()["code"] == "unknown_version"
    assert api.send(ON.replace("/1/", "/9/"), {"text": "Seen."}).json()["code"] == "unknown_version"


def test_only_the_author_changes_it_and_readers_read_it(api: Caller, rita: Account, calling: Calling) -> None:
    place = f"comments/{written(api, 'Seen.')['uid']}"
    for act, body in (("revision", {"text": "No."}), ("withdrawal", {})):
        answer = calling(rita).send(f"{place}/{act}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_entitled")
    reader = calling(make.account("anna", Role.AUDITOR))
    assert reader.get(place).json()["text"] == "Seen."
    assert reader.send(ON, {"text": "Seen, too."}).json()["code"] == "scope_missing"


def test_a_token_to_read_and_register_says_nothing(pipeline: Account, calling: Calling) -> None:
    answer = calling(pipeline, Verb.READ, Verb.REGISTER).send(ON, {"text": "Seen."})
    assert (answer.status_code, answer.json()["scope"]) == (403, "comment")


def test_a_token_for_other_models_neither_reads_nor_changes_it(api: Caller, pipeline: Account) -> None:
    place = f"comments/{written(api, 'Seen.')['uid']}"
    make.version(pipeline, make.model(pipeline, "credit-cards"), 2)
    credit = Caller(make.token(pipeline, Verb.READ, Verb.COMMENT, models=["credit-*"], targets=["staging"]))
    own = written(credit, "Mine.", "models/credit-cards/versions/1/comments")
    assert credit.send(f"comments/{own['uid']}/revision", {"text": "Mine, too."}).status_code == 201
    before = Entry.objects.count()
    answers = [credit.get(ON), credit.get(place), credit.send(ON, {"text": "Seen."})]
    answers += [credit.send(f"{place}/revision", {"text": "No."}), credit.send(f"{place}/withdrawal")]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "scope_missing")}
    assert Entry.objects.count() == before
