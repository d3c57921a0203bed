"""What can be wrong with a request to the governing floor?"""

from audits.errors import DomainError


class NotEntitled(DomainError):
    code, status = "not_entitled", 403


class OwnSubmission(DomainError):
    code, status = "own_submission", 409


class AlreadyDecided(DomainError):
    code, status = "already_decided", 409


class Recused(DomainError):
    code, status = "recused", 409


class NotYourTurn(DomainError):
    code, status = "not_your_turn", 409


class ContentChanged(DomainError):
    code, status = "content_changed", 409


class SignatureRefused(DomainError):
    code, status = "signature_refused", 403


class UnknownDelegation(DomainError):
    code, status = "unknown_delegation", 404


class DelegationEnded(DomainError):
    code, status = "delegation_ended", 409


class UnknownCondition(DomainError):
    code, status = "unknown_condition", 404


class ConditionClosed(DomainError):
    code, status = "condition_closed", 409


class UnknownComment(DomainError):
    code, status = "unknown_comment", 404


class CommentWithdrawn(DomainError):
    code, status = "comment_withdrawn", 409


class PromotionClosed(DomainError):
    code, status = "promotion_closed", 409


class PromotionOpen(DomainError):
    code, status = "promotion_open", 409


class RecertificationOverdue(DomainError):
    code, status = "recertification_overdue", 409


class NothingToOrder(DomainError):
    code, status = "nothing_to_order", 409


class NoPolicyApplies(DomainError):
    code, status = "no_policy_applies", 409


class NothingToRollBackTo(DomainError):
    code, status = "nothing_to_roll_back_to", 409


class AliasGoverned(DomainError):
    code, status = "alias_governed", 409


class BreakGlassForbidden(DomainError):
    code, status = "break_glass_forbidden", 409


class BreakGlassOutOfTurn(DomainError):
    code, status = "break_glass_out_of_turn", 409


class SamePerson(DomainError):
    code, status = "same_person", 409


class UnknownBreakGlass(DomainError):
    code, status = "unknown_break_glass", 404


class UnknownPromotion(DomainError):
    code, status = "unknown_promotion", 404


class UnknownRequirement(DomainError):
    code, status = "unknown_requirement", 404


class NotWaivable(DomainError):
    code, status = "not_waivable", 409


class AlreadyWaived(DomainError):
    code, status = "already_waived", 409


class UnknownWaiver(DomainError):
    code, status = "unknown_waiver", 404


class WaiverEnded(DomainError):
    code, status = "waiver_ended", 409


class UnknownNotice(DomainError):
    code, status = "unknown_notice", 404


class UnknownEvidence(DomainError):
    code, status = "unknown_evidence", 404


class UnknownBlob(DomainError):
    code, status = "unknown_bytes", 404


class UnknownUpload(DomainError):
    code, status = "unknown_upload", 404


class UploadOffset(DomainError):
    code, status = "upload_offset", 409


class UploadBusy(DomainError):
    code, status = "upload_busy", 409


class UploadUnacceptable(DomainError):
    code, status = "upload_unacceptable", 422


class TableUnacceptable(DomainError):
    code, status = "table_unacceptable", 422


class ArtifactUnacceptable(DomainError):
    code, status = "artifact_unacceptable", 422


class NotShipped(DomainError):
    code, status = "not_shipped", 409


class AlreadyInForce(DomainError):
    code, status = "already_in_force", 409


class UnknownPolicy(DomainError):
    code, status = "unknown_policy", 404


class UnknownPolicyDraft(DomainError):
    code, status = "unknown_policy_draft", 404


class PolicyDraftClosed(DomainError):
    code, status = "policy_draft_closed", 409


class DocumentUnacceptable(DomainError):
    code, status = "document_unacceptable", 422


class PolicyMalformed(DomainError):
    code, status = "policy_malformed", 422


class EvidenceUnfit(DomainError):
    code, status = "evidence_unfit", 422


class AccountExists(DomainError):
    code, status = "account_exists", 409


class UnknownAccount(DomainError):
    code, status = "unknown_account", 404


class ScopeTooWide(DomainError):
    code, status = "scope_too_wide", 409


class UnknownToken(DomainError):
    code, status = "unknown_token", 404


class TokenEnded(DomainError):
    code, status = "token_ended", 409


class KeyUnusable(DomainError):
    code, status = "key_unusable", 409


class NothingRecorded(DomainError):
    code, status = "nothing_recorded", 409


class TrailNotWhole(DomainError):
    code, status = "trail_not_whole", 409


class UnknownSubject(DomainError):
    code, status = "unknown_subject", 404


class UnknownCheckpoint(DomainError):
    code, status = "unknown_checkpoint", 404


class UnknownWebhook(DomainError):
    code, status = "unknown_webhook", 404


class UnknownWebhookDelivery(DomainError):
    code, status = "unknown_webhook_delivery", 404


class Malformed(DomainError):
    code, status = "malformed", 422
