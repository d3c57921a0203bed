"""How is a refused request told, in the one form of RFC 9457, whatever refused it?"""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response

from audits.errors import DomainError
from audits.evidence import EvidenceDamaged, EvidenceMissing
from governance.api.errors import TooLarge, UnknownPath
from governance.errors import PolicyMalformed

MEDIA_TYPE = "application/problem+json"
STANDARD = ("type", "title", "status", "detail", "code")

log = structlog.get_logger(__name__)


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Return the answer to a request that raised, or None for a fault of ours, which goes on as it is."""
    found = problem_of_exception(exc)
    if found is None:
        return None
    return Response(found, status=found["status"], content_type=MEDIA_TYPE, headers=headers_of(exc, found))


def headers_of(exc: Exception, found: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that tell a client how to go on after a problem."""
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if found["status"] == 429:
        headers["Retry-After"] = str(found["retry_after"])
    if found["status"] == 503:
        headers["Retry-After"] = "1"
        log.warning("database_unavailable", problem=str(exc))
    return headers


def problem(code: str, status: int, detail: str, **context: Any) -> dict[str, Any]:
    """Return a problem document; what the context holds stands beside the members every problem has."""
    return {
        "type": f"urn:countersign:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        **{key: value for key, value in context.items() if key not in STANDARD},
    }


SERVER_ERROR = problem(
    "server_error", 500, "Something is wrong here, not with your request; the operator's log has the details."
)
UNREADABLE = problem("unreadable_request", 400, "The request cannot be read; check the Host header and the path.")


def problem_of(refusal: DomainError) -> dict[str, Any]:
    """Return the problem document of a refusal by a use case."""
    context = dict(refusal.context)
    if refusal.code == "malformed" and "field" in context:
        context["errors"] = [{"field": context.pop("field"), "detail": refusal.detail}]
    if isinstance(refusal, PolicyMalformed):
        context["errors"] = [_error_in_text(error) for error in context["errors"]]
    return problem(refusal.code, refusal.status, refusal.detail, **context)


def _error_in_text(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"field": "text", "detail": error["sentence"], "line": error["line"], "column": error["column"]}


def problem_of_exception(exc: Exception) -> dict[str, Any] | None:
    """Return the problem document of what a request raised, or None for a fault of ours."""
    match exc:
        case DomainError():
            return problem_of(exc)
        case exceptions.ValidationError():
            return _malformed(exc)
        case exceptions.APIException():
            return problem(_code_of(exc), exc.status_code, str(exc.detail))
        case Http404():
            return problem("unknown_path", 404, "There is nothing at this address.")
        case RequestDataTooBig():
            return problem_of(TooLarge("The body is too large; upload files with PUT to /api/v1/blobs/{sha256}."))
        case SuspiciousOperation() | BadRequest() | MultiPartParserError() | UnreadablePostError():
            return problem("unreadable_request", 400, "The request cannot be read; send it again from the start.")
        case IntegrityError() if _lost_a_race(exc):
            # Two requests passed the same look; the constraint let one of them write.
            detail = "Somebody else did the same at the same moment; send the request again."
            return problem("conflict", 409, detail)
        case OperationalError():
            return problem("database_unavailable", 503, "The database does not answer; send the request again.")
        case EvidenceMissing() | EvidenceDamaged():
            log.error("evidence_unreadable", problem=str(exc))
            detail = "The stored bytes are gone or no longer have their digest; tell an operator."
            return problem("evidence_damaged", 500, detail)
        case _:
            return None


def _lost_a_race(exc: IntegrityError) -> bool:
    """Return whether a key was taken meanwhile; every other broken constraint is a fault of ours."""
    cause = exc.__cause__
    if sqlstate := getattr(cause, "sqlstate", None):
        return bool(sqlstate == "23505")
    taken = getattr(cause, "sqlite_errorname", "") in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
    # On SQLite the guard of an append-only table speaks before the constraint does.
    return taken or "REPLACE refused" in str(cause)


_CODES: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "malformed_body",
    exceptions.NotAuthenticated: "not_authenticated",
    exceptions.AuthenticationFailed: "token_invalid",
    exceptions.PermissionDenied: "not_entitled",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
}


def _code_of(exc: exceptions.APIException) -> str:
    return _CODES.get(type(exc), exc.default_code)


def _malformed(exc: exceptions.ValidationError) -> dict[str, Any]:
    errors = [{"field": field, "detail": detail} for field, detail in _flat(exc.detail, "")]
    told = "; ".join(f"{error['field']}: {error['detail']}" if error["field"] else error["detail"] for error in errors)
    return problem("malformed", 422, told, errors=errors)


def _flat(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield field and sentence of every error, with a dotted path into nested values."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, f"{path}.{step}".strip("."))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _flat(inner, f"{path}.{index}".strip(".") if isinstance(inner, dict) and inner else path)
    else:
        yield path, str(detail)


def unknown_path(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer what no other address of the API has taken."""
    refusal = UnknownPath(f"There is nothing at {request.path}; /api/docs lists what there is.")
    return problem_page(problem_of(refusal))


def problem_page(document: dict[str, Any]) -> HttpResponse:
    """Return a problem document as the answer of a plain view."""
    return JsonResponse(document, status=document["status"], content_type=MEDIA_TYPE)
