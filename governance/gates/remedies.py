"""Who can unblock a reason, and how? One sentence for each code the gate can give."""

from dataclasses import dataclass

from governance.gates.reasons import Outcome, Reason
from governance.policy_format import DocumentRequirement, Requirement
from governance.roles import ALLOWED, Role, Verb

APPROVAL = "approval:"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What gets a reason out of the way. `roles` may act; of `group`, when one is named, only its reviewers.

    Neither means that nobody can but time or a new version.
    """

    roles: tuple[Role, ...]
    how: str
    group: str = ""


def _may(verb: Verb) -> tuple[Role, ...]:
    return tuple(role for role, verbs in ALLOWED.items() if verb in verbs)


_HAND_IN = _may(Verb.REGISTER)
_PROMOTE = _may(Verb.PROMOTE)
_PUBLISH = _may(Verb.PUBLISH_POLICY)

_BY_CODE = {
    "no_policy": Remedy(
        _PUBLISH, "Propose a policy whose scope covers this move, and have another operator approve it."
    ),
    "policy_empty": Remedy(
        _PUBLISH, "Propose an edition that asks for something, and have another operator approve it."
    ),
    "no_way": Remedy(_PROMOTE, "Choose a stage that can be reached from where the version stands."),
    "artifact_unknown": Remedy(
        _HAND_IN, "Upload the artifact that the source leads to, and bind it to this version by its digest."
    ),
    "refused": Remedy(_PROMOTE, "Nothing lifts a refusal: answer it in a new version, or ask anew once it is settled."),
    "running": Remedy((), "Wait for the check; the gate answers again by itself."),
    "failed": Remedy(_HAND_IN, "Register a better version, or attach evidence that shows the requirement is met."),
    "inconclusive": Remedy(
        _HAND_IN, "Attach a table that can answer the question, with more rows or the missing columns."
    ),
    "errored": Remedy(
        _PROMOTE, "Mend what the sentence names, or order the check again: what broke once may not break again."
    ),
    "unknown_verdict": Remedy(_PUBLISH, "Update the service: it does not know what this check answered."),
    "wrong_stage": Remedy(_PROMOTE, "Promote the version into the stage named here first."),
    "soaking": Remedy((), "Wait until the time is reached, then ask again or let the next fact settle it."),
}
_OF_CHECK = {
    "not_run": Remedy(
        _PROMOTE, "Ask for the promotion or order the checks of the version; attach the table they read."
    ),
    "expired": Remedy(_PROMOTE, "Order the check again: the result has become too old."),
}
_OF_DOCUMENT = {
    "not_run": Remedy(_HAND_IN, "Hand the document in and attach it to this version."),
    "failed": Remedy(_HAND_IN, "Attach the document again with every section as a heading."),
    "expired": Remedy(_HAND_IN, "Review the document and attach it again."),
}


def remedy_of(reason: Reason, line: Requirement | DocumentRequirement | None = None) -> Remedy | None:
    """Return what gets a reason out of the way, or None when it is in nobody's.

    `line` is the line of the policy that the reason is about, when there is one.
    """
    if reason.outcome is Outcome.ALLOW:
        return None
    if reason.code == "approval_missing":
        group = reason.requirement.removeprefix(APPROVAL)
        return Remedy((Role.REVIEWER,), f"Reviewers for {group} read what the gate shows and approve it.", group)
    special = _OF_DOCUMENT if isinstance(line, DocumentRequirement) else _OF_CHECK
    remedy = special.get(reason.code) or _BY_CODE[reason.code]
    if line is None or not line.is_waivable or reason.code == "running":
        return remedy
    return Remedy(remedy.roles, f"{remedy.how} Or a reviewer grants a waiver.", remedy.group)
