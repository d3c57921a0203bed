"""The API as a program reads it: complete, stored, and true."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from audits.errors import DomainError
from governance.api.problems import _CODES
from governance.api.v1.urls import urlpatterns

SNAPSHOT = Path(__file__).parent / "openapi.yaml"
OTHER_CODES = {"malformed", "conflict", "unreadable_request", "evidence_damaged", *_CODES.values()}


def generated() -> str:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return out.getvalue()


@cache
def snapshot() -> dict[str, Any]:
    """Return the document as it is stored; whoever parametrises by it reads it once."""
    return yaml.load(SNAPSHOT.read_text(), yaml.CSafeLoader)


@pytest.fixture
def document() -> dict[str, Any]:
    return snapshot()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_stored_document_is_what_the_code_says() -> None:
    """After a change on purpose: `manage.py spectacular --file tests/governance/api/openapi.yaml`."""
    assert generated() == SNAPSHOT.read_text()


def test_every_address_and_method_is_in_it(document: dict[str, Any]) -> None:
    there = {(path, method) for path, methods in document["paths"].items() for method in methods}
    for pattern in urlpatterns:
        path = "/api/v1/" + str(pattern.pattern)
        for kind in ("segment", "number", "place", "uuid"):
            path = path.replace(f"<{kind}:", "{").replace(">", "}")
        for method in pattern.callback.cls().allowed_methods:
            if method != "HEAD":
                assert (path, method.lower()) in there


def test_it_is_openapi_3_1_and_every_operation_is_guarded(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for name, operation in operations(document).items():
        assert {"token": []} in operation["security"], name
        assert operation["summary"], name
        assert {"401"} <= set(operation["responses"]), name


def test_refusals_are_problem_documents_with_codes_that_exist(document: dict[str, Any]) -> None:
    known = OTHER_CODES | {error.code for error in every_error(DomainError)}
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            assert list(response["content"]) == ["application/problem+json"], (name, status)
            assert set(response["description"].split(", ")) <= known, (name, status)


def every_error(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind} | {error for sub in kind.__subclasses__() for error in every_error(sub)}


def test_every_post_with_a_body_shows_an_example_and_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        if name.startswith("POST"):
            assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}, name
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                assert content["application/json"]["examples"], name


def test_schema_docs_and_health_are_there_and_load_nothing_from_elsewhere(db: None) -> None:
    assert Client().get("/api/health").json() == {"status": "ok"}
    assert b"openapi: 3.1" in b"".join(Client().get("/api/schema"))[:200]
    assert Client().get("/api/docs").status_code == 200
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert b"https://" not in page.content
    assert b"/static/drf_spectacular_sidecar/" in page.content
    script = Client().get("/api/docs?script=")
    assert script["Content-Type"].startswith("application/javascript")
