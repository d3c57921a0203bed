"""Is the service able to answer?"""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from audits.trail import trail_state
from governance.api.problems import MEDIA_TYPE, problem


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database and the head of the trail can be read; whoever asks learns nothing else."""
    try:
        trail_state()
    except DatabaseError:
        document = problem("database_unavailable", 503, "The database or the trail's head does not answer.")
        return JsonResponse(document, status=503, content_type=MEDIA_TYPE)
    return JsonResponse({"status": "ok"})
