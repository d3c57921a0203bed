"""What is asked of the registry?"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.db.models import CharField, Exists, IntegerField, Max, Q, QuerySet

from audits.prepared import Given, Prepared
from audits.trail import Projection
from registry.errors import UnknownModel, UnknownVersion
from registry.models import (
    AliasAssignment,
    Annotation,
    ArtifactBinding,
    CurrentAlias,
    CurrentAnnotation,
    ModelListing,
    ModelRename,
    ModelState,
    ModelVersion,
    RegisteredModel,
    StageTransition,
    VersionDeletion,
    VersionStage,
    with_artifact,
)
from registry.stages import Rollout, Stage


def find_model(name: str) -> RegisteredModel | None:
    """Return the registered model that is called so, or was, deleted or not."""
    earlier = Q(name=name) | Q(renames__name=name)
    return _CALLED.first(name=name) or _models().filter(earlier).order_by("pk").first()


def _models() -> QuerySet[RegisteredModel]:
    return RegisteredModel.objects.select_related("state")


_CALLED = Prepared(lambda: _models().filter(state__name=Given("name", CharField())))


def get_model(name: str) -> RegisteredModel:
    """Return the registered model of that name. Raises: UnknownModel, also when it was deleted."""
    model = find_model(name)
    if model is None or not model.state.is_listed:
        raise UnknownModel(f"There is no model named {name!r}.")
    return model


def get_version(name: str, number: int) -> ModelVersion:
    """Return a version with its model and position. Raises: UnknownVersion."""
    version = _NUMBERED.first(name=name, number=number)
    model = None if version else find_model(name)
    if model and model.present_name != name:
        version = list_versions().filter(model=model, number=number).first()
    if version is None:
        raise UnknownVersion(f"The model {name!r} has no version {number}.")
    return version


_NUMBERED = Prepared(
    lambda: list_versions().filter(
        model__state__name=Given("name", CharField()), number=Given("number", IntegerField())
    )
)


def find_version(*, model: RegisteredModel, artifact_sha256: str) -> ModelVersion | None:
    return list_versions().filter(with_artifact([artifact_sha256]), model=model).first()


def list_versions() -> QuerySet[ModelVersion]:
    """Return every version that was not deleted, with what pages and gates read of it."""
    versions = ModelVersion.objects.filter(deletion__isnull=True)
    return versions.select_related("model__state", "position", "binding").prefetch_related("aliases", "attachments")


def tagged(tag: str, text: str, **about: Any) -> Exists:
    """Return what selects the rows that were given a tag since they were registered; `about` joins the two."""
    return Exists(CurrentAnnotation.objects.filter(tag=tag, value=text, **about))


def find_in_production(*, model: RegisteredModel, alias: str) -> ModelVersion | None:
    """Return the version an alias points at while it is in production."""
    return list_versions().filter(aliases__model=model, aliases__alias=alias, position__stage=Stage.PRODUCTION).first()


def _stages() -> Sequence[Mapping[str, Any]]:
    newest: dict[int, dict[str, Any]] = {}
    for row in StageTransition.objects.select_related("version").order_by("id").iterator():
        # Production without a rollout was recorded before there were any, and means everybody.
        rollout = row.rollout or (Rollout.FULL if row.to_stage == Stage.PRODUCTION else "")
        newest[row.version_id] = {
            "version_id": row.version_id,
            "model_id": row.version.model_id,
            "number": row.version.number,
            "stage": row.to_stage,
            "rollout": rollout,
            "percent": row.percent,
            "since": row.moved_at,
            "updated_at": row.moved_at,
        }
    described = Annotation.objects.filter(version__isnull=False, description__isnull=False)
    changes = (
        described.values_list("version_id", "noted_at"),
        ArtifactBinding.objects.values_list("version", "bound_at"),
    )
    for version_id, at in chain(*changes):
        standing = newest.get(version_id)
        if standing:
            standing["updated_at"] = max(standing["updated_at"], at)
    return list(newest.values())


def _states() -> Sequence[Mapping[str, Any]]:
    models = RegisteredModel.objects.values_list("pk", "name", "registered_at")
    states = {
        pk: {"model_id": pk, "name": name, "is_listed": True, "updated_at": registered_at}
        for pk, name, registered_at in models
    }
    for model_id, name in ModelRename.objects.order_by("id").values_list("model_id", "name"):
        states[model_id]["name"] = name
    for model_id, is_listed in ModelListing.objects.order_by("id").values_list("model_id", "is_listed"):
        states[model_id]["is_listed"] = is_listed
    described = Annotation.objects.filter(version__isnull=True, description__isnull=False)
    changes = (
        ModelRename.objects.values_list("model_id").annotate(Max("renamed_at")),
        ModelListing.objects.values_list("model_id").annotate(Max("listed_at")),
        described.values_list("model_id").annotate(Max("noted_at")),
        StageTransition.objects.values_list("version__model_id").annotate(Max("moved_at")),
        VersionDeletion.objects.values_list("version__model_id").annotate(Max("deleted_at")),
    )
    for model_id, at in chain(*(rows.order_by() for rows in changes)):
        states[model_id]["updated_at"] = max(states[model_id]["updated_at"], at)
    return list(states.values())


def _annotations() -> Sequence[Mapping[str, Any]]:
    noted: dict[tuple[int, int | None, str], str | None] = {}
    for row in Annotation.objects.order_by("id").iterator():
        described = {} if row.description is None else {"": row.description}
        for tag, value in {**row.tags, **described}.items():
            noted[(row.model_id, row.version_id, tag)] = value
    return [
        {"model_id": model_id, "version_id": version_id, "tag": tag, "value": value}
        for (model_id, version_id, tag), value in noted.items()
        if value is not None
    ]


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


STANDING = ("version_id", "model_id", "number", "stage", "rollout", "percent", "since", "updated_at")
PROJECTIONS = (
    Projection("The table of present stages", VersionStage, STANDING, _stages),
    Projection("The table of models", ModelState, ("model_id", "name", "is_listed", "updated_at"), _states),
    Projection(
        "The table of tags and descriptions",
        CurrentAnnotation,
        ("model_id", "version_id", "tag", "value"),
        _annotations,
    ),
    Projection("The table of aliases", CurrentAlias, ("model_id", "alias", "version_id"), _aliases),
)
