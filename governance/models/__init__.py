"""What the governing floor keeps: accounts and roles, policies, promotions and approvals, reports, bundles."""

from governance.models.accounts import (
    AccessToken,
    Account,
    AccountKind,
    RoleGrant,
    RoleRevocation,
    TokenRevocation,
)
from governance.models.bundles import BundleExport
from governance.models.operations import IdempotencyKey
from governance.models.policies import PolicyVersion
from governance.models.promotions import (
    Approval,
    ApprovalVerdict,
    ClosureOutcome,
    GateDecisionRecord,
    OpenPromotion,
    Promotion,
    PromotionClosure,
    Rollback,
)
from governance.models.reports import ReportExport

__all__ = [
    "AccessToken",
    "Account",
    "AccountKind",
    "Approval",
    "ApprovalVerdict",
    "BundleExport",
    "ClosureOutcome",
    "GateDecisionRecord",
    "IdempotencyKey",
    "OpenPromotion",
    "PolicyVersion",
    "Promotion",
    "PromotionClosure",
    "ReportExport",
    "RoleGrant",
    "RoleRevocation",
    "Rollback",
    "TokenRevocation",
]
