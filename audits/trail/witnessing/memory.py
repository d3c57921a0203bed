"""What do we, as a witness, remember of other logs, and when do we cosign?"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from django.db import IntegrityError, transaction

from audits.trail.keys import Verifier
from audits.trail.notes import Checkpoint, NoteRefused, cosignature_line
from audits.trail.witnessing.configured import witness_signers
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
    """Remember the checkpoint in the body of an add-checkpoint request and return the lines that cosign it.

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
    return "".join(_words(text, int(at.timestamp())))


def _words(text: str, at: int) -> Iterator[str]:
    for signer in witness_signers():
        # An origin or name of more than 255 bytes has no place in what ML-DSA signs; Ed25519 then speaks alone.
        with suppress(NoteRefused):
            yield cosignature_line(text, signer, at=at)


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
