"""Who may speak for whom at a moment?"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.errors import UnknownDelegation
from governance.models import Account, Delegation, Promotion, RoleGrant
from governance.roles import Role


class DelegationState(StrEnum):
    TO_COME = "to_come"
    RUNNING = "running"
    ENDED = "ended"
    REVOKED = "revoked"


def state_of(delegation: Delegation, *, at: datetime) -> DelegationState:
    """Return how a delegation stands at a moment."""
    if hasattr(delegation, "revocation"):
        return DelegationState.REVOKED
    if at < delegation.starts_at:
        return DelegationState.TO_COME
    return DelegationState.RUNNING if at < delegation.ends_at else DelegationState.ENDED


def standing_as(state: DelegationState, *, at: datetime) -> Q:
    """Return what selects the delegations that stand like this at a moment."""
    if state is DelegationState.REVOKED:
        return Q(revocation__isnull=False)
    begins = {
        DelegationState.TO_COME: Q(starts_at__gt=at),
        DelegationState.RUNNING: Q(starts_at__lte=at, ends_at__gt=at),
        DelegationState.ENDED: Q(ends_at__lte=at),
    }
    return Q(revocation__isnull=True) & begins[state]


def list_delegations() -> QuerySet[Delegation]:
    return Delegation.objects.select_related("delegator", "delegate", "model", "revocation")


def get_delegation(uid: UUID) -> Delegation:
    """Return a delegation with both people. Raises: UnknownDelegation."""
    found = list_delegations().filter(uid=uid).first()
    if found is None:
        raise UnknownDelegation(f"There is no delegation {uid}.")
    return found


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
