"""What did we sign, and how is that shown to others?

Entries are numbered when they are recorded; tree and checkpoint follow here, later, and cost the recording nothing.
"""

from typing import TypedDict

from django.conf import settings
from django.db import transaction

from audits.trail import clock
from audits.trail.anchors.configured import configured_anchors
from audits.trail.anchors.guard import read_anchors, require_extension
from audits.trail.durability import on_disk_first
from audits.trail.models import Checkpoint, Head, TreeState
from audits.trail.notes import Checkpoint as CheckpointText
from audits.trail.notes import NoteRefused, open_checkpoint, sign_note
from audits.trail.proofs import EntryProof
from audits.trail.signing import KeyNotHeld, key_history, log_signer, log_verifier, log_verifiers
from audits.trail.tree import BeyondTree, integrate, prove_inclusion, root_at
from audits.trail.witnessing.cosigned import cosigned_note, witnessed_size


class TrailState(TypedDict):
    """How long the trail is, and how much of it is signed and witnessed. Reports and pages read these keys."""

    origin: str
    size: int
    signed_size: int
    root: str
    checkpoint: str
    key: str
    key_fingerprint: str
    witnessed_size: int
    unwitnessed: int


class SignedTreeDiffers(RuntimeError):
    """The entries under a checkpoint that we signed are no longer those: nothing more is signed."""

    code = "signed_tree_differs"


def newest_checkpoint() -> Checkpoint | None:
    """Return the checkpoint that covers most."""
    return Checkpoint.objects.order_by("-size").first()


def publish_checkpoint() -> Checkpoint | None:
    """Integrate what was recorded since the last time and sign size and root; None when nothing was.

    A tree that does not extend the one signed last MUST NOT be signed, whether the database still knows of that one
    or only an anchor does.
    Idempotent: by size. Raises: SignedTreeDiffers, TrailNotExtended, TreeBroken, KeyNotHeld, SignerFailed.
    Locks: the tree's state, never the head, so that recording goes on meanwhile.
    """
    integrate()
    with on_disk_first(), transaction.atomic():
        size = TreeState.objects.select_for_update().get(id=1).size
        signed = newest_checkpoint()
        if signed is not None:
            _require_extended(signed, size)
        if size == (signed.size if signed else 0):
            return None
        if signed is not None:
            _require_known(signed)
        near = [anchor for anchor in configured_anchors() if anchor.is_near]
        require_extension(read_anchors(near, log_keys=log_verifiers(), problems=[]))
        root = root_at(size)
        text = CheckpointText(settings.TRAIL_ORIGIN, size, root).text
        return Checkpoint.objects.create(
            size=size, root=root, note=sign_note(text, log_signer(size=size)), signed_at=clock.now()
        )


def _require_extended(signed: Checkpoint, size: int) -> None:
    if signed.size > size:
        raise SignedTreeDiffers(
            f"A checkpoint over {signed.size} entries was signed, and the tree has {size}. "
            "The end of the trail is gone; run verify_trail."
        )
    if root_at(signed.size) != bytes(signed.root):
        raise SignedTreeDiffers(
            f"The first {signed.size} entries no longer have the root that was signed; run verify_trail."
        )


def _require_known(signed: Checkpoint) -> None:
    """A process that was started without the installation's keys has made one of its own, which nobody knows."""
    keys = [key.verifier for key in key_history().keys]
    try:
        open_checkpoint(signed.note, origin=settings.TRAIL_ORIGIN, log_keys=keys)
    except NoteRefused:
        held = ", ".join(key.label for key in keys)
        raise KeyNotHeld(
            f"The newest checkpoint, over {signed.size} entries, is signed by none of the keys known here: {held}. "
            "Give this process the keys that the trail was signed with."
        ) from None


def entry_proof(index: int) -> str:
    """Return the file that shows, without us, that an entry is in the trail (C2SP tlog-proof).

    Raises: BeyondTree when no checkpoint covers the entry.
    """
    signed = newest_checkpoint()
    if signed is None or not 0 <= index < signed.size:
        size = signed.size if signed else 0
        raise BeyondTree(f"The newest checkpoint covers {size} entries; entry {index} is not among them.", size)
    return EntryProof(index, tuple(prove_inclusion(index, signed.size)), cosigned_note(signed)).text


def trail_size() -> int:
    """Return how many entries there are."""
    return Head.objects.values_list("size", flat=True).get(id=1)


def signed_size() -> int:
    """Return how many entries the newest checkpoint covers."""
    return Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0


def trail_state() -> TrailState:
    """Return what is signed, what is witnessed and what is not, with the newest note and the key that signed it."""
    newest = newest_checkpoint()
    size, witnessed = Head.objects.get(id=1).size, witnessed_size()
    verifier = log_verifier()
    return {
        "origin": settings.TRAIL_ORIGIN,
        "size": size,
        "signed_size": newest.size if newest else 0,
        "root": bytes(newest.root).hex() if newest else "",
        "checkpoint": cosigned_note(newest) if newest else "",
        "key": verifier.key_string,
        "key_fingerprint": verifier.label,
        "witnessed_size": witnessed,
        "unwitnessed": max(size - witnessed, 0),
    }
