"""Which waivers are there, and what could one be granted for?"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from audits.errors import DomainError
from governance.errors import AlreadyDecided, OwnSubmission, Recused, UnknownWaiver
from governance.models import ApprovalVerdict, Promotion, Waiver
from governance.policy_format import DocumentRequirement, Policy, Requirement
from governance.selectors.policies import Rules, rules_about
from registry.models import ModelVersion

IN_FORCE, EXPIRED, REVOKED = STATES = ("in_force", "expired", "revoked")


def list_waivers() -> QuerySet[Waiver]:
    return Waiver.objects.select_related("version__model", "revocation")


def get_waiver(uid: UUID) -> Waiver:
    """Return a waiver with its version and revocation. Raises: UnknownWaiver."""
    waiver = list_waivers().filter(uid=uid).first()
    if waiver is None:
        raise UnknownWaiver(f"There is no waiver {uid}.")
    return waiver


def state_of(waiver: Waiver, *, at: datetime) -> str:
    if hasattr(waiver, "revocation"):
        return REVOKED
    return IN_FORCE if at < waiver.expires_at else EXPIRED


def in_state(state: str, *, at: datetime) -> Q:
    """Return the condition under which `state_of` gives this state."""
    is_revoked = Q(revocation__isnull=False)
    has_expired = Q(expires_at__lte=at)
    return {REVOKED: is_revoked, EXPIRED: ~is_revoked & has_expired, IN_FORCE: ~is_revoked & ~has_expired}[state]


def waivers_in_force(version: ModelVersion, *, target: str, at: datetime) -> QuerySet[Waiver]:
    return list_waivers().filter(in_state(IN_FORCE, at=at), version=version, target=target)


def objection_to_waiving(version: ModelVersion, promotion: Promotion | None, *, person: str) -> DomainError | None:
    """Return why this person (kind:id) does not waive for a version and its open promotion; None when they may.

    Nobody waives for a move of their own, for one they have approved, or after stepping aside.
    """
    if person in {version.registered_by, promotion.requested_by if promotion else ""}:
        return OwnSubmission("You registered this version or asked for its promotion; somebody else must waive.")
    if promotion is None:
        return None
    approvals = promotion.approvals.filter(verdict=ApprovalVerdict.APPROVE)
    if any(person in {approval.approver, approval.on_behalf_of} for approval in approvals):
        return AlreadyDecided("You approved this promotion; whoever approves does not waive for it.")
    if promotion.recusals.filter(person=person).exists():
        return Recused("You stepped aside from this promotion; somebody else must waive.")
    return None


def find_line(
    version: ModelVersion, *, target: str, policy: str, requirement: str
) -> tuple[Policy, Requirement | DocumentRequirement] | None:
    """Return the line that a policy in force asks of some move of the version to the target, with its policy."""
    for item in rules_towards(version, target).items:
        for line in item.policy.lines:
            if (item.policy.name, line.id) == (policy, requirement):
                return item.policy, line
    return None


def rules_towards(version: ModelVersion, target: str) -> Rules:
    """Return the policies in force for the target, whatever alias or step of a rollout they narrow themselves to."""
    items = rules_about(version.model).items
    return Rules(tuple(item for item in items if item.policy.scope.target in {"", target}))
