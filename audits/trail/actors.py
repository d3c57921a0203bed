"""Who acted?"""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    PERSON = "person"
    PIPELINE = "pipeline"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a pipeline or a process of the system, by a stable id that is never a name or an address.

    A hash cannot forget: what identifies a person is resolved at display, from a row that may be erased.
    """

    kind: ActorKind
    id: str

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("an actor needs an id")

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def process(cls, name: str) -> "Actor":
        """Return the actor for a process of Countersign itself, such as `worker` or `verify_trail`."""
        return cls(ActorKind.PROCESS, name)
