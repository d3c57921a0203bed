"""What is asked of the registry?"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from audits.trail import Projection
from registry.errors import UnknownModel, UnknownVersion
from registry.models import (
    AliasAssignment,
    CurrentAlias,
    ModelVersion,
    RegisteredModel,
    StageTransition,
    VersionStage,
)
from registry.stages import Rollout, Stage


def get_model(name: str) -> RegisteredModel:
    """Return the registered model of that name. Raises: UnknownModel."""
    model = RegisteredModel.objects.filter(name=name).first()
    if model is None:
        raise UnknownModel(f"There is no model named {name!r}.")
    return model


def get_version(name: str, number: int) -> ModelVersion:
    """Return a version with its model and position. Raises: UnknownVersion."""
    version = list_versions().filter(model__name=name, number=number).first()
    if version is None:
        raise UnknownVersion(f"The model {name!r} has no version {number}.")
    return version


def find_version(*, model: RegisteredModel, artifact_sha256: str) -> ModelVersion | None:
    return list_versions().filter(model=model, artifact_sha256=artifact_sha256).first()


def list_versions() -> QuerySet[ModelVersion]:
    """Return every version that was not deleted, with what pages and gates read of it."""
    versions = ModelVersion.objects.filter(deletion__isnull=True)
    return versions.select_related("model", "position").prefetch_related("aliases", "attachments")


def find_in_production(*, model: RegisteredModel, alias: str) -> ModelVersion | None:
    """Return the version an alias points at while it is in production."""
    return list_versions().filter(aliases__model=model, aliases__alias=alias, position__stage=Stage.PRODUCTION).first()


def _stages() -> Sequence[Mapping[str, Any]]:
    newest: dict[int, dict[str, Any]] = {}
    for row in StageTransition.objects.order_by("id").iterator():
        # Production without a rollout was recorded before there were any, and means everybody.
        rollout = row.rollout or (Rollout.FULL if row.to_stage == Stage.PRODUCTION else "")
        newest[row.version_id] = {
            "version_id": row.version_id,
            "stage": row.to_stage,
            "rollout": rollout,
            "percent": row.percent,
            "since": row.moved_at,
        }
    return list(newest.values())


def _aliases() -> Sequence[Mapping[str, Any]]:
    newest: dict[tuple[int, str], int | None] = {}
    rows = AliasAssignment.objects.order_by("id").values_list("model_id", "alias", "version_id")
    for model_id, alias, version_id in rows:
        newest[(model_id, alias)] = version_id
    return [
        {"model_id": model_id, "alias": alias, "version_id": version_id}
        for (model_id, alias), version_id in newest.items()
        if version_id is not None
    ]


STANDING = ("version_id", "stage", "rollout", "percent", "since")
PROJECTIONS = (
    Projection("The table of present stages", VersionStage, STANDING, _stages),
    Projection("The table of aliases", CurrentAlias, ("model_id", "alias", "version_id"), _aliases),
)
