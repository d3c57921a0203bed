"""How does a line of versions come to exist?"""

import re
from collections.abc import Mapping
from datetime import datetime

from audits.trail import Recording
from registry.errors import NameTaken, VersionLive
from registry.models import (
    CurrentAnnotation,
    EntryType,
    ModelListing,
    ModelRename,
    ModelState,
    ModelVersion,
    RegisteredModel,
)
from registry.selectors import find_model
from registry.services.annotations import annotate, touch

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])?")


def register_model(
    *,
    recording: Recording,
    name: str,
    risk_tier: str,
    task: str,
    description: str = "",
    intended_use: str = "",
    entry_type: str = EntryType.TRAINED_MODEL,
    tags: Mapping[str, str] | None = None,
    registered_at: datetime | None = None,
) -> RegisteredModel:
    """Name a line of versions. The actor of the recording becomes its owner.

    `registered_at` is given for a model that comes from another registry: when it was registered there.

    A name that was deleted is registered again, with the particulars it had; only the description may be another.
    Records: model.registered; model.registered_again and model.annotated for a name that was deleted.
    Raises: NameTaken when the name is in use, or was, with other particulars.
    Idempotent: by name and particulars.
    """
    known = find_model(name)
    if known:
        lasting = (known.risk_tier, known.task, known.intended_use, known.entry_type, known.tags)
        same = known.name == name and lasting == (risk_tier, task, intended_use, entry_type, dict(tags or {}))
        if same and not known.state.is_listed:
            return _register_again(recording, known, description)
        if same and known.description == description and known.owner == str(recording.actor):
            return known
        raise NameTaken(
            f"A model named {name!r} is registered already, or was, with other particulars; choose another name.",
            name=known.present_name,
        )
    model = RegisteredModel(
        name=name,
        owner=str(recording.actor),
        risk_tier=risk_tier,
        task=task,
        description=description,
        intended_use=intended_use,
        registered_at=registered_at or recording.at,
        entry_type=entry_type,
        tags=dict(tags or {}),
    )
    data = {"risk_tier": risk_tier, "task": task, "entry_type": str(entry_type)}
    recording.create(model, action="model.registered", subject=model.subject, data=data)
    ModelState.objects.create(model=model, name=name, is_listed=True, updated_at=model.registered_at)
    return model


def _register_again(recording: Recording, model: RegisteredModel, description: str) -> RegisteredModel:
    _list(recording, model, is_listed=True, action="model.registered_again")
    gone = CurrentAnnotation.objects.filter(model=model, version=None).exclude(tag="")
    annotate(recording=recording, model=model, description=description, tags=dict.fromkeys(row.tag for row in gone))
    return model


def rename_model(*, recording: Recording, model: RegisteredModel, name: str) -> None:
    """Call a model by another name. What it was called before goes on leading to it.

    Records: model.renamed. Raises: NameTaken when another model is called so, or was. Locks: the model.
    Idempotent: while it is called so.
    """
    state = ModelState.objects.select_for_update().get(model=model)
    if state.name == name:
        return
    known = find_model(name)
    if known and known.pk != model.pk:
        raise NameTaken(f"Another model is named {name!r}, or was; choose another name.", name=known.present_name)
    row = ModelRename(model=model, name=name, renamed_by=str(recording.actor), renamed_at=recording.at)
    recording.create(row, action="model.renamed", subject=model.subject, data={"name": name})
    ModelState.objects.filter(pk=model.pk).update(name=name)
    touch(model.pk, recording.at)


def delete_model(*, recording: Recording, model: RegisteredModel) -> None:
    """Take a model off every list; its versions must have been deleted before.

    Records: model.deleted. Raises: VersionLive while it has a version.
    """
    if ModelVersion.objects.filter(model=model, deletion__isnull=True).exists():
        raise VersionLive(f"{model.name} still has versions.")
    _list(recording, model, is_listed=False, action="model.deleted")


def _list(recording: Recording, model: RegisteredModel, *, is_listed: bool, action: str) -> None:
    row = ModelListing(model=model, is_listed=is_listed, listed_by=str(recording.actor), listed_at=recording.at)
    recording.create(row, action=action, subject=model.subject)
    ModelState.objects.filter(pk=model.pk).update(is_listed=is_listed)
    touch(model.pk, recording.at)
