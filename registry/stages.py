"""Which stages are there, and which moves between them exist at all?"""

from django.db.models import TextChoices


class Stage(TextChoices):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    SUSPENDED = "suspended"
    RETIRED = "retired"


MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.DEVELOPMENT: frozenset({Stage.STAGING, Stage.PRODUCTION, Stage.RETIRED}),
    Stage.STAGING: frozenset({Stage.PRODUCTION, Stage.RETIRED}),
    Stage.PRODUCTION: frozenset({Stage.SUSPENDED, Stage.RETIRED}),
    Stage.SUSPENDED: frozenset({Stage.PRODUCTION, Stage.RETIRED}),
    # A superseded version is retired; only a rollback brings it back.
    Stage.RETIRED: frozenset({Stage.PRODUCTION}),
}


def may_move(from_stage: str, to_stage: str) -> bool:
    """Return whether the stages allow the move at all. Whether it may happen now is the gate's business."""
    return Stage(to_stage) in MOVES[Stage(from_stage)]
