"""Which of our checkpoints did witnesses vouch for, and how are their words handed on?"""

from audits.trail.models import Checkpoint
from audits.trail.notes import NoteRefused, verify_cosignature
from audits.trail.witnessing.configured import Witness, configured_witnesses, quorum_of
from audits.trail.witnessing.models import Cosignature


def keep_cosignature(checkpoint: Checkpoint, witness: Witness, line: str, time: int) -> None:
    """Keep a line that was verified. Idempotent: by checkpoint and witness."""
    Cosignature.objects.get_or_create(
        checkpoint=checkpoint, witness=witness.name, defaults={"line": line, "time": time}
    )


def cosigned_note(checkpoint: Checkpoint) -> str:
    """Return the signed note with the words of all witnesses after our own, oldest first."""
    lines = checkpoint.cosignatures.order_by("id").values_list("line", flat=True)
    return checkpoint.note + "".join(lines)


def seen_by(witness: Witness) -> int:
    """Return the largest of our sizes under which this witness's signature stands; 0 for none.

    The signature is verified here and now: a line that somebody wrote into the table counts for nothing.
    """
    kept = Cosignature.objects.filter(witness=witness.name).order_by("-checkpoint_id").select_related("checkpoint")
    for cosignature in kept[:20]:
        try:
            verify_cosignature(note_text(cosignature.checkpoint.note), cosignature.line, witness.key)
        except NoteRefused:
            continue
        return cosignature.checkpoint_id
    return 0


def witnessed_size() -> int:
    """Return the size up to which enough of the configured witnesses have seen the trail.

    A witness that signs with two keys has one name, and counts once.
    """
    seen: dict[str, int] = {}
    for witness in configured_witnesses():
        seen[witness.key.name] = max(seen.get(witness.key.name, 0), seen_by(witness))
    return quorum_of(list(seen.values()))


def note_text(note: str) -> str:
    """Return the text of a note that we wrote ourselves."""
    return note.rpartition("\n\n")[0] + "\n"
