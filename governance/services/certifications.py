"""What makes a version due to be certified anew, and what follows when nobody does it?"""

from datetime import datetime

from audits.trail import Actor, now, record
from governance.errors import Malformed
from governance.models import RecertificationTrigger, TriggerKind
from governance.roles import Verb
from governance.selectors.certifications import certification_of, is_asked_for, live_certifications
from governance.selectors.deadlines import people_of
from governance.services._moves import trigger
from governance.services._notices import tell
from governance.services.authority import authorise
from registry import services as registry
from registry.errors import MoveImpossible
from registry.models import ModelVersion, VersionStage
from registry.stages import Stage


def raise_trigger(*, actor: Actor, version: ModelVersion, kind: TriggerKind, reason: str) -> RecertificationTrigger:
    """Say that something happened which makes a version in production due for re-certification.

    It becomes due where a policy that guards the version's move into production names this kind of trigger; otherwise
    it is on record and makes nothing due.
    Records: recertification.triggered. Raises: NotEntitled, Malformed, MoveImpossible unless it is in production.
    Locks: the model.
    """
    authorise(actor, Verb.TRIGGER)
    if not reason.strip():
        raise Malformed("Say what happened in a sentence: the reason is part of the record.", field="reason")
    with record(actor=actor, at=now()) as recording:
        registry.lock_versions(version.model_id)
        position = VersionStage.objects.get(version=version)
        if position.stage != Stage.PRODUCTION:
            raise MoveImpossible(
                f"{version} is in stage {position.stage}; only what is in production is certified anew.",
                stage=position.stage,
            )
        row = trigger(recording=recording, version=version, kind=kind, reason=reason.strip())
        what = kind.value.replace("_", " ")
        sentence = f"{version} may be due for re-certification: {what} was reported."
        tell(people_of(version), sentence, about=version.subject, at=recording.at)
    return row


def withdraw_overdue_aliases(*, actor: Actor, at: datetime) -> int:
    """Let no alias point at versions whose policies want that once they are overdue; return how many were withdrawn.

    A version keeps its stage. The alias comes back with the promotion that certifies it anew.
    Records: alias.withdrawn for each. Idempotent. Locks: the model of each version.
    """
    if not is_asked_for(overdue="withdraw_alias"):
        return 0
    wanting = [one.version for one in live_certifications(at=at) if _loses_alias(one.version, one.consequences)]
    return sum(_withdraw(actor, version, at) for version in wanting)


def _loses_alias(version: ModelVersion, consequences: tuple[str, ...]) -> bool:
    return (
        version.position.stage == Stage.PRODUCTION and "withdraw_alias" in consequences and bool(version.aliases.all())
    )


def _withdraw(actor: Actor, version: ModelVersion, at: datetime) -> int:
    with record(actor=actor, at=at) as recording:
        registry.lock_versions(version.model_id)
        # Asked again under the lock: it may have been certified anew, or retired, a moment ago.
        certification = certification_of(version, at=at)
        if not _loses_alias(certification.version, certification.consequences):
            return 0
        promotion = certification.promotion
        people = people_of(version) | ({promotion.requested_by} if promotion else set())
        aliases = sorted(row.alias for row in certification.version.aliases.all())
        for alias in aliases:
            registry.withdraw_alias(recording=recording, model=version.model, alias=alias, because=version.subject)
            sentence = f"@{alias} points at {version} no more: its re-certification is overdue."
            tell(people, sentence, about=version.subject, at=recording.at)
    return len(aliases)
