"""Whatever is wrong with a request, the answer is a problem document and never a 500."""

import json
import re
from collections.abc import Callable

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model, ProtectedError
from django.test import Client, RequestFactory

from audits.errors import DomainError
from audits.trail import now
from governance.api.faults import bad_request, server_error
from governance.api.problems import problem_response
from governance.api.v1.urls import urlpatterns
from governance.models import Account, IdempotencyKey
from registry.models import RegisteredModel
from tests import make
from tests.governance.api.conftest import Caller

MODEL = {"name": "care-programme", "risk_tier": "high", "task": "binary"}
DEEP = "[" * 100_000


def post_raw(api: Caller, body: bytes, media_type: str = "application/json"):
    return api.post("models", body, content_type=media_type)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"name": NaN}', "NaN is no JSON number"),
        (b'{"name": "a", "name": "b"}', "'name' is given twice"),
        (DEEP.encode(), "nested"),
        (b'{"name": ' + b"[" * 70 + b"]" * 70 + b"}", "nested deeper than 64"),
        (b'{"name": ' + b"1" * 5000 + b"}", "not JSON"),
        (b'"\xed\xa0\x80"', "not JSON"),
    ],
)
def test_a_body_that_is_not_json_gets_400(api: Caller, body: bytes, says: str) -> None:
    answer = post_raw(api, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a\0b"}, "name"),
        ({"description": "\ud800"}, "description"),
        ({"nam\0e": 1}, ""),
        ({"description": 10**20}, "description"),
        ({"name": "Not A Name"}, "name"),
        ({"name": "trailing\n"}, "name"),
        ({"name": ["care"]}, "name"),
        ({"risk_tier": "enormous"}, "risk_tier"),
        ({"owner": "person:1"}, "owner"),
        ({"description": "\x07"}, "description"),
        ({"description": "x" * 20_001}, "description"),
    ],
)
def test_a_value_that_will_not_do_gets_422_with_the_field(api: Caller, change: dict, field: str) -> None:
    answer = post_raw(api, json.dumps({**MODEL, **change}).encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not RegisteredModel.objects.exists()


def test_a_word_that_is_none_of_a_few_is_refused_with_all_of_them(api: Caller) -> None:
    told = api.send("models", {**MODEL, "risk_tier": "enormous" * 100}).json()["detail"]
    assert told.startswith("risk_tier: 'enormousenormous")
    assert told.endswith(" is none of minimal, limited, high.")
    assert len(told) < 200


def test_every_wrong_field_is_told_at_once(api: Caller) -> None:
    errors = api.send("models", {"name": "A", "task": "guess", "extra": 1}).json()["errors"]
    assert {error["field"] for error in errors} == {"name", "task", "risk_tier", "extra"}


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null", b""])
def test_a_body_that_is_no_object_gets_422(api: Caller, body: bytes) -> None:
    assert post_raw(api, body).status_code == 422


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"])
def test_another_media_type_gets_415(api: Caller, media_type: str) -> None:
    answer = post_raw(api, b"x=1", media_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_document_above_the_limit_gets_413(api: Caller) -> None:
    answer = post_raw(api, b" " * (2 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_method_that_is_not_there_gets_405_with_those_that_are(api: Caller, method: str) -> None:
    answer = api.generic(method.upper(), "models")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize(
    "path", ["", "nothing", "models/", "models/a/b", "models/a%00b", "evidence/12", "models/a/versions/0"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_gets_404_in_the_same_form(db: None, path: str, method: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, f"/api/v1/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "unknown_path"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("models/nobody", "unknown_model"),
        ("models/%C3%84", "unknown_model"),
        ("models/%FF", "unknown_model"),
        ("models/a'; DROP TABLE x;--", "unknown_model"),
        ("models/nobody/versions", "unknown_model"),
        ("models/nobody/versions/1", "unknown_version"),
        ("models/nobody/versions/999999999", "unknown_version"),
        ("models/nobody/aliases/champion", "unknown_model"),
        ("evidence/00000000-0000-0000-0000-000000000000", "unknown_evidence"),
        ("check-runs/00000000-0000-0000-0000-000000000000", "unknown_check_run"),
        ("promotions/00000000-0000-0000-0000-000000000000", "unknown_promotion"),
        ("policies/nobody/1", "unknown_policy"),
    ],
)
def test_what_is_not_there_gets_404_with_its_code(api: Caller, path: str, code: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=YWZ0ZXI6LTE", "sort=name", "owner=%00"]
)
def test_a_query_that_will_not_do_gets_422(api: Caller, query: str) -> None:
    answer = api.get(f"models?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def told(exc: Exception) -> dict:
    answer = problem_response(exc, {})
    assert answer is not None
    assert answer.content_type == "application/problem+json"
    assert answer.data["status"] == answer.status_code
    return answer.data


def broken(row: Model) -> IntegrityError:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        row.save(force_insert=True)
    return caught.value


def test_a_key_that_was_taken_meanwhile_is_a_conflict_to_be_sent_again(pipeline: Account) -> None:
    recorded = make.model(pipeline)
    again = RegisteredModel(name=recorded.name, registered_at=now(), entry_id=recorded.entry_id)
    row = IdempotencyKey(account=pipeline, key="k", request_sha256="", started_at=now())
    row.save(force_insert=True)
    twin = IdempotencyKey(account=pipeline, key="k", request_sha256="", started_at=now())
    for error in (broken(again), broken(twin)):
        assert (told(error)["status"], told(error)["code"]) == (409, "conflict")


def test_another_broken_constraint_is_a_fault_of_ours(pipeline: Account) -> None:
    nameless = IdempotencyKey(account=pipeline, key=None, request_sha256="", started_at=now())
    assert problem_response(broken(nameless), {}) is None


def test_a_database_that_does_not_answer_is_503_and_may_be_asked_again() -> None:
    assert told(OperationalError())["code"] == "database_unavailable"
    assert problem_response(OperationalError(), {})["Retry-After"] == "1"


def test_a_body_that_django_finds_too_large_is_413() -> None:
    assert told(RequestDataTooBig())["status"] == 413


@pytest.mark.parametrize("fault", [ZeroDivisionError(), IntegrityError(), ProtectedError("", set())])
def test_a_fault_of_ours_is_not_dressed_up_as_the_clients(fault: Exception) -> None:
    assert problem_response(fault, {}) is None


@pytest.mark.parametrize(("handler", "status"), [(server_error, 500), (lambda r: bad_request(r, ValueError()), 400)])
def test_outside_the_views_programs_get_problems_and_people_get_pages(handler: Callable, status: int) -> None:
    program = handler(RequestFactory().get("/api/v1/models"))
    person = handler(RequestFactory().get("/admin/"))
    assert (program.status_code, program["Content-Type"]) == (status, "application/problem+json")
    assert (person.status_code, person["Content-Type"]) == (status, "text/html; charset=utf-8")


def test_a_request_for_another_host_is_refused_in_the_same_form(db: None) -> None:
    answer = Client().get("/api/v1/models", headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_context_never_overwrites_what_every_problem_has() -> None:
    class Odd(DomainError):
        code, status = "odd", 409

    document = told(Odd("Odd.", title="forged", number=3))
    assert (document["title"], document["number"]) == ("Odd", 3)


def test_every_address_of_the_api_asks_who_comes_in(db: None) -> None:
    example = {
        "name": "a",
        "number": 1,
        "alias": "b",
        "sha256": "0" * 64,
        "uid": "00000000-0000-0000-0000-000000000000",
        "index": 0,
        "notice": 1,
        "prefix": "00000000",
    }
    for pattern in urlpatterns:
        path = "/api/v1/" + str(pattern.pattern)
        path = re.sub(r"<\w+:(\w+)>", lambda step: str(example[step[1]]), path)
        for method in pattern.callback.cls().allowed_methods:
            assert Client().generic(method, path).status_code == 401, (method, path)


def test_every_act_names_the_verb_it_needs() -> None:
    for pattern in urlpatterns:
        door = pattern.callback.cls
        if str(pattern.pattern) != "whoami":
            assert set(door.verbs) == {m for m in door().allowed_methods if m != "HEAD"}, door
