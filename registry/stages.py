"""Which stages and rollouts are there, and which moves between them exist at all?"""

from django.db.models import TextChoices


class Stage(TextChoices):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Rollout(TextChoices):
    """How far production goes, from nobody to everybody."""

    SHADOW = "shadow"
    CANARY = "canary"
    BLUE_GREEN = "blue_green"
    FULL = "full"


MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.DEVELOPMENT: frozenset({Stage.STAGING, Stage.PRODUCTION, Stage.RETIRED}),
    Stage.STAGING: frozenset({Stage.PRODUCTION, Stage.RETIRED}),
    # Into production again: the next step of a rollout, or a re-certification where it stands.
    Stage.PRODUCTION: frozenset({Stage.PRODUCTION, Stage.SUSPENDED, Stage.RETIRED}),
    Stage.SUSPENDED: frozenset({Stage.PRODUCTION, Stage.RETIRED}),
    # A superseded version is retired; only a rollback brings it back.
    Stage.RETIRED: frozenset({Stage.PRODUCTION}),
}

_ORDER = list(Rollout)


def may_move(from_stage: str, to_stage: str) -> bool:
    """Return whether the stages allow the move at all. Whether it may happen now is the gate's business."""
    return Stage(to_stage) in MOVES[Stage(from_stage)]


def may_widen(from_rollout: str, from_percent: int, to_rollout: str, to_percent: int) -> bool:
    """Return whether a rollout may go from one step to another: the same again, or further. Back is a rollback."""
    before = (_ORDER.index(Rollout(from_rollout)), from_percent)
    return (_ORDER.index(Rollout(to_rollout)), to_percent) >= before
