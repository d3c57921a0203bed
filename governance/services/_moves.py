"""How does a version move, with all that follows for those who depend on it?"""

from audits.trail import Recording, new_uid
from governance.models import ClosureOutcome, Promotion, RecertificationTrigger, TriggerKind
from governance.services._closing import close
from registry import services as registry
from registry.models import ModelVersion, VersionStage
from registry.stages import Rollout, Stage


def move(
    *,
    recording: Recording,
    version: ModelVersion,
    to_stage: Stage,
    because: str,
    rollout: str = Rollout.FULL,
    percent: int = 0,
) -> None:
    """Move a version, and make those in production that consume it due for re-certification.

    Who is certified anew where it stands has not moved: for those who consume it nothing changes.
    Records: version.moved, recertification.triggered for each of them. Raises and locks: as the registry's move.
    """
    before = VersionStage.objects.get(version=version)
    registry.move_version(
        recording=recording, version=version, to_stage=to_stage, because=because, rollout=rollout, percent=percent
    )
    if (before.stage, before.rollout, before.percent) == (to_stage, rollout, percent):
        return
    live = ModelVersion.objects.filter(dependencies__upstream=version, position__stage=Stage.PRODUCTION)
    for dependent in live.select_related("model").order_by("id"):
        trigger(recording=recording, version=dependent, kind=TriggerKind.UPSTREAM, because=version.subject)


def take_out(*, recording: Recording, version: ModelVersion, to_stage: Stage, because: str) -> None:
    """Move a version out of use, with the model locked: what was under way for it ends, and no name points at it.

    An open promotion ends because it was asked for and approved before this happened: whoever wants the version back
    asks anew. Records: promotion.closed, alias.withdrawn, version.moved. Raises: MoveImpossible.
    """
    clear(recording=recording, version=version, because=because)
    move(recording=recording, version=version, to_stage=to_stage, because=because)


def clear(*, recording: Recording, version: ModelVersion, because: str) -> None:
    """End what is under way for a version, and let no name point at it. Records: promotion.closed, alias.withdrawn."""
    for promotion in Promotion.objects.filter(open__version=version).order_by("id"):
        close(recording=recording, promotion=promotion, outcome=ClosureOutcome.WITHDRAWN)
    for alias in list(version.aliases.order_by("alias").values_list("alias", flat=True)):
        registry.withdraw_alias(recording=recording, model=version.model, alias=alias, because=because)


def trigger(
    *, recording: Recording, version: ModelVersion, kind: TriggerKind, because: str = "", reason: str = ""
) -> RecertificationTrigger:
    """Make a version due for re-certification. Records: recertification.triggered."""
    uid = new_uid()
    row = RecertificationTrigger(
        uid=uid,
        version=version,
        kind=kind,
        because=because,
        sealed_reason=RecertificationTrigger.reason.seal(reason, author=str(recording.actor), uid=uid),
        raised_by=str(recording.actor),
        raised_at=recording.at,
    )
    data = {"kind": kind.value, "because": because}
    return recording.create(row, action="recertification.triggered", subject=version.subject, data=data)
