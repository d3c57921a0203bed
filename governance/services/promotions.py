"""How is a move to a stage asked for, and followed to its end?"""

from datetime import datetime
from typing import Any
from uuid import UUID

from audits.trail import Actor, new_uid, now, record
from governance.errors import (
    Malformed,
    NoPolicyApplies,
    NotEntitled,
    PromotionClosed,
    PromotionOpen,
    RecertificationOverdue,
)
from governance.models import ClosureOutcome, OpenPromotion, Promotion
from governance.roles import Verb
from governance.selectors.certifications import certification_of
from governance.selectors.policies import Move, rules_for
from governance.selectors.promotions import open_promotions_of_batch
from governance.services._closing import close
from governance.services._settlement import lock_open_promotion, settle, settle_first
from governance.services.authority import authorise
from registry.errors import MoveImpossible
from registry.models import ModelVersion, VersionDeletion, VersionStage
from registry.services import lock_versions
from registry.stages import Rollout, Stage, may_move, may_widen


def request_promotion(
    *,
    actor: Actor,
    version: ModelVersion,
    target: Stage | None,
    alias: str = "champion",
    rollout: Rollout | None = None,
    percent: int = 0,
    reason: str = "",
    replaces: bool = False,
) -> Promotion:
    """Ask to move a version to a stage. The gate answers at once, and again whenever a fact is added.

    Into production, `rollout` says how far (full when left out) and `percent` the share of a canary; asked for where it
    stands already, it is certified anew. Without a target only the alias moves. With `replaces`, every other version in
    the target retires in the moment the version moves.
    A blocked promotion is a result: it is returned and stays open, until somebody refuses or withdraws it.
    Records: promotion.requested, gate.decided, check_run.ordered for what is missing or too old.
    Raises: NotEntitled, NoPolicyApplies, MoveImpossible, RecertificationOverdue, PromotionOpen (somebody else's),
    Malformed.
    Idempotent: by version, target and requester, while open. Locks: the model.
    """
    authorise(actor, Verb.PROMOTE)
    move = _move(target, alias, rollout, percent)
    with record(actor=actor, at=now()) as recording:
        # Two requests for one version queue up here; the unique constraint is only the net.
        lock_versions(version.model_id)
        position = VersionStage.objects.get(version=version)
        known = OpenPromotion.objects.filter(version=version, target=move.target).select_related("promotion").first()
        if known:
            if known.promotion.requested_by == str(actor):
                return known.promotion
            raise PromotionOpen(
                f"{version} has an open promotion to {move.target or alias} already.", uid=str(known.promotion.uid)
            )
        _refuse_impossible(version, position, move)
        _refuse_overdue(version, position, move, recording.at)
        rules = rules_for(version, move)
        if not rules.items:
            raise NoPolicyApplies(
                f"No policy in force guards the move of a {version.model.risk_tier}-risk model to "
                f"{move.target or '@' + alias}, and what no policy guards does not move. "
                "Ask an operator to propose one."
            )
        uid = new_uid()
        promotion = Promotion(
            uid=uid,
            version=version,
            target=move.target,
            alias=alias,
            rollout=move.rollout,
            percent=move.percent,
            sealed_reason=Promotion.reason.seal(reason, author=str(actor), uid=uid),
            requested_by=str(actor),
            requested_at=recording.at,
            replaces=replaces,
        )
        data: dict[str, Any] = {
            "version": version.subject,
            "target": move.target,
            "alias": alias,
            "policy_sha256": rules.sha256,
            "artifact_sha256": version.artifact_sha256,
        }
        if move.rollout:
            data |= {"rollout": move.rollout, "percent": move.percent}
        if replaces:
            data["replaces"] = True
        recording.create(promotion, action="promotion.requested", subject=promotion.subject, data=data)
        OpenPromotion.objects.create(promotion=promotion, version=version, target=move.target)
        settle_first(recording=recording, promotion=promotion, rules=rules)
    return promotion


