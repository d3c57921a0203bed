"""What is a policy, once it is read? Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a signature can mean, 21 CFR 11.50(a)(3); the schema lists the same.
MEANINGS = ("reviewed", "approved", "responsible_for")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a policy: a check that must have passed over the version's own evidence.

    `evidence` is the purpose of the table that the check reads.
    """

    id: str
    title: str
    check: str
    version: int
    parameters: Mapping[str, Any]
    max_age_days: int | None = None
    is_advisory: bool = False
    controls: tuple[str, ...] = ()
    evidence: str = "evaluation"
    is_waivable: bool = True


@dataclass(frozen=True, slots=True)
class DocumentRequirement:
    """One line of a policy: a document that the version must bring, with the sections it must have."""

    id: str
    title: str
    kind: str
    sections: tuple[str, ...] = ()
    max_age_days: int | None = None
    is_advisory: bool = False
    controls: tuple[str, ...] = ()
    is_waivable: bool = True


@dataclass(frozen=True, slots=True)
class ApprovalFactor:
    """So many people of one group must approve; every factor of a policy is needed."""

    group: str
    count: int
    has_veto: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """Which moves a policy guards; an empty line fits everything."""

    target: str = ""
    aliases: tuple[str, ...] = ()
    rollouts: tuple[str, ...] = ()
    risk_tiers: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    entry_types: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def covers_model(self, *, risk_tier: str, task: str, entry_type: str, tags: Mapping[str, str]) -> bool:
        """Return whether some move of such a model's versions is guarded."""
        return (
            _fits(self.risk_tiers, risk_tier)
            and _fits(self.tasks, task)
            and _fits(self.entry_types, entry_type)
            and all(tags.get(name) == value for name, value in self.tags.items())
        )

    def covers_move(self, *, target: str, alias: str, rollout: str) -> bool:
        """Return whether this move is guarded, of the models that are covered."""
        return self.target in {"", target} and _fits(self.aliases, alias) and _fits(self.rollouts, rollout)


def _fits(accepted: tuple[str, ...], given: str) -> bool:
    return not accepted or given in accepted


@dataclass(frozen=True, slots=True)
class SignOff:
    """What an approval must carry besides a reason."""

    reauthenticate: bool = False
    meanings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Soak:
    """How many hours the version must have stood in a stage (and a step of production) before it moves on."""

    stage: str
    hours: int
    rollout: str = ""


@dataclass(frozen=True, slots=True)
class Recertification:
    """When a version in production must be promoted anew, and what follows when it was not."""

    every_days: int
    notice_days: int = 30
    triggers: tuple[str, ...] = ()
    grace_days: int = 14
    overdue: str = "warn"


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rules for some moves of some models."""

    name: str
    title: str
    scope: Scope
    requirements: tuple[Requirement, ...]
    approvals: tuple[ApprovalFactor, ...] = ()
    documents: tuple[DocumentRequirement, ...] = ()
    is_ordered: bool = False
    approval_days: int | None = None
    sign_off: SignOff = SignOff()
    separation: frozenset[str] = frozenset()
    soak: Soak | None = None
    max_waiver_days: int = 90
    allows_break_glass: bool = True
    recertification: Recertification | None = None

    @property
    def lines(self) -> tuple[Requirement | DocumentRequirement, ...]:
        """Every check and every document that is asked for."""
        return (*self.requirements, *self.documents)
