"""What of the trail goes into a bundle?

Read in pieces and never whole in memory. A trail that is no longer whole is exported as it is: that is when somebody
outside needs to see it, and the verifier says what is wrong with it.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Max

from audits.offline import verify
from audits.trail.bundle import BundleWriter, gathered, verifier_source
from audits.trail.canonical import canonical_json
from audits.trail.checkpoints import log_signer
from audits.trail.key_history import SUBJECT as KEYS_SUBJECT
from audits.trail.models import Checkpoint, Entry, TrailTile
from audits.trail.proofs import EntryProof
from audits.trail.tiles import TILE_WIDTH
from audits.trail.tree import BeyondTree, TreeBroken, prove_consistency, prove_inclusion
from audits.trail.witnessing.cosigned import cosigned_note

# A value is quoted only when it holds one of these, and no text of an entry does: the text comes out as it was stored.
# COPY's own format would double every backslash.
_COPY: Final = """
COPY (SELECT text FROM audits_entry WHERE "index" < {} ORDER BY "index")
TO STDOUT WITH (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01', ESCAPE E'\\x01')
"""
_ROWS: Final = 5000


@dataclass(frozen=True, slots=True)
class BundleOrder:
    """What a bundle is to hold: entries under a checkpoint, and proofs that it continues earlier ones.

    `subjects`: None for the whole trail, else all entries about each of these, and always those about the keys of the
    trail. `documents`: further files, by name.
    `claims`: what else the signed manifest says, such as for whom it was made; stable ids only.
    """

    checkpoint: Checkpoint
    subjects: tuple[str, ...] | None
    earlier: tuple[Checkpoint, ...]
    documents: Mapping[str, bytes]
    claims: Mapping[str, Any]


def write_bundle(file: IO[bytes], order: BundleOrder) -> None:
    """Write a bundle to a file that can be sought in, and sign it.

    Raises: TreeBroken when entries about chosen subjects can no longer be proved.
    """
    size = order.checkpoint.size
    note = cosigned_note(order.checkpoint)
    # The key for this size, so that a reader asks one question of both signatures.
    signer = log_signer(size=size)
    writer = BundleWriter(file)
    for name, content in order.documents.items():
        writer.add(name, [content])
    writer.add("verify.py", [verifier_source()])
    writer.add(verify.CHECKPOINT, [note.encode()])
    writer.add(verify.EARLIER, [canonical_json(_steps(order), max_bytes=None)])
    listed = None
    subjects = sorted({*(order.subjects or ()), KEYS_SUBJECT})
    if order.subjects is None:
        writer.add(verify.ENTRIES, gathered(_texts(size)))
        writer.add(verify.HASHES, gathered(_leaf_hashes(size)))
    else:
        listed = [{"subject": one, "entries": count} for one, count in counted(subjects, size).items()]
        writer.add(verify.ENTRIES, gathered(f"{text}\n".encode() for _, text in _about(subjects, size)))
        for name, proof in _proofs(subjects, size, note):
            writer.add(name, [proof.encode()])
    predicate = {
        **order.claims,
        "origin": settings.TRAIL_ORIGIN,
        "key": signer.verifier.key_string,
        "checkpoint": {"size": size, "root": bytes(order.checkpoint.root).hex()},
        "subjects": listed,
    }
    writer.close(predicate, signer)


def counted(subjects: Sequence[str], size: int) -> dict[str, int]:
    """Return the number of the last entry about each subject among the first `size`; 0 for one there is none about."""
    rows = Entry.objects.filter(subject__in=subjects, index__lt=size).order_by().values_list("subject")
    found = dict(rows.annotate(last=Max("subject_number")))
    return {subject: found.get(subject, 0) for subject in sorted(subjects)}


def _texts(size: int) -> Iterator[bytes]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(_COPY.format(int(size))) as copy:
            for block in copy:
                yield bytes(block)
        return
    texts = Entry.objects.filter(index__lt=size).order_by("index").values_list("text", flat=True)
    for text in texts.iterator(_ROWS):
        yield f"{text}\n".encode()


def _leaf_hashes(size: int) -> Iterator[bytes]:
    """Yield the hashes of the tree's lowest level: of the stored tiles, and where there is none, of the entries."""
    expected = 0
    tiles = TrailTile.objects.filter(level=0, index__lt=size // TILE_WIDTH).order_by("index")
    for index, hashes in tiles.values_list("index", "hashes").iterator(100):
        if index > expected:
            yield from _hashes_of_entries(expected * TILE_WIDTH, index * TILE_WIDTH)
        yield bytes(hashes)
        expected = index + 1
    yield from _hashes_of_entries(expected * TILE_WIDTH, size)


def _hashes_of_entries(start: int, end: int) -> Iterator[bytes]:
    rows = Entry.objects.filter(index__gte=start, index__lt=end).order_by("index").values_list("leaf_hash", flat=True)
    yield from (bytes(leaf) for leaf in rows.iterator(_ROWS))


def _about(subjects: Sequence[str], size: int) -> Iterator[tuple[int, str]]:
    rows = Entry.objects.filter(subject__in=subjects, index__lt=size).order_by("index")
    return rows.values_list("index", "text").iterator(_ROWS)


def _proofs(subjects: Sequence[str], size: int, note: str) -> Iterator[tuple[str, str]]:
    for index, _ in _about(subjects, size):
        proof = EntryProof(index, tuple(prove_inclusion(index, size)), note)
        yield f"proofs/{index:012}.tlog-proof", proof.text


def _steps(order: BundleOrder) -> list[dict[str, Any]]:
    return list(_consistent(order.earlier, order.checkpoint.size))


def _consistent(earlier: Iterable[Checkpoint], size: int) -> Iterator[dict[str, Any]]:
    for checkpoint in sorted(earlier, key=lambda one: one.size):
        try:
            hashes = prove_consistency(checkpoint.size, size)
        except (BeyondTree, TreeBroken):
            continue  # who remembers that checkpoint is told that it cannot be compared
        yield {"checkpoint": cosigned_note(checkpoint), "hashes": [b64encode(one).decode() for one in hashes]}
