"""What do we, as a witness, remember of other logs, and when do we cosign?"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from django.db import IntegrityError, transaction

from audits.trail.keys import Verifier
from audits.trail.notes import Checkpoint, cosignature_line
from audits.trail.witnessing.configured import witness_signer
from audits.trail.witnessing.models import WitnessedCheckpoint
from audits.trail.witnessing.protocol import (
    NOTHING_SEEN,
    SIZE_TYPE,
    NotCosigned,
    Seen,
    Submission,
    open_submission,
    require_extension,
)


def witness_checkpoint(body: bytes, *, logs: Mapping[str, Sequence[Verifier]], at: datetime) -> str:
    """Remember the checkpoint in the body of an add-checkpoint request and return the line that cosigns it.

    Raises: NotCosigned with the answer to give. Idempotent: by origin and size.
    Locks: what is remembered of the log, so that of two requests at a time one sees the other's.
    """
    submission = Submission.parse(body)
    checkpoint, text = open_submission(submission, logs)
    try:
        with transaction.atomic():
            require_extension(submission, checkpoint, _seen(checkpoint.origin))
            if checkpoint.size > submission.old_size:
                _remember(submission, checkpoint, at)
    except IntegrityError:
        # Somebody else's request for the same log was the first; only they can have stored what stood in the way.
        size = WitnessedCheckpoint.objects.filter(origin=checkpoint.origin).order_by("-size").first()
        raise NotCosigned(409, f"{size.size if size else 0}\n", SIZE_TYPE) from None
    return cosignature_line(text, witness_signer(), at=int(at.timestamp()))


def _seen(origin: str) -> Seen:
    rows = WitnessedCheckpoint.objects.filter(origin=origin).order_by("-size")
    while locked := rows.select_for_update().first():
        # Locking the newest row waits for whoever adds a newer one, and then still holds the old: look again.
        newest = rows.first()
        if newest is not None and newest.pk == locked.pk:
            return Seen(locked.size, bytes(locked.root))
    return NOTHING_SEEN


def _remember(submission: Submission, checkpoint: Checkpoint, at: datetime) -> None:
    WitnessedCheckpoint.objects.create(
        origin=checkpoint.origin,
        origin_sha256=sha256(checkpoint.origin.encode()).hexdigest(),
        old_size=submission.old_size,
        size=checkpoint.size,
        root=checkpoint.root,
        note=submission.note,
        seen_at=at,
    )


def find_witnessed(origin_sha256: str) -> str | None:
    """Return the newest note that we cosigned for a log, as the log sent it; None when there is none.

    The log can read here what it once signed, also after its own database has forgotten it.
    """
    newest = WitnessedCheckpoint.objects.filter(origin_sha256=origin_sha256).order_by("-size").first()
    return newest.note if newest else None
