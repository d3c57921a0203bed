"""Who may do what? A table, and nothing else: no rank stands above it."""

from enum import StrEnum


class Role(StrEnum):
    CONTRIBUTOR = "contributor"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Group(StrEnum):
    """What a reviewer answers for."""

    RISK = "risk"
    COMPLIANCE = "compliance"
    LEGAL = "legal"
    PRIVACY = "privacy"
    SECURITY = "security"
    BUSINESS = "business"


class Verb(StrEnum):
    """What a token's scope and a role can allow."""

    READ = "read"
    COMMENT = "comment"
    REGISTER = "register"
    PROMOTE = "promote"
    REVIEW = "review"
    WAIVE = "waive"
    BREAK_GLASS = "break_glass"
    SUSPEND = "suspend"
    TRIGGER = "trigger"
    ROLL_BACK = "roll_back"
    EXPORT = "export"
    PUBLISH_POLICY = "publish_policy"
    ISSUE_TOKENS = "issue_tokens"
    ADMINISTER = "administer"


ALLOWED: dict[Role, frozenset[Verb]] = {
    Role.CONTRIBUTOR: frozenset(
        {Verb.READ, Verb.COMMENT, Verb.REGISTER, Verb.PROMOTE, Verb.TRIGGER, Verb.ISSUE_TOKENS}
    ),
    Role.REVIEWER: frozenset(
        {
            *(Verb.READ, Verb.COMMENT, Verb.REVIEW, Verb.WAIVE, Verb.BREAK_GLASS, Verb.SUSPEND),
            *(Verb.TRIGGER, Verb.EXPORT, Verb.ISSUE_TOKENS),
        }
    ),
    # An auditor reads everything and changes nothing; taking a report away leaves an entry.
    Role.AUDITOR: frozenset({Verb.READ, Verb.EXPORT, Verb.ISSUE_TOKENS}),
    Role.OPERATOR: frozenset(
        {
            *(Verb.READ, Verb.COMMENT, Verb.EXPORT, Verb.ADMINISTER, Verb.PUBLISH_POLICY, Verb.ISSUE_TOKENS),
            *(Verb.ROLL_BACK, Verb.SUSPEND, Verb.BREAK_GLASS, Verb.TRIGGER),
        }
    ),
}


def allows(roles: set[Role], verb: Verb) -> bool:
    """Return whether any of `roles` allows `verb`."""
    return any(verb in ALLOWED[role] for role in roles)
