"""How far has the tree come, and what did we sign?

Entries are numbered when they are recorded; the tree follows here, later, and costs the recording nothing.
"""

from collections.abc import Iterator

from django.conf import settings
from django.db import transaction

from audits.trail import clock
from audits.trail.keys import KeyKind, Signer, Verifier
from audits.trail.merkle import Frontier
from audits.trail.models import Checkpoint, Entry, Head, TreeState
from audits.trail.notes import Checkpoint as CheckpointText
from audits.trail.notes import sign_note

HASH_BYTES = 32


def log_signer() -> Signer:
    """Return the key that signs checkpoints. It MUST NOT leave the process."""
    return Signer(settings.TRAIL_ORIGIN, KeyKind.ED25519, settings.TRAIL_KEY_SEED)


def log_verifier() -> Verifier:
    """Return the public key by which an outsider recognises our checkpoints."""
    return log_signer().verifier


def publish_checkpoint() -> Checkpoint | None:
    """Integrate what was recorded since the last time and sign size and root; None when nothing was.

    Idempotent: by size. Locks: the tree's state, never the head, so that recording goes on meanwhile.
    """
    with transaction.atomic():
        state = TreeState.objects.select_for_update().get(id=1)
        frontier = Frontier(state.size, _hashes(bytes(state.frontier)))
        leaves = Entry.objects.filter(index__gte=state.size).order_by("index").values_list("leaf_hash", flat=True)
        for leaf in leaves.iterator(5000):
            frontier.append(bytes(leaf))
        if frontier.size == state.size:
            return None
        text = CheckpointText(settings.TRAIL_ORIGIN, frontier.size, frontier.root()).text
        checkpoint = Checkpoint.objects.create(
            size=frontier.size, root=frontier.root(), note=sign_note(text, log_signer()), signed_at=clock.now()
        )
        TreeState.objects.filter(id=1).update(size=frontier.size, frontier=b"".join(frontier.hashes))
    return checkpoint


def _hashes(frontier: bytes) -> Iterator[bytes]:
    for start in range(0, len(frontier), HASH_BYTES):
        yield frontier[start : start + HASH_BYTES]


def trail_state() -> dict[str, object]:
    """Return what is signed and what is not: origin, sizes, root, the newest note and the key that signed it.

    No witness is asked yet, so the whole trail counts as unwitnessed and every report says so.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    size = Head.objects.get(id=1).size
    verifier = log_verifier()
    return {
        "origin": settings.TRAIL_ORIGIN,
        "size": size,
        "signed_size": newest.size if newest else 0,
        "root": bytes(newest.root).hex() if newest else "",
        "checkpoint": newest.note if newest else "",
        "key": verifier.key_string,
        "key_fingerprint": verifier.label,
        "witnessed_size": 0,
        "unwitnessed": size,
    }
