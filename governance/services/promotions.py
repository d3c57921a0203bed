"""How is a move to a stage asked for, and followed to its end?"""

from uuid import UUID

from audits.trail import Actor, new_uid, now, record
from governance.errors import NoPolicyApplies, NotEntitled, PromotionClosed, PromotionOpen
from governance.models import ClosureOutcome, OpenPromotion, Promotion
from governance.roles import Verb
from governance.selectors.policies import policies_in_force
from governance.selectors.promotions import open_promotions_of_batch
from governance.services._settlement import close, lock_open_promotion, order_what_is_missing, settle
from governance.services.authority import authorise
from registry.errors import MoveImpossible
from registry.models import ModelVersion, VersionStage
from registry.stages import Stage, may_move


def request_promotion(
    *, actor: Actor, version: ModelVersion, target: Stage, alias: str = "champion", reason: str = ""
) -> Promotion:
    """Ask to move a version to a stage. The gate answers at once, and again whenever a fact is added.

    A blocked promotion is a result: it is returned and stays open, until somebody refuses or withdraws it.
    Records: promotion.requested, gate.decided, check_run.ordered for what is missing or too old.
    Raises: NotEntitled, NoPolicyApplies, MoveImpossible, PromotionOpen (somebody else's).
    Idempotent: by version, target and requester, while open. Locks: the version's position.
    """
    authorise(actor, Verb.PROMOTE)
    with record(actor=actor, at=now()) as recording:
        # Two requests for one version queue up here; the unique constraint is only the net.
        position = VersionStage.objects.select_for_update().get(version=version)
        known = OpenPromotion.objects.filter(version=version, target=target).select_related("promotion").first()
        if known:
            if known.promotion.requested_by == str(actor):
                return known.promotion
            raise PromotionOpen(f"{version} has an open promotion to {target} already.", uid=str(known.promotion.uid))
        if not may_move(position.stage, target):
            raise MoveImpossible(f"{version} is in stage {position.stage}; it cannot move to {target} from there.")
        if position.stage == Stage.RETIRED:
            raise MoveImpossible(f"{version} is retired; only a rollback brings a retired version back.")
        policies = policies_in_force(risk_tier=version.model.risk_tier, target=target)
        if len(policies) != 1:
            raise NoPolicyApplies(
                f"{len(policies)} policies guard the move of a {version.model.risk_tier}-risk model to {target}; "
                "exactly one must be in force. Ask an operator to publish one.",
                policies=[item.policy.name for item in policies],
            )
        uid = new_uid()
        promotion = Promotion(
            uid=uid,
            version=version,
            target=target,
            alias=alias,
            policy=policies[0].edition,
            sealed_reason=Promotion.reason.seal(reason, author=str(actor), uid=uid),
            requested_by=str(actor),
            requested_at=recording.at,
        )
        data = {
            "version": version.subject,
            "target": target.value,
            "alias": alias,
            "policy_sha256": promotion.policy.sha256,
            "artifact_sha256": version.artifact_sha256,
        }
        recording.create(promotion, action="promotion.requested", subject=promotion.subject, data=data)
        OpenPromotion.objects.create(promotion=promotion, version=version, target=target)
        order_what_is_missing(recording=recording, item=policies[0], promotion=promotion)
        settle(recording=recording, promotion=promotion)
    return promotion


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
