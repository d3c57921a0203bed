"""How is a model or a version described, tagged, renamed or deleted? Nothing of it changes what may happen to it."""

from collections.abc import Mapping

from audits.trail import Actor, now, record
from governance.roles import Verb
from governance.services.authority import authorise
from governance.services.registrations import RESERVED, refuse_malformed_name, refuse_malformed_tags
from governance.services.retirements import delete_within
from registry import services as registry
from registry.errors import VersionLive
from registry.models import ModelVersion, RegisteredModel, VersionStage
from registry.selectors import get_model
from registry.stages import Stage


def annotate_model(
    *,
    actor: Actor,
    model: RegisteredModel,
    description: str | None = None,
    tags: Mapping[str, str | None] | None = None,
) -> None:
    """Describe a model anew, give it tags, take away those that are None. Policies read none of it.

    Records: model.annotated, unless nothing changes. Raises: NotEntitled, Malformed, UnknownModel. Locks: the model.
    """
    authorise(actor, Verb.REGISTER)
    refuse_malformed_tags(tags or {}, reserved=RESERVED)
    with record(actor=actor, at=now()) as recording:
        get_model(model.present_name)
        registry.annotate(recording=recording, model=model, description=description, tags=tags)


def annotate_version(
    *,
    actor: Actor,
    version: ModelVersion,
    description: str | None = None,
    tags: Mapping[str, str | None] | None = None,
) -> None:
    """Describe a version anew, give it tags, take away those that are None. Policies read none of it.

    Records: version.annotated, unless nothing changes.
    Raises: NotEntitled, Malformed, VersionDeleted. Locks: the model.
    """
    authorise(actor, Verb.REGISTER)
    refuse_malformed_tags(tags or {}, reserved=RESERVED)
    with record(actor=actor, at=now()) as recording:
        registry.lock_versions(version.model_id)
        registry.refuse_deleted(version)
        registry.annotate(recording=recording, model=version.model, version=version, description=description, tags=tags)


def rename_model(*, actor: Actor, model: RegisteredModel, name: str) -> None:
    """Call a model by another name; what it was called before goes on leading to it, and no other model gets it.

    Records: model.renamed. Raises: NotEntitled, Malformed, NameTaken. Locks: the model.
    """
    authorise(actor, Verb.ADMINISTER)
    refuse_malformed_name(name)
    with record(actor=actor, at=now()) as recording:
        registry.rename_model(recording=recording, model=model, name=name)


def delete_model(*, actor: Actor, model: RegisteredModel, reason: str) -> None:
    """Delete a model with all its versions. Everything about it stays on record, and numbers go on should it return.

    Records: as `delete_version` for every version, then model.deleted.
    Raises: NotEntitled, Malformed, UnknownModel, VersionLive while a version is in staging or production.
    Locks: the model.
    """
    authorise(actor, Verb.ADMINISTER)
    with record(actor=actor, at=now()) as recording:
        registry.lock_versions(model.pk)
        get_model(model.present_name)
        live = VersionStage.objects.filter(model=model, stage__in=[Stage.STAGING, Stage.PRODUCTION]).first()
        if live:
            raise VersionLive(f"{live.version} is in {live.stage}; suspend or retire it before deleting its model.")
        for version in ModelVersion.objects.filter(model=model, deletion__isnull=True).select_related("model"):
            delete_within(recording=recording, version=version, reason=reason)
        registry.delete_model(recording=recording, model=model)
