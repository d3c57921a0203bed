"""How do other logs have us remember their checkpoints? (C2SP tlog-witness)

No account and no token: whoever brings a checkpoint that a log of COUNTERSIGN_WITNESSED_LOGS signed is that log.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from audits.trail import (
    NotCosigned,
    find_witnessed,
    now,
    witness_checkpoint,
    witness_verifiers,
    witnessed_logs,
)

TEXT = "text/plain; charset=utf-8"


@csrf_exempt
@require_POST
@never_cache
def add_checkpoint(request: HttpRequest) -> HttpResponse:
    """Answer 200 with a cosignature by each of our keys, or the status and body that the protocol gives the refusal."""
    try:
        lines = witness_checkpoint(request.body, logs=witnessed_logs(), at=now())
    except NotCosigned as refusal:
        return HttpResponse(refusal.body, status=refusal.status, content_type=refusal.content_type)
    return HttpResponse(lines, content_type=TEXT)


@require_safe
@never_cache
def checkpoint(request: HttpRequest, origin_sha256: str) -> HttpResponse:
    """Answer with the newest note that we cosigned for a log: where it looks after it was restored from a copy."""
    note = find_witnessed(origin_sha256)
    if note is None:
        return HttpResponse("Nothing of this log was witnessed here.\n", status=404, content_type=TEXT)
    return HttpResponse(note, content_type=TEXT)


@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """Answer with the public keys, one a line, of which others name one in COUNTERSIGN_WITNESSES when they ask us."""
    return HttpResponse("".join(f"{key.key_string}\n" for key in witness_verifiers()), content_type=TEXT)
