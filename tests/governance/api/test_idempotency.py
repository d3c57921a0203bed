"""A request that is sent again gets the answer it had, whatever happened to the connection."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from audits.evidence import local_path
from audits.trail import Entry, now
from audits.trail.models import Head
from governance.api.door import Door
from governance.api.v1.urls import urlpatterns
from governance.models import Account, IdempotencyKey
from governance.roles import Verb
from registry.models import RegisteredModel
from tests import make
from tests.governance.api.conftest import Caller

MODEL = {"name": "care-programme", "risk_tier": "high", "task": "binary"}


def keyed(key: str = "") -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key or str(uuid.uuid4())}}


@pytest.mark.django_db
def test_the_same_request_gets_the_same_answer_and_acts_once(api: Caller) -> None:
    again = keyed()
    first = api.send("models", MODEL, **again)
    entries = Entry.objects.count()
    second = api.send("models", MODEL, **again)
    assert (second.status_code, second.content, second["Location"]) == (201, first.content, first["Location"])
    assert second["Content-Type"] == first["Content-Type"]
    assert second["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first
    assert Entry.objects.count() == entries


@pytest.mark.django_db
def test_a_refusal_is_replayed_as_it_was(api: Caller) -> None:
    again = keyed()
    first, second = (api.send("models", {**MODEL, "task": "guess"}, **again) for _ in range(2))
    assert (second.status_code, second.content) == (422, first.content)
    assert second["Content-Type"] == "application/problem+json"
    assert second["Idempotent-Replay"] == "true"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other", [("models", {**MODEL, "name": "other"}), ("models?x=1", MODEL), ("promotions", MODEL)]
)
def test_a_key_belongs_to_one_request(api: Caller, other: tuple) -> None:
    again = keyed()
    api.send("models", MODEL, **again)
    answer = api.send(*other, **again)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.django_db
def test_the_same_key_of_another_account_is_another_key(api: Caller, calling) -> None:
    again = keyed()
    assert api.send("models", MODEL, **again).status_code == 201
    other = calling(make.contributor("second-pipeline")).send("models", {**MODEL, "name": "other"}, **again)
    assert other.status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["a b", "ä", "x" * 201, "tab\t"])
def test_a_key_that_is_no_key_is_malformed(api: Caller, key: str) -> None:
    answer = api.send("models", MODEL, headers={"Idempotency-Key": key.encode().decode("latin-1")})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert not RegisteredModel.objects.exists()


@pytest.mark.django_db
def test_a_request_that_has_no_answer_yet_is_not_done_twice(api: Caller) -> None:
    again = keyed()
    api.send("models", MODEL, **again)
    IdempotencyKey.objects.update(status=None, body="")
    answer = api.send("models", MODEL, **again)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotent_request_in_progress")


@pytest.mark.django_db
def test_a_request_that_died_without_an_answer_is_done_again(api: Caller) -> None:
    again = keyed()
    first = api.send("models", MODEL, **again)
    IdempotencyKey.objects.update(status=None, body="", started_at=now() - timedelta(seconds=61))
    second = api.send("models", MODEL, **again)
    assert (second.status_code, second.content) == (201, first.content)
    assert "Idempotent-Replay" not in second
    assert RegisteredModel.objects.count() == 1


@pytest.mark.django_db
def test_a_fault_of_ours_is_forgotten_so_that_the_request_may_be_sent_again(api: Caller) -> None:
    again = keyed()
    api.raise_request_exception = False
    head = Head.objects.get()
    head.delete()  # nothing can be recorded without it
    faulty = api.send("models", MODEL, **again)
    assert (faulty.status_code, faulty["Content-Type"]) == (500, "application/problem+json")
    assert not IdempotencyKey.objects.exists()
    head.id = 1
    head.save(force_insert=True)
    assert api.send("models", MODEL, **again).status_code == 201


@pytest.mark.django_db
def test_damaged_bytes_are_told_as_our_fault_and_the_key_is_free_again(api: Caller) -> None:
    content, again = make.lightgbm_text(77), keyed()
    sha256 = api.upload(content)
    with local_path(sha256) as path:
        path.chmod(0o640)
        path.write_bytes(b"other bytes")
    body = {"kind": "artifact", "sha256": sha256, "name": "model.txt"}
    faulty = api.send("evidence", body, **again)
    assert (faulty.status_code, faulty.json()["code"]) == (500, "evidence_damaged")
    path.write_bytes(content)
    assert api.send("evidence", body, **again).status_code == 201


@pytest.mark.django_db
def test_whoever_may_not_do_it_leaves_no_key(pipeline: Account, calling) -> None:
    assert calling(pipeline, Verb.READ).send("models", MODEL, **keyed()).status_code == 403
    assert Caller().send("models", MODEL, **keyed()).status_code == 401
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_every_post_there_is_takes_a_key(db: None) -> None:
    """The base of all doors claims the key, so a door cannot forget to; this holds that every POST is such a door."""
    posts = [pattern.callback.cls for pattern in urlpatterns if hasattr(pattern.callback.cls, "post")]
    assert len(posts) >= 9
    for door in posts:
        assert issubclass(door, Door)
        assert (door.dispatch, door.initial) == (Door.dispatch, Door.initial)


def in_parallel(times: int, token: str, body: dict[str, Any], key: str | None) -> list[tuple[int, bytes]]:
    def one(_: int) -> tuple[int, bytes]:
        try:
            headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
            answer = Client().post("/api/v1/models", body, content_type="application/json", headers=headers)
            return answer.status_code, answer.content
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.parametrize("times", [20])
@pytest.mark.django_db(transaction=True)
def test_many_replays_at_once_leave_one_object_and_one_answer(times: int) -> None:
    text = make.token(make.contributor(), Verb.REGISTER)
    answers = in_parallel(times, text, MODEL, str(uuid.uuid4()))
    done = {content for status, content in answers if status == 201}
    assert len(done) == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert RegisteredModel.objects.count() == 1
    assert Entry.objects.filter(action="model.registered").count() == 1
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_key_the_natural_name_still_lets_one_through() -> None:
    text = make.token(make.contributor(), Verb.REGISTER)
    answers = in_parallel(20, text, MODEL, None)
    assert {status for status, _ in answers} <= {201, 409}
    assert len({content for status, content in answers if status == 201}) == 1
    assert RegisteredModel.objects.count() == 1
