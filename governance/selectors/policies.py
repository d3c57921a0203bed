"""Which rules are in force or proposed, and which of them apply to a move?"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from governance.errors import UnknownPolicy, UnknownPolicyDraft
from governance.models import PolicyDraft, PolicyVersion, Promotion
from governance.policy_format import Policy, parse_policy
from registry.models import ModelVersion, RegisteredModel


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """An edition and what its text says."""

    edition: PolicyVersion
    policy: Policy


@dataclass(frozen=True, slots=True)
class Move:
    """Where a version wants to go: a stage (with a step of production), an alias, or both."""

    target: str
    alias: str = ""
    rollout: str = ""
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """All policies that guard one move, by name; each must be satisfied."""

    items: tuple[PolicyInForce, ...]

    @property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(item.policy for item in self.items)

    @property
    def sha256(self) -> str:
        """Digest of the set: that of its only policy, or else of the digests of all, sorted, a line each."""
        digests = sorted(item.edition.sha256 for item in self.items)
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    @property
    def references(self) -> list[dict[str, Any]]:
        """Name, number and digest of each policy, as a decision keeps them."""
        return [
            {"name": item.edition.name, "number": item.edition.number, "sha256": item.edition.sha256}
            for item in self.items
        ]


@lru_cache(maxsize=512)
def read_text(text: str) -> Policy:
    """Return what a text says that was checked when it was proposed.

    A requirement whose check is gone meanwhile cannot pass, and that is the gate's to say.
    """
    return parse_policy(text, validate_check=None)


def read_edition(edition: PolicyVersion) -> PolicyInForce:
    return PolicyInForce(edition, read_text(edition.text))


def get_edition(name: str, number: int) -> PolicyVersion:
    """Return an edition. Raises: UnknownPolicy."""
    found = PolicyVersion.objects.filter(name=name, number=number).first()
    if found is None:
        raise UnknownPolicy(f"There is no edition {number} of a policy named {name!r}.")
    return found


def find_newest_edition(name: str) -> PolicyVersion | None:
    """Return the edition of a name that is in force, if there is one."""
    return PolicyVersion.objects.filter(name=name).order_by("-number").first()


def list_drafts() -> QuerySet[PolicyDraft]:
    """Return the proposed editions with their ends, newest first."""
    return PolicyDraft.objects.select_related("closure__edition")


def get_draft(uid: UUID) -> PolicyDraft:
    """Return a proposed edition with its end, if it has one. Raises: UnknownPolicyDraft."""
    found = list_drafts().filter(uid=uid).first()
    if found is None:
        raise UnknownPolicyDraft(f"There is no proposal {uid} of a policy.")
    return found


def editions_in_force() -> list[PolicyInForce]:
    """Return the newest edition of every policy, by name."""
    newest = PolicyVersion.objects.values("name").annotate(newest=Max("id")).values("newest")
    return [read_edition(edition) for edition in PolicyVersion.objects.filter(id__in=newest).order_by("name")]


def covers_model(policy: Policy, model: RegisteredModel) -> bool:
    return policy.scope.covers_model(
        risk_tier=model.risk_tier, task=model.task, entry_type=model.entry_type, tags=model.tags
    )


def rules_about(model: RegisteredModel) -> Rules:
    """Return the policies in force that guard any move of a model's versions."""
    return Rules(tuple(item for item in editions_in_force() if covers_model(item.policy, model)))


def rules_for(version: ModelVersion, move: Move) -> Rules:
    """Return the policies in force that guard this move."""
    return narrowed(rules_about(version.model), move)


def narrowed(rules: Rules, move: Move) -> Rules:
    """Return those of the policies that guard this move."""
    return Rules(tuple(item for item in rules.items if guards(item.policy, move)))


def guards(policy: Policy, move: Move) -> bool:
    """Return whether a policy guards a move, of the models that it covers."""
    return policy.scope.covers_move(target=move.target, alias=move.alias, rollout=move.rollout)


def move_of(promotion: Promotion) -> Move:
    return Move(promotion.target, promotion.alias, promotion.rollout, promotion.percent)


def rules_of_promotion(promotion: Promotion) -> Rules:
    """Return the policies in force for an open promotion, and for a closed one those of its last decision."""
    if not hasattr(promotion, "closure"):
        return rules_for(promotion.version, move_of(promotion))
    last = max(promotion.decisions.all(), key=lambda decision: decision.number, default=None)
    if last and last.policies:
        return rules_of(last.policies)
    return Rules((read_edition(promotion.policy),) if promotion.policy else ())


def rules_of(references: Iterable[Mapping[str, Any]]) -> Rules:
    """Return the editions that a decision named, whatever is in force now."""
    named = {(reference["name"], reference["number"]) for reference in references}
    editions = PolicyVersion.objects.filter(name__in={name for name, _ in named}).order_by("name")
    return Rules(tuple(read_edition(edition) for edition in editions if (edition.name, edition.number) in named))
