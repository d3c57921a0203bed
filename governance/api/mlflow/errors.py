"""How is a refusal told to an MLflow client: which status and which `error_code`?

The client raises `RestException` with `error_code` and keeps the whole body in `exception.json`, so that everything a
refusal knows stands beside the two members it needs. It repeats 408, 429, 500, 502, 503 and 504 by itself: no refusal
answers with one of these.
"""

from collections.abc import Mapping
from typing import Any, Final

from audits.errors import DomainError

# The codes of MLflow's `ErrorCode` that this door answers with.
INVALID_PARAMETER_VALUE: Final = "INVALID_PARAMETER_VALUE"
INVALID_STATE_TRANSITION: Final = "INVALID_STATE_TRANSITION"
RESOURCE_DOES_NOT_EXIST: Final = "RESOURCE_DOES_NOT_EXIST"
RESOURCE_ALREADY_EXISTS: Final = "RESOURCE_ALREADY_EXISTS"
ENDPOINT_NOT_FOUND: Final = "ENDPOINT_NOT_FOUND"

# Of our codes, those that mean something more exact to MLflow than their status does.
_BY_CODE: Mapping[str, tuple[int, str]] = {
    "name_taken": (400, RESOURCE_ALREADY_EXISTS),
    "conflict": (409, "RESOURCE_CONFLICT"),
    "idempotency_key_reused": (409, "RESOURCE_CONFLICT"),
    "idempotent_request_in_progress": (409, "ABORTED"),
    "unknown_path": (404, ENDPOINT_NOT_FOUND),
    "method_not_allowed": (405, ENDPOINT_NOT_FOUND),
    "token_invalid": (401, "UNAUTHENTICATED"),
    "not_authenticated": (401, "UNAUTHENTICATED"),
}
_BY_STATUS: Mapping[int, tuple[int, str]] = {
    400: (400, "BAD_REQUEST"),
    401: (401, "UNAUTHENTICATED"),
    403: (403, "PERMISSION_DENIED"),
    404: (404, RESOURCE_DOES_NOT_EXIST),
    409: (409, INVALID_STATE_TRANSITION),
    413: (413, "BAD_REQUEST"),
    415: (415, "BAD_REQUEST"),
    422: (400, INVALID_PARAMETER_VALUE),
    429: (429, "REQUEST_LIMIT_EXCEEDED"),
    500: (500, "INTERNAL_ERROR"),
    503: (503, "TEMPORARILY_UNAVAILABLE"),
}
# Members of a problem document that say in other words what the body says already.
_REPEATED = frozenset({"type", "title", "status", "detail"})


class InvalidParameter(DomainError):
    code, status = "malformed", 422


class AliasUnset(DomainError):
    """MLflow answers 400 here, and clients rely on it."""

    code, status = "unknown_alias", 422


class GateClosed(DomainError):
    """The request was taken, recorded and not allowed. The context tells why, and where it is followed."""

    code, status = "gate_closed", 409


def told(problem: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return status and body for a problem document."""
    status, error_code = _BY_CODE.get(problem["code"]) or _BY_STATUS.get(problem["status"], (500, "INTERNAL_ERROR"))
    more = {name: value for name, value in problem.items() if name not in _REPEATED}
    return status, {"error_code": error_code, "message": problem["detail"], **more}
