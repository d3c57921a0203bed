"""Who may speak for whom at a moment?"""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from governance.models import Account, Delegation, Promotion, RoleGrant
from governance.roles import Role


def running_delegations(*, at: datetime) -> QuerySet[Delegation]:
    """Return the delegations that let somebody speak at a moment: begun, neither over nor revoked."""
    return Delegation.objects.filter(starts_at__lte=at, ends_at__gt=at).exclude(revocation__revoked_at__lte=at)


def delegations_held(account: Account, *, at: datetime) -> QuerySet[Delegation]:
    """Return the delegations by which an account may speak at a moment, for people who still hold the group."""
    own = RoleGrant.objects.filter(
        account=OuterRef("delegator"), role=Role.REVIEWER, group=OuterRef("group"), revocation__isnull=True
    )
    held = running_delegations(at=at).filter(delegate=account, delegate__is_active=True, delegator__is_active=True)
    return held.filter(Exists(own))


def delegations_covering(*, delegate: str, delegator: str, group: str, promotion: Promotion, at: datetime) -> bool:
    """Return whether one person (uid) might speak for another at a moment, within the scope of a delegation."""
    rows = running_delegations(at=at).filter(delegate__uid=delegate, delegator__uid=delegator, group=group)
    return any(row.model_id in {None, promotion.version.model_id} for row in rows)
