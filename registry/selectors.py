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
from registry.stages import Stage


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
    return ModelVersion.objects.select_related("model", "position").prefetch_related("aliases")


def find_in_production(*, model: RegisteredModel, alias: str) -> ModelVersion | None:
    """Return the version an alias points at while it is in production."""
    return list_versions().filter(aliases__model=model, aliases__alias=alias, position__stage=Stage.PRODUCTION).first()


def _stages() -> Sequence[Mapping[str, Any]]:
    newest: dict[int, str] = {}
    for version_id, stage in StageTransition.objects.order_by("id").values_list("version_id", "to_stage"):
        newest[version_id] = stage
    return [{"version_id": version_id, "stage": stage} for version_id, stage in newest.items()]


def _aliases() -> Sequence[Mapping[str, Any]]:
    newest: dict[tuple[int, str], int] = {}
    rows = AliasAssignment.objects.order_by("id").values_list("model_id", "alias", "version_id")
    for model_id, alias, version_id in rows:
        newest[(model_id, alias)] = version_id
    return [
        {"model_id": model_id, "alias": alias, "version_id": version_id}
        for (model_id, alias), version_id in newest.items()
    ]


PROJECTIONS = (
    Projection("The table of present stages", VersionStage, ("version_id", "stage"), _stages),
    Projection("The table of aliases", CurrentAlias, ("model_id", "alias", "version_id"), _aliases),
)
