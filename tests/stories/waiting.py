"""A promotion whose checks have passed and that waits for people, as several stories begin."""

from collections.abc import Callable
from typing import Any

from governance.models import Account, Approval, Promotion
from governance.roles import Group
from governance.services.approvals import approve_promotion
from registry.selectors import get_version
from tests import make

PASSWORD = "seven-lamps-over-the-harbour"

WITH_DPIA = make.POLICY.replace(
    "approvals:",
    "documents:\n  - {id: dpia, title: The impact on data protection is assessed, kind: dpia, "
    "sections: [Purpose, Risks]}\napprovals:",
)

Ready = Callable[..., Promotion]


def yes(promotion: Promotion, who: Account, group: Group = Group.RISK, **more: Any) -> Approval:
    return approve_promotion(actor=who.actor, uid=promotion.uid, group=group, reason="Read and weighed.", **more)


def stage() -> str:
    return get_version("care-programme", 1).position.stage


def sentence(promotion: Promotion, group: str) -> str:
    """Return what the gate last said about a group's approval."""
    reasons = promotion.decisions.latest("number").reasons
    return next(reason["sentence"] for reason in reasons if reason["requirement"] == f"approval:{group}")


def reasons_of(promotion: Promotion) -> dict[str, str]:
    return {line["requirement"]: line["code"] for line in promotion.decisions.latest("number").reasons}
