"""Where has a version stood, from when until when?"""

from collections.abc import Iterable

from governance.gates import Stay
from registry.models import ModelVersion, StageTransition
from registry.stages import Rollout, Stage


def stays_of(versions: Iterable[ModelVersion], *, before: int | None = None) -> dict[int, tuple[Stay, ...]]:
    """Return the stays of each version by its primary key, in one query; with `before`, as an index of the trail knew.

    Who is certified anew where it stands has not moved: that stay goes on.
    """
    rows = StageTransition.objects.filter(version__in=versions).order_by("id")
    if before is not None:
        rows = rows.filter(entry__index__lt=before)
    stays: dict[int, list[Stay]] = {}
    stood: dict[int, tuple[str, str, int]] = {}
    for row in rows:
        so_far = stays.setdefault(row.version_id, [])
        # Production without a rollout was recorded before there were any, and means everybody.
        rollout = row.rollout or (Rollout.FULL if row.to_stage == Stage.PRODUCTION else "")
        place = (row.to_stage, rollout, row.percent)
        if stood.get(row.version_id) == place:
            continue
        stood[row.version_id] = place
        if so_far:
            last = so_far[-1]
            so_far[-1] = Stay(last.stage, last.rollout, last.since, row.moved_at)
        so_far.append(Stay(row.to_stage, rollout, row.moved_at))
    return {pk: tuple(found) for pk, found in stays.items()}
