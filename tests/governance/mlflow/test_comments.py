"""Scripts that comment on versions, in the words of Databricks' registry."""

from typing import Any
from uuid import uuid4

import pytest

from audits.trail import Entry
from governance.models import Account, Comment
from governance.roles import Group, Verb
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller, caller

ON = {"name": "care-programme", "version": "1"}


@pytest.fixture(autouse=True)
def _version(pipeline: Account) -> None:
    make.version(pipeline, make.model(pipeline))


@pytest.fixture
def made(mlflow: MlflowCaller) -> dict[str, Any]:
    return dict(mlflow.ok("POST", "comments/create", **ON, comment="Of last year.")["comment"])


def test_a_comment_is_created_updated_and_deleted(
    mlflow: MlflowCaller, made: dict[str, Any], pipeline: Account
) -> None:
    assert set(made) == {
        *("id", "user_id", "comment", "creation_timestamp", "last_updated_timestamp", "available_actions")
    }
    assert (made["user_id"], made["comment"]) == (str(pipeline.actor), "Of last year.")
    assert made["creation_timestamp"] == made["last_updated_timestamp"]
    updated = mlflow.ok("PATCH", "comments/update", id=made["id"], comment="Of the year before.")["comment"]
    assert (updated["id"], updated["comment"]) == (made["id"], "Of the year before.")
    assert updated["creation_timestamp"] == made["creation_timestamp"]
    assert updated["last_updated_timestamp"] >= made["last_updated_timestamp"]
    gone = mlflow.delete(f"/api/2.0/mlflow/comments/delete?id={made['id']}")
    assert (gone.status_code, gone.json()) == (200, {})
    for method, path in (("PATCH", "comments/update"), ("DELETE", "comments/delete")):
        assert mlflow.refused(method, path, id=made["id"], comment="Anew.") == (409, "INVALID_STATE_TRANSITION")


@pytest.mark.parametrize(
    ("method", "call", "said", "refusal"),
    [
        ("POST", "create", {"version": "9"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("POST", "create", {"name": "no-such"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("POST", "create", {"version": "one"}, (400, "INVALID_PARAMETER_VALUE")),
        ("POST", "create", {"comment": None}, (400, "INVALID_PARAMETER_VALUE")),
        ("POST", "create", {"comment": " "}, (400, "INVALID_PARAMETER_VALUE")),
        ("POST", "create", {"comment": "x" * 4_001}, (400, "INVALID_PARAMETER_VALUE")),
        ("POST", "create", {"comment": 7}, (400, "INVALID_PARAMETER_VALUE")),
        ("PATCH", "update", {"comment": ""}, (400, "INVALID_PARAMETER_VALUE")),
        ("PATCH", "update", {"id": None}, (400, "INVALID_PARAMETER_VALUE")),
        ("PATCH", "update", {"id": 7}, (400, "INVALID_PARAMETER_VALUE")),
        ("PATCH", "update", {"id": "seven"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("PATCH", "update", {"id": str(uuid4())}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("DELETE", "delete", {"id": ""}, (400, "INVALID_PARAMETER_VALUE")),
        ("DELETE", "delete", {"id": str(uuid4())}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ],
)
def test_what_cannot_be_meant_is_refused(
    mlflow: MlflowCaller, made: dict[str, Any], method: str, call: str, said: dict[str, Any], refusal: tuple[int, str]
) -> None:
    before = Entry.objects.count()
    whole = {**ON, "id": made["id"], "comment": "Read.", **said}
    assert mlflow.refused(method, f"comments/{call}", **whole) == refusal
    assert Entry.objects.count() == before


def test_somebody_else_changes_nothing(made: dict[str, Any]) -> None:
    rita = caller(make.reviewer("rita", Group.RISK))
    assert rita.refused("PATCH", "comments/update", id=made["id"], comment="No.") == (403, "PERMISSION_DENIED")
    assert rita.refused("DELETE", "comments/delete", id=made["id"]) == (403, "PERMISSION_DENIED")


def test_a_token_for_other_models_is_kept_from_it_wherever_the_id_stands(
    made: dict[str, Any], pipeline: Account
) -> None:
    make.version(pipeline, make.model(pipeline, "credit-cards"), 2)
    credit = MlflowCaller(make.token(pipeline, Verb.READ, Verb.COMMENT, models=["credit-*"]))
    own = credit.ok("POST", "comments/create", name="credit-cards", version="1", comment="Mine.")["comment"]
    before = Entry.objects.count()
    for method, path in (("PATCH", "comments/update"), ("DELETE", "comments/delete")):
        answer = credit.call(method, path, id=made["id"], comment="No.", name="credit-cards")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    # Of an id said twice, neither may be beyond.
    for query in (f"id={made['id']}", f"id={own['id']}&id={made['id']}", f"id={made['id']}&id={own['id']}"):
        for method in ("patch", "delete"):
            path = "update" if method == "patch" else "delete"
            answer = getattr(credit, method)(f"/api/2.0/mlflow/comments/{path}?{query}&comment=No.")
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (method, query)
    assert (Entry.objects.count(), Comment.objects.filter(withdrawal__isnull=False).count()) == (before, 0)
    credit.ok("PATCH", "comments/update", id=own["id"], comment="Mine, too.")
    assert credit.delete(f"/api/2.0/mlflow/comments/delete?id={own['id']}").status_code == 200
