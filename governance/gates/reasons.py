"""How is an answer told: which codes and outcomes are there?"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Outcome(StrEnum):
    ALLOW = "allow"
    WAIT = "wait"
    BLOCK = "block"


SEVERITY = {Outcome.ALLOW: 0, Outcome.WAIT: 1, Outcome.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one requirement, document, soak or approval factor of one policy stands as it does."""

    code: str
    requirement: str
    outcome: Outcome
    sentence: str
    policy: str = ""

    def advised(self) -> "Reason":
        """Return the reason of a requirement that the policy only advises: told, never in the way."""
        if self.outcome is Outcome.ALLOW:
            return self
        sentence = f"{self.sentence} The policy only advises here."
        return replace(self, code=f"advisory_{self.code}", outcome=Outcome.ALLOW, sentence=sentence)

    def to_document(self) -> dict[str, str]:
        return {
            "code": self.code,
            "policy": self.policy,
            "requirement": self.requirement,
            "outcome": self.outcome.value,
            "sentence": self.sentence,
        }
