"""How does a version come to exist, move, and be pointed at?

Each function works inside the recording of a use case; none decides whether it may happen.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import IntegerField

from audits.evidence import Evidence
from audits.prepared import Given, Prepared, insert
from audits.trail import Recording
from registry.errors import ArtifactKnown, MoveImpossible, VersionDeleted, VersionLive
from registry.models import (
    AliasAssignment,
    ArtifactBinding,
    CurrentAlias,
    EvidenceAttachment,
    ModelVersion,
    RegisteredModel,
    StageTransition,
    VersionDeletion,
    VersionDependency,
    VersionStage,
    with_artifact,
)
from registry.services.annotations import touch, touch_version
from registry.services.locks import lock_versions
from registry.stages import Rollout, Stage, may_move

_NEWEST = Prepared(
    lambda: (
        ModelVersion.objects.filter(model=Given("model", IntegerField())).order_by("-number").values_list("number")[:1]
    )
)


def register_version(
    *,
    recording: Recording,
    model: RegisteredModel,
    artifact: Evidence | None,
    tables: dict[str, Evidence],
    documents: dict[str, Evidence] | None = None,
    source: str = "",
    notes: str = "",
    trained_by: str = "",
    parent: ModelVersion | None = None,
    upstreams: Sequence[ModelVersion] = (),
    origin: Mapping[str, str] | None = None,
    number: int | None = None,
    registered_at: datetime | None = None,
) -> ModelVersion:
    """Make a version of an artifact and its evidence, in stage development.

    Without an artifact the version stands for its source alone, and nothing allows it to move before `bind_artifact`.
    `origin` gives run_id, run_link and logged_model of a tracking server. `number`, one that was never given, and
    `registered_at` are given for a version that comes from another registry: they are those it had there.
    Records: version.registered, version.moved, evidence.attached per document, dependency.recorded per upstream.
    Raises: VersionDeleted when the artifact was a version that was deleted: a deletion does not wipe the slate clean.
    Idempotent: by model and artifact (ask `find_version` first); without one, each call makes a version.
    Locks: the model, so that numbers have no gaps and no twins.
    """
    lock_versions(model.pk)
    if artifact:
        refuse_deleted_artifact(model, artifact)
    if number is None:
        (newest,) = _NEWEST.first(model=model.pk) or (0,)
        number = newest + 1
    version = ModelVersion(
        model=model,
        number=number,
        registered_sha256=artifact.sha256 if artifact else None,
        registered_format=artifact.format if artifact else "",
        evidence={purpose: _reference(table) for purpose, table in tables.items()},
        source=source,
        notes=notes,
        registered_by=str(recording.actor),
        registered_at=registered_at or recording.at,
        trained_by=trained_by,
        parent=parent,
        **(origin or {}),
    )
    data = {"artifact_sha256": version.artifact_sha256, "evidence_sha256": version.evidence_sha256}
    recording.create(version, action="version.registered", subject=version.subject, data=data)
    # Nothing was bound to what is new, so that nobody has to ask.
    ModelVersion._meta.get_field("binding").set_cached_value(version, None)
    standing = {"stage": Stage.DEVELOPMENT, "since": recording.at, "updated_at": recording.at}
    insert(VersionStage(version=version, model=model, number=version.number, **standing))
    _transit(recording, version, "", Stage.DEVELOPMENT, version.subject)
    for kind, document in (documents or {}).items():
        attach_evidence(recording=recording, version=version, purpose=kind, evidence=document)
    for upstream in upstreams:
        row = VersionDependency(version=version, upstream=upstream)
        data = {"upstream": upstream.subject}
        recording.create(row, action="dependency.recorded", subject=version.subject, data=data)
    return version


def refuse_deleted_artifact(model: RegisteredModel, artifact: Evidence) -> None:
    """Raises: VersionDeleted when an artifact was a version that was deleted: a deletion wipes no slate clean."""
    deleted = model.versions.filter(with_artifact([artifact.sha256]), deletion__isnull=False).first()
    if deleted:
        raise VersionDeleted(
            f"This artifact was {deleted}, which was deleted; what was decided about it stays decided."
        )


def bind_artifact(*, recording: Recording, version: ModelVersion, artifact: Evidence) -> ArtifactBinding:
    """Say by digest what a version is that was registered by its source alone. It is said once.

    Records: artifact.bound.
    Raises: ArtifactKnown when the version has an artifact, or another one of the model has this; VersionDeleted.
    Idempotent: by version and artifact. Locks: the model.
    """
    lock_versions(version.model_id)
    known = ArtifactBinding.objects.filter(version=version, sha256=artifact.sha256).first()
    if known:
        return known
    version = ModelVersion.objects.select_related("model", "binding").get(pk=version.pk)
    if version.artifact_sha256:
        raise ArtifactKnown(f"{version} has an artifact, {version.artifact_sha256}; what a version is does not change.")
    refuse_deleted_artifact(version.model, artifact)
    taken = version.model.versions.filter(with_artifact([artifact.sha256])).first()
    if taken:
        raise ArtifactKnown(f"This artifact is {taken} already; a model has the same artifact once.")
    row = ArtifactBinding(
        version=version,
        model=version.model,
        sha256=artifact.sha256,
        format=artifact.format,
        bound_by=str(recording.actor),
        bound_at=recording.at,
    )
    data = {"artifact_sha256": artifact.sha256, "format": artifact.format}
    recording.create(row, action="artifact.bound", subject=version.subject, data=data)
    touch_version(version, recording.at)
    return row


def attach_evidence(
    *, recording: Recording, version: ModelVersion, purpose: str, evidence: Evidence
) -> EvidenceAttachment:
    """Add a table or a document to a version's evidence, in the place of what served that purpose before.

    Records: evidence.attached.
    """
    row = EvidenceAttachment(
        version=version,
        kind=evidence.kind,
        purpose=purpose,
        reference=_reference(evidence),
        attached_by=str(recording.actor),
        attached_at=recording.at,
    )
    data = {"kind": str(evidence.kind), "purpose": purpose, "sha256": evidence.sha256}
    return recording.create(row, action="evidence.attached", subject=version.subject, data=data)


def _reference(table: Evidence) -> dict[str, Any]:
    return {"uid": str(table.uid), "sha256": table.sha256, "declaration_sha256": table.declaration_sha256}


def move_version(
    *,
    recording: Recording,
    version: ModelVersion,
    to_stage: Stage,
    because: str,
    rollout: str = "",
    percent: int = 0,
) -> None:
    """Move a version to another stage, or in production to another step of its rollout.

    Of two who try, one moves it. `rollout` and `percent` count in production only, where none means full.
    Records: version.moved. Raises: MoveImpossible. Locks: the version's position.
    """
    position = VersionStage.objects.select_for_update().get(version=version)
    if not may_move(position.stage, to_stage):
        raise MoveImpossible(
            f"{version} is in stage {position.stage}, and from there no move leads to {to_stage}.",
            stage=position.stage,
        )
    if to_stage is Stage.PRODUCTION:
        rollout = rollout or Rollout.FULL
    else:
        rollout, percent = "", 0
    _transit(recording, version, position.stage, to_stage, because, rollout, percent)
    position.stage, position.rollout, position.percent, position.since = to_stage, rollout, percent, recording.at
    position.updated_at = max(position.updated_at, recording.at)
    position.save(update_fields=["stage", "rollout", "percent", "since", "updated_at"])


def _transit(
    recording: Recording,
    version: ModelVersion,
    from_stage: str,
    to_stage: Stage,
    because: str,
    rollout: str = "",
    percent: int = 0,
) -> None:
    transition = StageTransition(
        version=version,
        from_stage=from_stage,
        to_stage=to_stage,
        because=because,
        moved_at=recording.at,
        rollout=rollout,
        percent=percent,
    )
    data = {"from": from_stage, "to": to_stage.value, "because": because}
    if rollout:
        data["rollout"] = f"{rollout} {percent} %" if percent else str(rollout)
    recording.create(transition, action="version.moved", subject=version.subject, data=data)
    touch(version.model_id, recording.at)


def assign_alias(*, recording: Recording, version: ModelVersion, alias: str, because: str) -> ModelVersion | None:
    """Point an alias at a version and return the version it pointed at before.

    Records: alias.assigned. Locks: the model.
    """
    lock_versions(version.model_id)
    before = CurrentAlias.objects.filter(model=version.model, alias=alias).select_related("version__model").first()
    assignment = AliasAssignment(
        model=version.model, alias=alias, version=version, because=because, assigned_at=recording.at
    )
    data = {"alias": alias, "version": version.number, "because": because}
    recording.create(assignment, action="alias.assigned", subject=version.model.subject, data=data)
    if before:
        CurrentAlias.objects.filter(pk=before.pk).update(version=version)
    else:
        CurrentAlias.objects.create(model=version.model, alias=alias, version=version)
    return before.version if before else None


def withdraw_alias(*, recording: Recording, model: RegisteredModel, alias: str, because: str) -> ModelVersion | None:
    """Let an alias point at nothing, and return the version it pointed at.

    Records: alias.withdrawn, when it pointed at one. Locks: the model.
    """
    lock_versions(model.pk)
    before = CurrentAlias.objects.filter(model=model, alias=alias).select_related("version__model").first()
    if before is None:
        return None
    assignment = AliasAssignment(model=model, alias=alias, version=None, because=because, assigned_at=recording.at)
    data = {"alias": alias, "version": before.version.number, "because": because}
    recording.create(assignment, action="alias.withdrawn", subject=model.subject, data=data)
    before.delete()
    return before.version


def refuse_deleted(version: ModelVersion, so: str = "") -> None:
    """Raises: VersionDeleted for a version that was deleted; `so` says what that means for an act on it."""
    if VersionDeletion.objects.filter(version=version).exists():
        raise VersionDeleted(f"{version} was deleted{so and f'; {so}'}.")


def delete_version(*, recording: Recording, version: ModelVersion) -> VersionDeletion:
    """Leave a tombstone: the version is listed no more, its number stays taken, its entries stay.

    Records: version.moved when it was not retired yet, version.deleted.
    Raises: VersionLive in staging and production, VersionDeleted when it is gone already. Locks: its position.
    """
    position = VersionStage.objects.select_for_update().get(version=version)
    if VersionDeletion.objects.filter(version=version).exists():
        raise VersionDeleted(f"{version} was deleted already.")
    if position.stage in {Stage.STAGING, Stage.PRODUCTION}:
        raise VersionLive(f"{version} is in {position.stage}; suspend or retire it before deleting it.")
    if position.stage != Stage.RETIRED:
        move_version(recording=recording, version=version, to_stage=Stage.RETIRED, because=version.subject)
    row = VersionDeletion(version=version, deleted_by=str(recording.actor), deleted_at=recording.at)
    data = {"artifact_sha256": version.artifact_sha256}
    touch(version.model_id, recording.at)
    return recording.create(row, action="version.deleted", subject=version.subject, data=data)
