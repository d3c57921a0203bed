"""How is a model or a version described anew, and when did anything about it change last?"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import DateTimeField, IntegerField

from audits.prepared import Given, PreparedUpdate
from audits.trail import Recording
from registry.models import Annotation, CurrentAnnotation, ModelState, ModelVersion, RegisteredModel, VersionStage
from registry.services.locks import lock_description


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
    changes = dict(tags or {}) | ({} if description is None else {"": description})
    if not changes:
        return
    lock_description(model)
    noted = CurrentAnnotation.objects.filter(model=model, version=version)
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
        elif tag in present:
            noted.filter(tag=tag).update(value=value)
        else:
            CurrentAnnotation.objects.create(model=model, version=version, tag=tag, value=value)
    if described is not None:
        touch_version(version, recording.at) if version else touch(model.pk, recording.at)


_MODEL_TOUCHED = PreparedUpdate(
    lambda: ModelState.objects.filter(pk=Given("key", IntegerField()), updated_at__lt=Given("at", DateTimeField())),
    updated_at=Given("at", DateTimeField()),
)


def touch(model_id: int, at: datetime) -> None:
    """Note that something about a model changed; of two who do, the later time stays."""
    _MODEL_TOUCHED.apply(key=model_id, at=at)


def touch_version(version: ModelVersion, at: datetime) -> None:
    """Note that something about a version changed."""
    VersionStage.objects.filter(pk=version.pk, updated_at__lt=at).update(updated_at=at)
