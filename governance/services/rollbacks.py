"""How does production go back to what was approved before, at once?"""

from datetime import datetime

from audits.evidence import EvidenceDamaged, EvidenceMissing, local_path
from audits.trail import Actor, new_uid, now, record
from governance.errors import Malformed, NothingToRollBackTo
from governance.models import ClosureOutcome, Promotion, RetirementKind, Rollback
from governance.roles import Verb
from governance.selectors.standing import standing_of
from governance.services._moves import move, take_out
from governance.services.authority import authorise
from registry import services as registry
from registry.models import AliasAssignment, ModelVersion, RegisteredModel, VersionStage
from registry.stages import Rollout, Stage


def roll_back(*, actor: Actor, model: RegisteredModel, alias: str, reason: str) -> Rollback:
    """Point an alias back at the last version promoted under it that still stands, and suspend the present one.

    The present one is what the alias points at, or pointed at last: it may have been suspended before. No check runs
    again: what was approved then was this artifact, by digest, and it is still stored.
    Records: version.rolled_back; promotion.closed, alias.withdrawn and version.moved of the present version, if it is
    in production; version.moved and alias.assigned of the earlier one.
    Raises: NotEntitled, Malformed, NothingToRollBackTo. Locks: the model.
    """
    authorise(actor, Verb.ROLL_BACK)
    if not reason.strip():
        raise Malformed("Say why in a sentence: the reason is part of the record.", field="reason")
    with record(actor=actor, at=now()) as recording:
        registry.lock_versions(model.pk)
        present = _last_served(model, alias)
        earlier = _last_that_stands(model, alias, present, recording.at) if present else None
        if present is None or earlier is None:
            raise NothingToRollBackTo(
                f"No earlier version was promoted under {model.name}@{alias}, is still approved and is still stored."
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
        if VersionStage.objects.get(version=present).stage == Stage.PRODUCTION:
            take_out(recording=recording, version=present, to_stage=Stage.SUSPENDED, because=because)
        move(recording=recording, version=earlier, to_stage=Stage.PRODUCTION, because=because)
        registry.assign_alias(recording=recording, version=earlier, alias=alias, because=because)
    return rollback


def _last_served(model: RegisteredModel, alias: str) -> ModelVersion | None:
    """Return the version the alias points at or, where it points at nothing, the one it pointed at last."""
    assigned = AliasAssignment.objects.filter(model=model, alias=alias, version__isnull=False)
    newest = assigned.select_related("version__model").order_by("-id").first()
    return newest.version if newest else None


def _last_that_stands(model: RegisteredModel, alias: str, present: ModelVersion, at: datetime) -> ModelVersion | None:
    """Return the version most recently promoted to everybody under the alias whose approval is still valid.

    Not what was suspended, nor what was retired on purpose: somebody had a reason for that. Of a version promoted
    several times the newest promotion counts.
    """
    promoted = (
        Promotion.objects.filter(
            closure__outcome=ClosureOutcome.PROMOTED,
            alias=alias,
            target=Stage.PRODUCTION,
            rollout__in=["", Rollout.FULL],
            version__model=model,
            version__deletion__isnull=True,
            version__position__stage__in=[Stage.RETIRED, Stage.PRODUCTION],
        )
        .exclude(version=present)
        .exclude(version__retirements__kind=RetirementKind.RETIRED)
        .select_related("version__model", "closure")
        .order_by("-closure__id")
    )
    seen: set[int] = set()
    for promotion in promoted:
        version = promotion.version
        if version.pk not in seen and standing_of(promotion, at=at).holds and _is_unchanged(version.artifact_sha256):
            return version
        seen.add(version.pk)
    return None


def _is_unchanged(sha256: str) -> bool:
    """Return whether the stored bytes still have their digest: they are about to be served."""
    try:
        with local_path(sha256):
            return True
    except (EvidenceDamaged, EvidenceMissing):
        return False
