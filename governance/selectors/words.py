"""Whose word about a promotion would be taken, and what is it bound to?"""

from dataclasses import asdict, dataclass
from datetime import datetime

from audits.errors import DomainError
from governance.errors import AlreadyDecided, NotYourTurn, OwnSubmission, Recused
from governance.gates import Facts, Subject, barred_people, missing_before
from governance.models import Promotion
from governance.policy_format import MEANINGS, SignOff
from governance.roles import Group
from governance.selectors.facts import facts_for_gate, subject_for_gate
from governance.selectors.policies import Rules, rules_of_promotion


@dataclass(frozen=True, slots=True)
class Content:
    """What stands before whoever decides: the digests, and the number of the gate's last answer (0: none yet)."""

    artifact_sha256: str
    evidence_sha256: str
    policy_sha256: str
    decision: int

    def differences(self, other: "Content") -> list[str]:
        """Return the names of what is not the same."""
        mine, theirs = asdict(self), asdict(other)
        return [name for name in mine if mine[name] != theirs[name]]


@dataclass(frozen=True, slots=True)
class Case:
    """A promotion under the policies that guard it, with all that the gate reads, gathered at one moment."""

    promotion: Promotion
    rules: Rules
    subject: Subject
    facts: Facts


def case_of(promotion: Promotion, rules: Rules) -> Case:
    return Case(promotion, rules, subject_for_gate(promotion, rules), facts_for_gate(promotion, rules))


def content_before(promotion: Promotion, rules: Rules) -> Content:
    return Content(
        artifact_sha256=promotion.version.artifact_sha256,
        evidence_sha256=promotion.version.evidence_sha256,
        policy_sha256=rules.sha256,
        decision=max((decision.number for decision in promotion.decisions.all()), default=0),
    )


def sign_off_asked(rules: Rules) -> SignOff:
    """Return what the policies together ask of a signature: the meanings are those that all of them accept."""
    asked = [policy.sign_off for policy in rules.policies]
    listed = [sign_off.meanings for sign_off in asked if sign_off.meanings]
    meanings = tuple(one for one in MEANINGS if listed and all(one in meanings for meanings in listed))
    return SignOff(any(sign_off.reauthenticate for sign_off in asked), meanings)


def must_sign(promotion: Promotion) -> bool:
    """Return whether a policy about a promotion asks for the password of whoever speaks, waives or forces."""
    return sign_off_asked(rules_of_promotion(promotion)).reauthenticate


def objection_to(case: Case, *, speaker: str, on_behalf_of: str = "", at: datetime) -> DomainError | None:
    """Return why a word is not taken from one person (kind:id), or not on behalf of the other; None when it is.

    Nobody decides about their own work, after stepping aside, or twice: through a delegation neither.
    """
    barred = barred_people(case.rules.policies, case.facts, subject=case.subject, now=at)
    recused = set(case.promotion.recusals.values_list("person", flat=True))
    spoken = {person: one for one in case.promotion.approvals.all() for person in (one.approver, one.on_behalf_of)}
    for person, who in ((speaker, "You"), (on_behalf_of, "The person you speak for")):
        if not person:
            continue
        if person in barred:
            return OwnSubmission(f"{who} {barred[person]}, so somebody else must decide about it.")
        if person in recused:
            return Recused(f"{who} stepped aside from this promotion.")
        if one := spoken.get(person):
            said = f"{'approved' if one.verdict == 'approve' else 'refused'} for {one.group}"
            through = "" if person == one.approver else " through somebody else"
            return AlreadyDecided(f"{who} {said}{through} on {one.given_at:%-d %B %Y}. A person speaks once.")
    return None


def turn_objection(case: Case, *, group: Group, at: datetime) -> DomainError | None:
    """Return why it is not a group's turn to approve, or None when it is."""
    for policy in case.rules.policies:
        if earlier := missing_before(policy, case.facts, group.value, subject=case.subject, now=at):
            return NotYourTurn(
                f"The policy {policy.name} asks {earlier} before {group}, and {earlier} is not complete yet.",
                waits_for=earlier,
            )
    return None
