"""May this person decide here, and if not, why not? Said before the click; the service has the last word."""

from dataclasses import dataclass

from governance.models import Account, Promotion, PromotionClosure
from governance.policy_format import ApprovalFactor
from governance.roles import Group, Role


@dataclass(frozen=True, slots=True)
class Standing:
    """For which groups a person may speak, those whose word is missing first; or the sentence why for none."""

    groups: tuple[Group, ...]
    why_not: str = ""

    @property
    def may_decide(self) -> bool:
        return bool(self.groups)


def standing_of(account: Account, promotion: Promotion, factors: list[ApprovalFactor], missing: set[str]) -> Standing:
    """Return whether an account may decide about a promotion, of whose policies these factors come."""
    refusal = _closed(promotion) or _own(account, promotion) or _spoken(account, promotion)
    if refusal:
        return Standing((), refusal)
    asked = [factor.group for factor in factors]
    groups = [group for group in Group if group in account.groups_reviewed_for() and group.value in asked]
    if groups:
        return Standing(tuple(sorted(groups, key=lambda group: group.value not in missing)))
    return Standing((), _no_group(account, asked))


def _closed(promotion: Promotion) -> str:
    closure: PromotionClosure | None = getattr(promotion, "closure", None)
    if closure is None:
        return ""
    return (
        f"This promotion was {closure.outcome} on {closure.closed_at:%-d %B %Y at %H:%M} UTC. It takes no more words."
    )


def _own(account: Account, promotion: Promotion) -> str:
    actor = str(account.actor)
    if promotion.version.registered_by == actor:
        return "You registered this version, so somebody else must decide about it."
    if promotion.requested_by == actor:
        return "You asked for this promotion, so somebody else must decide about it."
    return ""


def _spoken(account: Account, promotion: Promotion) -> str:
    actor = str(account.actor)
    for approval in promotion.approvals.all():
        if approval.approver == actor:
            said = "approved" if approval.verdict == "approve" else "refused"
            return f"You {said} for {approval.group} on {approval.given_at:%-d %B %Y}. A person speaks once."
    return ""


def _no_group(account: Account, asked: list[str]) -> str:
    needed = " and ".join(asked) or "nobody"
    reviewed = account.groups_reviewed_for()
    if reviewed:
        mine = " and ".join(sorted(group.value for group in reviewed))
        return f"You review for {mine}; the policies here ask for {needed}."
    roles = ", ".join(sorted(role.value for role in account.roles() - {Role.REVIEWER}))
    return f"Your role ({roles}) reads here and does not decide. Reviewers for {needed} do."
