"""What does a policy document say, and where exactly is it wrong?"""

from governance.policy_format.meaning import CheckValidator
from governance.policy_format.model import (
    MEANINGS,
    ApprovalFactor,
    DocumentRequirement,
    Policy,
    Recertification,
    Requirement,
    Scope,
    SignOff,
    Soak,
)
from governance.policy_format.reading import (
    LONGEST_POLICY,
    MalformedPolicy,
    PolicyError,
    document_kinds,
    parse_policy,
    policy_schema,
)

__all__ = [
    "LONGEST_POLICY",
    "MEANINGS",
    "ApprovalFactor",
    "CheckValidator",
    "DocumentRequirement",
    "MalformedPolicy",
    "Policy",
    "PolicyError",
    "Recertification",
    "Requirement",
    "Scope",
    "SignOff",
    "Soak",
    "document_kinds",
    "parse_policy",
    "policy_schema",
]
