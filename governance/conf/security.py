"""What may a browser load and run for one of our pages?

Nothing comes from another machine. The desk needs `unsafe-eval`, because the interface library's expressions are
compiled in the browser; scripts written into a page are still refused, so text that turns into a script tag stays
without effect. A view that needs less, such as the download of a report, sets a stricter header of its own.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_SHARED = (
    "default-src 'none'; img-src 'self' data:; font-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
DESK_POLICY = f"{_SHARED}; script-src 'self' 'unsafe-eval'"
PLAIN_POLICY = f"{_SHARED}; script-src 'self'"


class ContentSecurityPolicy:
    """Adds the header to every answer that does not bring its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = DESK_POLICY if request.path.startswith("/admin/") else PLAIN_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
