"""How is a model or a version described anew, and when did anything about it change last?"""

from collections.abc import Mapping
from datetime import datetime

from audits.trail import Recording
from registry.models import Annotation, CurrentAnnotation, ModelState, ModelVersion, RegisteredModel, VersionStage


def annotate(
    *,
    recording: Recording,
    model: RegisteredModel,
    version: ModelVersion | None = None,
    description: str | None = None,
    tags: Mapping[str, str | None] | None = None,
) -> None:
    """Describe a model, or one of its versions, give it tags, and take away those that are None.

    Records: model.annotated or version.annotated, unless nothing would change. Locks: the model.
    """
    ModelState.objects.select_for_update().get(pk=model.pk)
    noted = CurrentAnnotation.objects.filter(model=model, version=version)
    changes = dict(tags or {}) | ({} if description is None else {"": description})
    present = dict(noted.filter(tag__in=changes).values_list("tag", "value"))
    changes = {tag: value for tag, value in changes.items() if present.get(tag) != value}
    if not changes:
        return
    described = changes.pop("", None)
    row = Annotation(
        model=model,
        version=version,
        description=described,
        tags=changes,
        noted_by=str(recording.actor),
        noted_at=recording.at,
    )
    about = version or model
    action = "version.annotated" if version else "model.annotated"
    data = {"tags": sorted(changes), "described": described is not None}
    recording.create(row, action=action, subject=about.subject, data=data)
    for tag, value in ({} if described is None else {"": described}).items() | changes.items():
        if value is None:
            noted.filter(tag=tag).delete()
        else:
            CurrentAnnotation.objects.update_or_create(model=model, version=version, tag=tag, defaults={"value": value})
    if described is not None:
        touch_version(version, recording.at) if version else touch(model.pk, recording.at)


def touch(model_id: int, at: datetime) -> None:
    """Note that something about a model changed; of two who do, the later time stays."""
    ModelState.objects.filter(pk=model_id, updated_at__lt=at).update(updated_at=at)


def touch_version(version: ModelVersion, at: datetime) -> None:
    """Note that something about a version changed."""
    VersionStage.objects.filter(pk=version.pk, updated_at__lt=at).update(updated_at=at)
