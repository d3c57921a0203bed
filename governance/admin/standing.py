"""May this person decide here, and if not, why not? Said before the click; the service has the last word."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from governance.models import Account, Promotion, PromotionClosure
from governance.roles import Group, Role
from governance.selectors.delegations import delegations_held
from governance.selectors.policies import Rules
from governance.selectors.words import case_of, objection_to


@dataclass(frozen=True, slots=True)
class Seat:
    """A group for which a person may speak, in the place of somebody else where `delegator` is given."""

    group: Group
    delegator: Account | None = None

    @property
    def key(self) -> str:
        return f"{self.group.value}/{self.delegator.uid}" if self.delegator else self.group.value

    @property
    def label(self) -> str:
        behalf = f", on behalf of {self.delegator}" if self.delegator else ""
        return f"{self.group.value}{behalf}"


@dataclass(frozen=True, slots=True)
class Standing:
    """For which groups a person may speak, those whose word is missing first; or the sentence why for none."""

    seats: tuple[Seat, ...]
    why_not: str = ""

    @property
    def may_decide(self) -> bool:
        return bool(self.seats)


def standing_of(account: Account, promotion: Promotion, rules: Rules, missing: set[str], *, at: datetime) -> Standing:
    """Return whether an account may decide about a promotion that these rules guard."""
    if closed := _closed(promotion):
        return Standing((), closed)
    speaker, case = str(account.actor), case_of(promotion, rules)
    if objection := objection_to(case, speaker=speaker, at=at):
        return Standing((), objection.detail)
    asked = list(dict.fromkeys(factor.group for policy in rules.policies for factor in policy.approvals))
    own = account.groups_reviewed_for()
    seats = [Seat(group) for group in Group if group in own and group.value in asked]
    why_not = _no_group(account, asked)
    for seat in sorted(_lent(account, promotion, asked, at), key=lambda seat: seat.label):
        behalf = str(seat.delegator.actor) if seat.delegator else ""
        if objection := objection_to(case, speaker=speaker, on_behalf_of=behalf, at=at):
            why_not = objection.detail
        else:
            seats.append(seat)
    if seats:
        return Standing(tuple(sorted(seats, key=lambda seat: seat.group.value not in missing)))
    return Standing((), why_not)


def _lent(account: Account, promotion: Promotion, asked: list[str], at: datetime) -> set[Seat]:
    covers = Q(model__isnull=True) | Q(model=promotion.version.model_id)
    held = delegations_held(account, at=at).filter(covers, group__in=asked).select_related("delegator")
    return {Seat(Group(delegation.group), delegation.delegator) for delegation in held}


def _closed(promotion: Promotion) -> str:
    closure: PromotionClosure | None = getattr(promotion, "closure", None)
    if closure is None:
        return ""
    return (
        f"This promotion was {closure.outcome} on {closure.closed_at:%-d %B %Y at %H:%M} UTC. It takes no more words."
    )


def _no_group(account: Account, asked: list[str]) -> str:
    needed = " and ".join(asked) or "nobody"
    reviewed = account.groups_reviewed_for()
    if reviewed:
        mine = " and ".join(sorted(group.value for group in reviewed))
        return f"You review for {mine}; the policies here ask for {needed}."
    roles = ", ".join(sorted(role.value for role in account.roles() - {Role.REVIEWER})) or "none"
    return f"Your role ({roles}) reads here and does not decide. Reviewers for {needed} do."
