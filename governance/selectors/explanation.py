"""Why may a version not move, who can change that, and how? Changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.gates import Facts, Outcome, Reason, Subject, barred_people, decide, is_bound_to
from governance.gates.remedies import Remedy, remedy_of
from governance.models import OpenPromotion, Promotion, RoleGrant
from governance.roles import Role
from governance.selectors.facts import facts_for_gate, facts_for_version, subject_for, subject_for_gate
from governance.selectors.policies import Move, Rules, rules_for
from registry.models import ModelVersion


@dataclass(frozen=True, slots=True)
class Holders:
    """How many people hold a role (for a group, when it is named), and of these, how many may still act.

    Of an approval, those may not who registered, asked, carry a duty the policies bar, or have spoken.
    """

    role: Role
    group: str
    number: int
    may_act: int


@dataclass(frozen=True, slots=True)
class Explained:
    """One reason, and who can get it out of the way."""

    reason: Reason
    remedy: Remedy | None
    who: tuple[Holders, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the gate says about a move, reason by reason. `promotion` is the open one it is about, if any."""

    outcome: Outcome
    rules: Rules
    promotion: Promotion | None
    passes: tuple[Explained, ...]
    blocks: tuple[Explained, ...]

    @property
    def under_way(self) -> tuple[Explained, ...]:
        """Checks that are waited for, where they are several: nothing is to be said of each."""
        running = tuple(one for one in self.blocks if one.reason.code == "running")
        return running if len(running) > 1 else ()

    @property
    def standing(self) -> tuple[Explained, ...]:
        """What is to be said one by one."""
        return tuple(one for one in self.blocks if one not in self.under_way)

    @property
    def total(self) -> int:
        return len(self.passes) + len(self.blocks)


def explain(version: ModelVersion, move: Move, *, at: datetime) -> Explanation:
    """Return what passes and what blocks a move, with who can unblock it; of an open promotion, with its approvals."""
    promotion = _open_promotion(version, move)
    rules = rules_for(version, move)
    if promotion:
        facts, subject = facts_for_gate(promotion, rules), subject_for_gate(promotion, rules)
    else:
        facts, subject = facts_for_version(version, rules, target=move.target), subject_for(version, rules, move)
    decision = decide(rules.policies, facts, subject=subject, now=at)
    holders = _people_by_role()
    out = _who_may_not_approve(rules, facts, subject, at)
    lines = {(policy.name, line.id): line for policy in rules.policies for line in policy.lines}
    explained = []
    for reason in decision.reasons:
        remedy = remedy_of(reason, lines.get((reason.policy, reason.requirement)))
        who = tuple(_holders(remedy, holders, out)) if remedy else ()
        explained.append(Explained(reason, remedy, who))
    return Explanation(
        decision.outcome,
        rules,
        promotion,
        passes=tuple(one for one in explained if one.remedy is None),
        blocks=tuple(one for one in explained if one.remedy is not None),
    )


def _open_promotion(version: ModelVersion, move: Move) -> Promotion | None:
    rows = OpenPromotion.objects.filter(version=version, target=move.target).select_related("promotion")
    row = rows.first()
    if row is None or (row.promotion.alias, row.promotion.rollout) != (move.alias, move.rollout):
        return None
    # The version is at hand with all that hangs on it.
    row.promotion.version = version
    return row.promotion


def _people_by_role() -> dict[tuple[str, str], set[str]]:
    """Return the actors that hold each role, by role and group."""
    grants = RoleGrant.objects.filter(revocation__isnull=True, account__is_active=True)
    held: dict[tuple[str, str], set[str]] = {}
    for role, group, kind, uid in grants.values_list("role", "group", "account__kind", "account__uid"):
        held.setdefault((role, group), set()).add(f"{kind}:{uid}")
    return held


def _who_may_not_approve(rules: Rules, facts: Facts, subject: Subject, at: datetime) -> set[str]:
    barred = set(barred_people(rules.policies, facts, subject=subject, now=at))
    spoken = {person for approval in facts.approvals if is_bound_to(approval, subject) for person in approval.people}
    return barred | spoken


def _holders(remedy: Remedy, held: dict[tuple[str, str], set[str]], out: Iterable[str]) -> Iterable[Holders]:
    for role in remedy.roles:
        people = {
            person
            for (name, group), some in held.items()
            if name == role and remedy.group in {"", group}
            for person in some
        }
        may_act = people - set(out) if remedy.group else people
        yield Holders(role, remedy.group, len(people), len(may_act))
