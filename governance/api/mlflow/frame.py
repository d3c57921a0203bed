"""What do all calls of the dialect have in common?

A call is a `ClientDoor`: it declares the verb of each method, reads `parameters_of(request)`, calls one use case and
answers 200 with a JSON object. Whatever goes wrong, wherever under the prefix, answers `{error_code, message, …}`.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import Door
from governance.api.errors import UnknownPath
from governance.api.mlflow.authentication import ClientAuthentication
from governance.api.mlflow.errors import told
from governance.api.problems import SERVER_ERROR, headers_of, problem_of, problem_of_exception
from governance.api.reach import Reach

log = structlog.get_logger(__name__)

# A request is about the model that its `name` names.
OF_NAMED = Reach(said="name")
PREFIXES = ("/api/2.0/mlflow", "/api/3.0/mlflow")


class ClientDoor(Door):
    """A call of the dialect: one method for each use case, each with the verb it needs in `verbs`."""

    authentication_classes = [ClientAuthentication]
    http_method_names = ["get", "head", "post", "patch", "delete"]
    schema = None  # type: ignore[assignment]  # it is MLflow's to describe

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method in {"PATCH", "DELETE"}:
            # Read here, where Django bounds its size, before a parser takes the stream.
            request._request.body  # noqa: B018
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Any:
        return answer_to


def answer_to(exc: Exception, context: Any = None) -> Response:
    """Return the answer to a request that raised, a fault of ours included."""
    problem = problem_of_exception(exc)
    if problem is None:
        log.error("mlflow_call_failed", exc_info=exc)
        problem = SERVER_ERROR
    status, body = told(problem)
    return Response(body, status=status, headers=headers_of(exc, problem))


def unknown_call(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer what no call of the dialect has taken, in the words that make a client fall back to another one."""
    refusal = UnknownPath(f"There is no {request.method} {request.path}; docs/reference/mlflow.md lists the calls.")
    return told_page(problem_of(refusal))


def told_page(problem: Mapping[str, Any]) -> HttpResponse:
    """Return a problem document as the answer of a plain view."""
    status, body = told(problem)
    return JsonResponse(body, status=status)
