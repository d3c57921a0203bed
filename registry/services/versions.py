"""How does a version come to exist, move, and be pointed at?

Each function works inside the recording of a use case; none decides whether it may happen.
"""

from typing import Any

from django.db.models import Max

from audits.evidence import Evidence
from audits.trail import Recording
from registry.errors import MoveImpossible
from registry.models import (
    AliasAssignment,
    CurrentAlias,
    ModelVersion,
    RegisteredModel,
    StageTransition,
    VersionStage,
)
from registry.stages import Stage, may_move


def register_version(
    *,
    recording: Recording,
    model: RegisteredModel,
    artifact: Evidence,
    tables: dict[str, Evidence],
    source: str = "",
    notes: str = "",
) -> ModelVersion:
    """Make a version of an artifact and its evidence, in stage development.

    Records: version.registered, version.moved. Idempotent: by model and artifact (ask `find_version` first).
    Locks: the model, so that numbers have no gaps and no twins.
    """
    RegisteredModel.objects.select_for_update().get(pk=model.pk)
    newest = model.versions.aggregate(newest=Max("number"))["newest"] or 0
    version = ModelVersion(
        model=model,
        number=newest + 1,
        artifact_sha256=artifact.sha256,
        artifact_format=artifact.format,
        evidence={purpose: _reference(table) for purpose, table in tables.items()},
        source=source,
        notes=notes,
        registered_by=str(recording.actor),
        registered_at=recording.at,
    )
    data = {"artifact_sha256": version.artifact_sha256, "evidence_sha256": version.evidence_sha256}
    recording.create(version, action="version.registered", subject=version.subject, data=data)
    _transit(recording, version, from_stage="", to_stage=Stage.DEVELOPMENT, because=version.subject)
    VersionStage.objects.create(version=version, stage=Stage.DEVELOPMENT)
    return version


def _reference(table: Evidence) -> dict[str, Any]:
    return {"uid": str(table.uid), "sha256": table.sha256, "declaration_sha256": table.declaration_sha256}


def move_version(*, recording: Recording, version: ModelVersion, to_stage: Stage, because: str) -> None:
    """Move a version to another stage, as one conditional update: of two who try, one moves it.

    Records: version.moved. Raises: MoveImpossible. Locks: the version's position.
    """
    position = VersionStage.objects.select_for_update().get(version=version)
    if not may_move(position.stage, to_stage):
        raise MoveImpossible(
            f"{version} is in stage {position.stage}, and from there no move leads to {to_stage}.",
            stage=position.stage,
        )
    _transit(recording, version, from_stage=position.stage, to_stage=to_stage, because=because)
    VersionStage.objects.filter(version=version).update(stage=to_stage)


def _transit(recording: Recording, version: ModelVersion, *, from_stage: str, to_stage: Stage, because: str) -> None:
    transition = StageTransition(
        version=version, from_stage=from_stage, to_stage=to_stage, because=because, moved_at=recording.at
    )
    data = {"from": from_stage, "to": to_stage.value, "because": because}
    recording.create(transition, action="version.moved", subject=version.subject, data=data)


def assign_alias(*, recording: Recording, version: ModelVersion, alias: str, because: str) -> ModelVersion | None:
    """Point an alias at a version and return the version it pointed at before.

    Records: alias.assigned. Locks: the model.
    """
    RegisteredModel.objects.select_for_update().get(pk=version.model_id)
    before = CurrentAlias.objects.filter(model=version.model, alias=alias).select_related("version__model").first()
    assignment = AliasAssignment(
        model=version.model, alias=alias, version=version, because=because, assigned_at=recording.at
    )
    data = {"alias": alias, "version": version.number, "because": because}
    recording.create(assignment, action="alias.assigned", subject=version.model.subject, data=data)
    CurrentAlias.objects.update_or_create(model=version.model, alias=alias, defaults={"version": version})
    return before.version if before else None
