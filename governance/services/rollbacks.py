"""How does production go back to what was approved before, at once?"""

from audits.evidence import is_stored
from audits.trail import Actor, new_uid, now, record
from governance.errors import Malformed, NothingToRollBackTo
from governance.models import ClosureOutcome, PromotionClosure, Rollback
from governance.roles import Verb
from governance.services._moves import move
from governance.services.authority import authorise
from registry import services as registry
from registry.models import ModelVersion, RegisteredModel
from registry.selectors import find_in_production, list_versions
from registry.stages import Stage


def roll_back(*, actor: Actor, model: RegisteredModel, alias: str, reason: str) -> Rollback:
    """Point an alias back at the version that was promoted under it before, and suspend the present one.

    No check runs again: what was approved then was this artifact, by digest, and it is still stored.
    Records: version.rolled_back, version.moved twice, alias.assigned.
    Raises: NotEntitled, Malformed, NothingToRollBackTo. Locks: the model.
    """
    authorise(actor, Verb.ROLL_BACK)
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    with record(actor=actor, at=now()) as recording:
        RegisteredModel.objects.select_for_update().get(pk=model.pk)
        present = find_in_production(model=model, alias=alias)
        earlier = _promoted_before(model, alias, present) if present else None
        if present is None or earlier is None:
            raise NothingToRollBackTo(
                f"No earlier version was promoted under {model.name}@{alias} and is still stored."
            )
        uid = new_uid()
        rollback = Rollback(
            uid=uid,
            model=model,
            alias=alias,
            from_version=present,
            to_version=earlier,
            sealed_reason=Rollback.reason.seal(reason.strip(), author=str(actor), uid=uid),
            rolled_back_by=str(actor),
            rolled_back_at=recording.at,
        )
        data = {"alias": alias, "from": present.number, "to": earlier.number, "rollback": str(rollback.uid)}
        recording.create(rollback, action="version.rolled_back", subject=model.subject, data=data)
        because = rollback.subject
        move(recording=recording, version=present, to_stage=Stage.SUSPENDED, because=because)
        move(recording=recording, version=earlier, to_stage=Stage.PRODUCTION, because=because)
        registry.assign_alias(recording=recording, version=earlier, alias=alias, because=because)
    return rollback


def _promoted_before(model: RegisteredModel, alias: str, present: ModelVersion) -> ModelVersion | None:
    """Return the version most recently promoted under the alias that is retired, approved and stored."""
    promoted = (
        PromotionClosure.objects.filter(
            outcome=ClosureOutcome.PROMOTED,
            promotion__alias=alias,
            promotion__target=Stage.PRODUCTION,
            promotion__version__model=model,
            promotion__version__position__stage=Stage.RETIRED,
        )
        .exclude(promotion__version=present)
        .order_by("-id")
        .values_list("promotion__version_id", flat=True)
    )
    for version_id in promoted:
        version = list_versions().get(pk=version_id)
        if is_stored(version.artifact_sha256):
            return version
    return None
