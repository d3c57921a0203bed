"""What is answered when no view could: a fault of ours, or a request that was refused before it reached one?

Programs get the form of the dialect they speak, people Django's page.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from governance.api.mlflow import frame
from governance.api.problems import SERVER_ERROR, UNREADABLE, problem_page


def server_error(request: HttpRequest) -> HttpResponse:
    """Handle what a view raised and nobody caught."""
    return _told(request, SERVER_ERROR) or defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Handle a request for a host that is not ours, and the like."""
    return _told(request, UNREADABLE) or defaults.bad_request(request, exception)


def _told(request: HttpRequest, problem: dict[str, Any]) -> HttpResponse | None:
    if request.path.startswith(frame.PREFIXES):
        return frame.told_page(problem)
    return problem_page(problem) if request.path.startswith("/api/") else None
