"""What the governing floor keeps: accounts, policies, promotions, waivers, emergencies, deadlines, exports."""

from governance.models.accounts import (
    AccessToken,
    Account,
    AccountKind,
    RoleGrant,
    RoleRevocation,
    TokenRevocation,
    TokenRotation,
)
from governance.models.bundles import BundleExport
from governance.models.certifications import DeadlineKind, DeadlinePassed, RecertificationTrigger, TriggerKind
from governance.models.comments import Comment, CommentRevision, CommentWithdrawal
from governance.models.conditions import ApprovalLapse, Condition, ConditionFulfilment
from governance.models.delegations import Delegation, DelegationRevocation, Recusal
from governance.models.emergencies import BreakGlass, BreakGlassConfirmation, BreakGlassReview, BreakGlassVerdict
from governance.models.notices import Notice
from governance.models.operations import IdempotencyKey, TokenUse, Upload
from governance.models.policies import DraftOutcome, PolicyDraft, PolicyDraftClosure, PolicyVersion
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
from governance.models.retirements import Retirement, RetirementKind
from governance.models.waivers import Waiver, WaiverRevocation
from governance.models.webhooks import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEdition,
    WebhookFeed,
    WebhookSecret,
    WebhookStatus,
)

__all__ = [
    "AccessToken",
    "Account",
    "AccountKind",
    "Approval",
    "ApprovalLapse",
    "ApprovalVerdict",
    "BreakGlass",
    "BreakGlassConfirmation",
    "BreakGlassReview",
    "BreakGlassVerdict",
    "BundleExport",
    "ClosureOutcome",
    "Comment",
    "CommentRevision",
    "CommentWithdrawal",
    "Condition",
    "ConditionFulfilment",
    "DeadlineKind",
    "DeadlinePassed",
    "Delegation",
    "DelegationRevocation",
    "DeliveryState",
    "DraftOutcome",
    "GateDecisionRecord",
    "IdempotencyKey",
    "Notice",
    "OpenPromotion",
    "PolicyDraft",
    "PolicyDraftClosure",
    "PolicyVersion",
    "Promotion",
    "PromotionClosure",
    "RecertificationTrigger",
    "Recusal",
    "ReportExport",
    "RoleGrant",
    "RoleRevocation",
    "Retirement",
    "RetirementKind",
    "Rollback",
    "TokenRevocation",
    "TokenRotation",
    "TokenUse",
    "TriggerKind",
    "Upload",
    "Waiver",
    "WaiverRevocation",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEdition",
    "WebhookFeed",
    "WebhookSecret",
    "WebhookStatus",
]
