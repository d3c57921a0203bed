"""How does the trail leave the house in one file that an outsider can check without us?"""

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from audits.evidence import receive
from audits.trail import (
    Actor,
    BundleOrder,
    Checkpoint,
    TreeBroken,
    canonical_json,
    counted,
    log_verifier,
    new_uid,
    newest_checkpoint,
    now,
    record,
    timestamp,
    witnessed_size,
    write_bundle,
)
from governance.errors import NothingRecorded, TrailNotWhole, UnknownCheckpoint, UnknownSubject
from governance.models import BundleExport, PolicyVersion
from governance.roles import Verb
from governance.services._signing import sign_up_to_now
from governance.services.authority import authorise_operator_or_shell
from registry.models import ModelVersion

README: Final = Path(__file__).parent.parent / "templates" / "bundle" / "README.txt"
MEDIA_TYPE: Final = "application/zip"


def export_bundle(*, actor: Actor, subjects: Sequence[str] = (), since: int | None = None) -> BundleExport:
    """Write entries, proofs and policies into one signed file, keep its bytes and record who took it.

    `subjects`: all entries about these; none means the whole trail. `since`: size of the checkpoint that the recipient
    remembers, by default that of the bundle this actor took last. The trail is signed up to the present first; one that
    is no longer whole is exported under the newest checkpoint there is.
    Records: bundle.exported. Raises: NotEntitled, UnknownSubject, UnknownCheckpoint, NothingRecorded, TrailNotWhole.
    """
    authorise_operator_or_shell(actor, Verb.EXPORT)
    checkpoint = _checkpoint()
    chosen = _known(subjects, checkpoint.size)
    remembered = _remembered(actor, since, checkpoint.size)
    at, uid = now(), new_uid()
    order = BundleOrder(
        checkpoint=checkpoint,
        subjects=tuple(chosen) or None,
        earlier=tuple(_earlier(remembered, checkpoint.size)),
        documents={"README.txt": _readme(uid, at, chosen, checkpoint), "policy.json": _policies(at)},
        claims={"bundle": str(uid), "created_at": timestamp(at), "requested_by": str(actor)},
    )
    sha256, size = _stored(order)
    with record(actor=actor, at=at) as recording:
        export = BundleExport(
            uid=uid,
            subjects=chosen,
            checkpoint_size=checkpoint.size,
            since=remembered.size if remembered else 0,
            file_name=f"countersign-bundle-{checkpoint.size}-{sha256[:12]}.zip",
            sha256=sha256,
            size=size,
            exported_by=str(actor),
            exported_at=at,
        )
        data = {"sha256": sha256, "checkpoint_size": checkpoint.size, "subjects": chosen}
        return recording.create(export, action="bundle.exported", subject=export.subject, data=data)


def subjects_about(version: ModelVersion) -> list[str]:
    """Return the subjects of a version's file: itself, its model, tables, promotions and their policies."""
    promotions = list(version.promotions.prefetch_related("decisions"))
    found = {version.subject, version.model.subject}
    found |= {f"evidence/{table['uid']}" for table in (version.tables | version.documents).values()}
    found |= {promotion.subject for promotion in promotions}
    found |= {
        f"policy/{policy['name']}/{policy['number']}"
        for promotion in promotions
        for decision in promotion.decisions.all()
        for policy in decision.policies
    }
    return sorted(found)


def _checkpoint() -> Checkpoint:
    sign_up_to_now()
    checkpoint = newest_checkpoint()
    if checkpoint is None:
        raise NothingRecorded("Nothing has been recorded yet, so there is nothing to take away.")
    return checkpoint


def _known(subjects: Sequence[str], size: int) -> list[str]:
    found = counted(sorted(set(subjects)), size)
    missing = [subject for subject, count in found.items() if not count]
    if missing:
        raise UnknownSubject(
            f"The trail holds no entry about {missing[0]}; list the entries to see how subjects are written.",
            subjects=missing,
        )
    return list(found)


def _remembered(actor: Actor, since: int | None, size: int) -> Checkpoint | None:
    if since is None:
        last = BundleExport.objects.filter(exported_by=str(actor)).order_by("-id").first()
        return Checkpoint.objects.filter(size=last.checkpoint_size, size__lt=size).first() if last else None
    found = Checkpoint.objects.filter(size=since, size__lte=size).first()
    if found is None:
        raise UnknownCheckpoint(
            f"No checkpoint over {since} entries is stored here. Whoever holds one that carries our signature should "
            "keep it and ask why.",
            since=since,
        )
    return found


def _earlier(remembered: Checkpoint | None, size: int) -> Iterable[Checkpoint]:
    """Return the checkpoints to be continued: what the recipient remembers, and what witnesses have seen."""
    sizes = {witnessed_size()} | ({remembered.size} if remembered else set())
    return Checkpoint.objects.filter(size__in=sizes - {size})


def _stored(order: BundleOrder) -> tuple[str, int]:
    """Write the bundle beside the store, keep it there, and return its digest and size."""
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="bundle-") as file:
        try:
            write_bundle(file, order)
        except TreeBroken as problem:
            raise TrailNotWhole(
                f"These entries can no longer be proved: {problem} Ask for a bundle of the whole trail instead."
            ) from None
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        length = file.tell()
        file.seek(0)
        receive(file, sha256=sha256, length=length)
    return sha256, length


def _policies(at: datetime) -> bytes:
    """Return every edition that was in force until now, with its text."""
    editions = PolicyVersion.objects.filter(published_at__lte=at).order_by("name", "number")
    listed = [
        {
            "name": edition.name,
            "number": edition.number,
            "title": edition.title,
            "sha256": edition.sha256,
            "published_at": timestamp(edition.published_at),
            "published_by": edition.published_by,
            "text": edition.text,
        }
        for edition in editions
    ]
    return canonical_json(listed, max_bytes=None)


def _readme(uid: UUID, at: datetime, subjects: Sequence[str], checkpoint: Checkpoint) -> bytes:
    key = log_verifier()
    told = README.read_text(encoding="utf-8").format(
        origin=settings.TRAIL_ORIGIN,
        uid=uid,
        at=timestamp(at),
        size=checkpoint.size,
        extent="The whole trail." if not subjects else "All entries about: " + ", ".join(subjects) + ".",
        key=key.key_string,
        fingerprint=key.label,
    )
    return told.encode()
