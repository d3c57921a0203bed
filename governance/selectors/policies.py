"""Which rules apply?"""

from dataclasses import dataclass

from governance.models import PolicyVersion
from governance.policy_format import Policy, parse_policy


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """An edition and what its text says."""

    edition: PolicyVersion
    policy: Policy


def _accept_any(name: str, version: int, parameters: object) -> None:
    # A published edition was checked when it was published. It is read again whatever has become of the checks: a
    # requirement whose check is gone cannot pass, and that is the gate's to say.
    return None


def read_edition(edition: PolicyVersion) -> PolicyInForce:
    return PolicyInForce(edition, parse_policy(edition.text, validate_check=_accept_any))


def policies_in_force(*, risk_tier: str, target: str | None = None) -> list[PolicyInForce]:
    """Return the newest edition of every policy that applies to a risk tier (and a target stage)."""
    newest: dict[str, PolicyVersion] = {}
    for edition in PolicyVersion.objects.order_by("name", "number"):
        newest[edition.name] = edition
    found = [read_edition(edition) for edition in newest.values()]
    return [
        item
        for item in found
        if risk_tier in item.policy.risk_tiers and (target is None or item.policy.target == target)
    ]
