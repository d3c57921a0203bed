"""What was true then? Answered from the facts, which are never changed, not from the tables of present state."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import CharField, OuterRef, Prefetch, Q, QuerySet, Subquery

from registry.models import (
    AliasAssignment,
    EvidenceAttachment,
    ModelVersion,
    RegisteredModel,
    StageTransition,
    VersionStage,
)
from registry.stages import Rollout, Stage


def versions_then(at: datetime) -> QuerySet[ModelVersion]:
    """Return the versions that there were, with the stage each had as `stage_then` and the evidence it had.

    A version that was imported is here since it stands in a stage, however long it stood elsewhere before.
    What they are called and where they stand is set by `as_of`, page by page.
    """
    newest = StageTransition.objects.filter(version=OuterRef("pk"), moved_at__lte=at).order_by("-id")
    attached = EvidenceAttachment.objects.filter(attached_at__lte=at)
    return (
        ModelVersion.objects.filter(Q(deletion__isnull=True) | Q(deletion__deleted_at__gt=at), registered_at__lte=at)
        .select_related("model")
        .prefetch_related(Prefetch("attachments", queryset=attached))
        .annotate(stage_then=Subquery(newest.values("to_stage")[:1], output_field=CharField()))
        .filter(stage_then__isnull=False)
    )


def aliases_then(model: RegisteredModel, at: datetime) -> dict[str, int]:
    """Return the versions, by their row, that the aliases of a model pointed at."""
    rows = AliasAssignment.objects.filter(model=model, assigned_at__lte=at).order_by("id")
    newest = dict(rows.values_list("alias", "version_id"))
    return {alias: version_id for alias, version_id in newest.items() if version_id is not None}


def as_of(versions: Iterable[ModelVersion], at: datetime) -> list[ModelVersion]:
    """Give versions of one model, from `versions_then`, the position and the names they had."""
    versions = list(versions)
    if not versions:
        return []
    pointing = aliases_then(versions[0].model, at)
    moves = StageTransition.objects.filter(version__in=versions, moved_at__lte=at).order_by("id")
    newest = {row.version_id: row for row in moves}
    for version in versions:
        move = newest[version.pk]
        rollout = move.rollout or (Rollout.FULL if move.to_stage == Stage.PRODUCTION else "")
        # Never saved: the row of now stays what it is.
        version.position = VersionStage(
            version=version, stage=move.to_stage, rollout=rollout, percent=move.percent, since=move.moved_at
        )
        version.names_then = sorted(alias for alias, pk in pointing.items() if pk == version.pk)  # type: ignore[attr-defined]
        version.seen_at = at  # type: ignore[attr-defined]
    return versions
