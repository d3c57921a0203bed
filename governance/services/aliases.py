"""How does a free name come to point at a version?"""

from collections.abc import Callable

from audits.trail import Actor, now, record
from governance.errors import AliasGoverned
from governance.roles import Verb
from governance.selectors.aliases import what_governs
from governance.services.authority import authorise
from registry import services as registry
from registry.models import CurrentAlias, ModelVersion, RegisteredModel


def assign_alias(*, actor: Actor, version: ModelVersion, alias: str, still: Callable[[], None] | None = None) -> None:
    """Point a free alias at a version, in whatever stage it is: a free name allows nothing.

    `still` is asked when the model is locked, and raises when the alias is not as the caller has seen it.
    Records: alias.assigned. Raises: NotEntitled, AliasGoverned, VersionDeleted.
    Idempotent: by version and alias. Locks: the model.
    """
    authorise(actor, Verb.PROMOTE)
    with record(actor=actor, at=now()) as recording:
        model = version.model
        registry.lock_versions(model.pk)
        if still:
            still()
        registry.refuse_deleted(version)
        if why := what_governs(model, alias):
            raise AliasGoverned(f"{model.name}@{alias} is not free: {why}. Ask for a promotion.", alias=alias)
        if not CurrentAlias.objects.filter(version=version, alias=alias).exists():
            registry.assign_alias(recording=recording, version=version, alias=alias, because=version.subject)


def withdraw_alias(*, actor: Actor, model: RegisteredModel, alias: str) -> None:
    """Let a free alias point at nothing.

    Records: alias.withdrawn, when it pointed at a version. Raises: NotEntitled, AliasGoverned. Locks: the model.
    """
    authorise(actor, Verb.PROMOTE)
    with record(actor=actor, at=now()) as recording:
        registry.lock_versions(model.pk)
        known = CurrentAlias.objects.filter(model=model, alias=alias).exists()
        if known and (why := what_governs(model, alias)):
            raise AliasGoverned(
                f"{model.name}@{alias} is not free: {why}. Roll back, or suspend the version it points at.", alias=alias
            )
        registry.withdraw_alias(recording=recording, model=model, alias=alias, because=model.subject)