def _move(target: Stage | None, alias: str, rollout: Rollout | None, percent: int) -> Move:
    """Return the move that is asked for. Raises: Malformed when its parts do not fit together."""
    if target is None and not alias:
        raise Malformed("Name a stage to move to, or an alias that shall point at the version.", field="target")
    if target is not Stage.PRODUCTION:
        if rollout or percent:
            raise Malformed("Only production knows a rollout; leave it out or ask for production.", field="rollout")
        return Move(target or "", alias)
    rollout = rollout or Rollout.FULL
    if (rollout is Rollout.CANARY) != (1 <= percent <= 99):
        raise Malformed("A canary names its share of the traffic, 1 to 99 percent; nothing else does.", field="percent")
    return Move(target, alias, rollout, percent)


def _refuse_impossible(version: ModelVersion, position: VersionStage, move: Move) -> None:
    """Raises: MoveImpossible when the version is gone, or no way leads from where it stands to where it shall go."""
    if VersionDeletion.objects.filter(version=version).exists():
        raise MoveImpossible(f"{version} was deleted.")
    if position.stage == Stage.RETIRED:
        raise MoveImpossible(f"{version} is retired; only a rollback brings a retired version back.")
    if move.target and not may_move(position.stage, move.target):
        raise MoveImpossible(f"{version} is in stage {position.stage}; it cannot move to {move.target} from there.")
    if position.stage == move.target == Stage.PRODUCTION and not may_widen(
        position.rollout, position.percent, move.rollout, move.percent
    ):
        raise MoveImpossible(
            f"{version} is in production already, {position.rollout}; a rollout does not go back. "
            "Roll back to an earlier version, or suspend this one."
        )


def _refuse_overdue(version: ModelVersion, position: VersionStage, move: Move, at: datetime) -> None:
    """Raises: RecertificationOverdue when a policy lets the version go nowhere before it is certified anew."""
    stands_there = (position.stage, position.rollout, position.percent) == (move.target, move.rollout, move.percent)
    if position.stage != Stage.PRODUCTION or stands_there:
        return
    certification = certification_of(version, at=at)
    if "block_moves" in certification.consequences:
        raise RecertificationOverdue(
            f"The re-certification of {version} is overdue since {certification.overdue_at:%-d %B %Y}; ask for its "
            "promotion to where it stands first.",
            overdue_at=certification.overdue_at.isoformat() if certification.overdue_at else None,
        )


def withdraw_promotion(*, actor: Actor, uid: UUID) -> Promotion:
    """Take one's own request back.

    Records: promotion.closed. Raises: NotEntitled (also for somebody else's), UnknownPromotion, PromotionClosed.
    """
    authorise(actor, Verb.PROMOTE)
    with record(actor=actor, at=now()) as recording:
        promotion = lock_open_promotion(str(uid))
        if promotion.requested_by != str(actor):
            raise NotEntitled("Only whoever asked for a promotion can withdraw it; a reviewer can refuse it.")
        close(recording=recording, promotion=promotion, outcome=ClosureOutcome.WITHDRAWN)
    return promotion


def settle_promotions(*, actor: Actor, batch: UUID) -> int:
    """Settle the open promotions that a finished batch concerns; return how many that were.

    What the gate answers is recorded only when it differs from its last answer. Records: as `settle`.
    """
    uids = open_promotions_of_batch(batch)
    for uid in uids:
        _settle_if_open(actor, uid)
    return len(uids)


def settle_promotion(*, actor: Actor, uid: UUID) -> None:
    """Settle one promotion, which may have been closed meanwhile. Records and locks: as `settle`."""
    _settle_if_open(actor, uid)


def _settle_if_open(actor: Actor, uid: UUID) -> None:
    with record(actor=actor, at=now()) as recording:
        try:
            promotion = lock_open_promotion(str(uid))
        except PromotionClosed:
            return
        settle(recording=recording, promotion=promotion)
