"""Whatever goes wrong under the prefix, the answer is one an MLflow client understands."""

import base64
import json

import pytest
from django.db import DatabaseError, OperationalError
from django.test import Client
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.mlflow.frame import ClientDoor, answer_to
from governance.api.mlflow.parameters import InvalidParameter, Parameters
from governance.errors import Malformed, NotEntitled
from governance.models import Account
from governance.roles import Role, Verb
from registry.errors import MoveImpossible, NameTaken, UnknownModel
from tests import make
from tests.governance.mlflow.conftest import MlflowCaller, caller

INFO = "/api/3.0/mlflow/server-info"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_client_with_an_active_workspace_learns_that_there_are_none(mlflow: MlflowCaller) -> None:
    assert mlflow.ok("GET", INFO)["workspaces_enabled"] is False


@pytest.mark.parametrize("user", ["training-pipeline", "token"])
def test_a_token_is_taken_as_the_password_of_its_account(pipeline: Account, client: Client, user: str) -> None:
    token = make.token(pipeline, Verb.READ)
    assert client.get(INFO, headers={"Authorization": _basic(user, token)}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        _basic("training-pipeline", "csn_00000000_" + "a" * 43),
        _basic("training-pipeline", "a password"),
        "Bearer csn_nothing",
        "Negotiate abc",
    ],
)
def test_who_is_not_known_is_told_so(pipeline: Account, client: Client, header: str) -> None:
    answer = client.get(INFO, headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert answer["WWW-Authenticate"].startswith("Basic")


def test_a_token_is_no_password_of_somebody_else(pipeline: Account, client: Client) -> None:
    token = make.token(pipeline, Verb.READ)
    answer = client.get(INFO, headers={"Authorization": _basic("olga", token)})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")


def test_a_browser_that_is_signed_in_is_nobody_here(pipeline: Account, client: Client) -> None:
    client.force_login(make.account("rita", Role.AUDITOR, password="a long sentence"))
    assert client.get(INFO).status_code == 401


def test_a_token_without_the_scope_is_refused(pipeline: Account) -> None:
    assert caller(pipeline, Verb.PROMOTE).refused("GET", INFO) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize(
    "path", ["/api/2.0/mlflow", "/api/2.0/mlflow/", "experiments/list", "registered-models/get/", "/api/3.0/mlflow/x"]
)
def test_what_is_not_there_is_told_without_a_redirect(client: Client, method: str, path: str) -> None:
    address = path if path.startswith("/") else f"/api/2.0/mlflow/{path}"
    answer = client.generic(method, address, "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_a_method_that_a_call_does_not_have(mlflow: MlflowCaller) -> None:
    assert mlflow.refused("POST", INFO) == (405, "ENDPOINT_NOT_FOUND")


def test_a_host_that_is_not_ours(client: Client) -> None:
    answer = client.get(INFO, headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("raised", "status", "error_code"),
    [
        (UnknownModel("?"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (NameTaken("?"), 400, "RESOURCE_ALREADY_EXISTS"),
        (MoveImpossible("?"), 409, "INVALID_STATE_TRANSITION"),
        (Malformed("?", field="name"), 400, "INVALID_PARAMETER_VALUE"),
        (InvalidParameter("?"), 400, "INVALID_PARAMETER_VALUE"),
        (NotEntitled("?"), 403, "PERMISSION_DENIED"),
        (OperationalError("?"), 503, "TEMPORARILY_UNAVAILABLE"),
        (DatabaseError("a secret"), 500, "INTERNAL_ERROR"),
        (KeyError("a secret"), 500, "INTERNAL_ERROR"),
    ],
)
def test_every_refusal_has_a_status_and_a_code_that_a_client_knows(
    raised: Exception, status: int, error_code: str
) -> None:
    answer = answer_to(raised)
    assert (answer.status_code, answer.data["error_code"]) == (status, error_code)
    assert answer.data["message"]
    assert "secret" not in json.dumps(answer.data)


class _Broken(ClientDoor):
    authentication_classes = []
    permission_classes = []

    def get(self, request: Request) -> Response:
        raise RuntimeError("a secret")


def test_a_fault_of_ours_tells_nothing_but_that(rf: object) -> None:
    answer = _Broken.as_view()(rf.get("/"))  # type: ignore[attr-defined]
    assert (answer.status_code, answer.data["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in str(answer.data)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"text"', b"{", b'{"a": 1, "a": 2}', b'{"name": "\\u0000"}', b"\xff", b"[" * 5000]
)
def test_a_body_that_is_no_object_never_breaks_anything(mlflow: MlflowCaller, body: bytes) -> None:
    answer = mlflow.generic("POST", "/api/2.0/mlflow/registered-models/create", body, content_type="application/json")
    assert answer.status_code in {400, 404}
    assert answer.json()["error_code"]


class TestParameters:
    def test_types_are_what_they_are_asked_for(self) -> None:
        given = Parameters(
            {"name": "a", "count": "7", "flag": True, "list": ["a"], "tags": [{"key": "k", "value": "v"}]}
        )
        assert given.text("name") == "a"
        assert given.text("description", default="") == ""
        assert given.optional_text("description") is None
        assert given.whole("count", default=1, least=1, most=9) == 7
        assert given.whole("other", default=1, least=1, most=9) == 1
        assert given.flag("flag")
        assert not given.flag("other")
        assert given.texts("list") == ["a"]
        assert given.pairs("tags") == {"k": "v"}
        assert given.pairs("other") == {}

    def test_of_a_query_every_occurrence_counts_in_a_list(self) -> None:
        given = Parameters({"order_by": "a", "flag": "TRUE"}, {"order_by": ["a", "b"], "flag": ["TRUE"]})
        assert given.texts("order_by") == ["a", "b"]
        assert given.flag("flag")

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda it: it.text("missing"),
            lambda it: it.text("empty"),
            lambda it: it.text("number"),
            lambda it: it.whole("empty", default=1, least=0, most=9),
            lambda it: it.whole("number", default=1, least=0, most=9),
            lambda it: it.whole("flag", default=1, least=0, most=9),
            lambda it: it.flag("number"),
            lambda it: it.texts("empty_list_of_one"),
            lambda it: it.texts("number"),
            lambda it: it.pairs("number"),
            lambda it: it.pairs("keyless"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, wrong: object) -> None:
        given = Parameters(
            {"empty": "", "number": 77, "flag": True, "empty_list_of_one": [1], "keyless": [{"value": "v"}]}
        )
        with pytest.raises(InvalidParameter) as refusal:
            wrong(given)  # type: ignore[operator]
        assert refusal.value.context["field"]
