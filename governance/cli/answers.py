"""How does a command end?"""

from dataclasses import dataclass, field
from typing import Any

# Exit statuses: a pipeline may go on with the first alone.
OPEN, CLOSED, UNKNOWN = 0, 1, 2
# As shells tell of a program that Ctrl-C ended.
INTERRUPTED = 130


class CouldNotTell(Exception):
    """There is no answer, neither yes nor no; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement, check or step: how it stands, what it is called, what is said about it, what would help."""

    state: str
    name: str
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: the exit status, a headline, lines below it, and the document for programs."""

    status: int
    headline: str
    lines: tuple[Line, ...] = ()
    link: str = ""
    document: dict[str, Any] = field(default_factory=dict)
