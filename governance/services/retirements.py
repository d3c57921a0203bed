"""How is a version taken out: at once, for good, or out of every list?"""

from audits.trail import Actor, Recording, new_uid, now, record
from governance.errors import Malformed
from governance.models import Retirement, RetirementKind
from governance.roles import Verb
from governance.services._moves import clear, take_out
from governance.services.authority import authorise
from registry import services as registry
from registry.models import ModelVersion, VersionStage
from registry.stages import Stage

ACTIONS = {
    RetirementKind.SUSPENDED: "version.suspended",
    RetirementKind.RETIRED: "version.retired",
    RetirementKind.DELETED: "version.deletion_ordered",
}


def suspend_version(*, actor: Actor, version: ModelVersion, reason: str) -> Retirement:
    """Take a version out of production at once: no name points at it, and nothing under way brings it back.

    It comes back by a promotion of its own, through the gate.
    Records: version.suspended, promotion.closed, alias.withdrawn, version.moved.
    Raises: NotEntitled, Malformed, MoveImpossible unless it is in production. Locks: the model.
    """
    authorise(actor, Verb.SUSPEND)
    with record(actor=actor, at=now()) as recording:
        retirement = _explain(recording, version, RetirementKind.SUSPENDED, reason)
        take_out(recording=recording, version=version, to_stage=Stage.SUSPENDED, because=retirement.subject)
    return retirement


def retire_version(*, actor: Actor, version: ModelVersion, reason: str) -> Retirement:
    """Take a version out for good: neither a promotion nor a rollback brings it back.

    Records: version.retired, promotion.closed, alias.withdrawn, version.moved.
    Raises: NotEntitled, Malformed, MoveImpossible when it is retired already. Locks: the model.
    """
    authorise(actor, Verb.SUSPEND)
    with record(actor=actor, at=now()) as recording:
        retirement = _explain(recording, version, RetirementKind.RETIRED, reason)
        take_out(recording=recording, version=version, to_stage=Stage.RETIRED, because=retirement.subject)
    return retirement


def delete_version(*, actor: Actor, version: ModelVersion, reason: str) -> Retirement:
    """Leave a tombstone in a version's place; its number and its artifact's digest stay taken, its entries stay.

    Records: version.deletion_ordered, promotion.closed, alias.withdrawn, version.moved unless it was retired,
    version.deleted.
    Raises: NotEntitled, Malformed, VersionLive in staging and production, VersionDeleted. Locks: the model.
    """
    authorise(actor, Verb.ADMINISTER)
    with record(actor=actor, at=now()) as recording:
        return delete_within(recording=recording, version=version, reason=reason)


def delete_within(*, recording: Recording, version: ModelVersion, reason: str) -> Retirement:
    """Delete a version as a part of a larger act. Records, raises and locks: as `delete_version`."""
    retirement = _explain(recording, version, RetirementKind.DELETED, reason)
    # A version that is live is not moved: the registry refuses to delete it.
    if VersionStage.objects.get(version=version).stage in {Stage.DEVELOPMENT, Stage.SUSPENDED}:
        take_out(recording=recording, version=version, to_stage=Stage.RETIRED, because=retirement.subject)
    else:
        clear(recording=recording, version=version, because=retirement.subject)
    registry.delete_version(recording=recording, version=version)
    return retirement


def _explain(recording: Recording, version: ModelVersion, kind: RetirementKind, reason: str) -> Retirement:
    """Put on record who takes the version out and why. Raises: Malformed. Locks: the model."""
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    registry.lock_versions(version.model_id)
    uid = new_uid()
    retirement = Retirement(
        uid=uid,
        version=version,
        kind=kind,
        sealed_reason=Retirement.reason.seal(reason.strip(), author=str(recording.actor), uid=uid),
        taken_out_by=str(recording.actor),
        taken_out_at=recording.at,
    )
    return recording.create(
        retirement, action=ACTIONS[kind], subject=version.subject, data={"retirement": str(retirement.uid)}
    )
