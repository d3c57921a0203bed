"""What can be wrong with a request before it reaches a use case?"""

from audits.errors import DomainError


class ScopeMissing(DomainError):
    code, status = "scope_missing", 403


class PreconditionFailed(DomainError):
    code, status = "precondition_failed", 412


class RateExceeded(DomainError):
    code, status = "rate_exceeded", 429


class UnknownPath(DomainError):
    code, status = "unknown_path", 404


class UnknownAlias(DomainError):
    code, status = "unknown_alias", 404


class UnknownCard(DomainError):
    code, status = "unknown_card", 404


class UnknownCheckRun(DomainError):
    code, status = "unknown_check_run", 404


class UnknownReport(DomainError):
    code, status = "unknown_report", 404


class UnknownBundle(DomainError):
    code, status = "unknown_bundle", 404


class NoCheckpoint(DomainError):
    code, status = "no_checkpoint", 404


class BeyondTrail(DomainError):
    code, status = "beyond_trail", 404


class LengthRequired(DomainError):
    code, status = "length_required", 411


class TooLarge(DomainError):
    code, status = "too_large", 413


class IdempotencyKeyReused(DomainError):
    code, status = "idempotency_key_reused", 409


class IdempotentRequestInProgress(DomainError):
    code, status = "idempotent_request_in_progress", 409
