"""What must a place do that keeps checkpoints for us?"""

from typing import ClassVar, Protocol

from audits.trail.notes import Checkpoint, NoteRefused

# Sizes below 2**63 have at most 19 digits; equal widths sort as numbers do.
DIGITS = 20


class AnchorFailed(Exception):
    """A place where checkpoints are kept cannot be written or read; the sentence says what to do."""

    code = "anchor_failed"


class Anchor(Protocol):
    """A place outside the database that keeps notes and is not expected to lose or change them.

    `is_near` places are read before every signature, others at start and at intervals. `is_continuous` places are
    given every checkpoint, others one in each interval.
    """

    name: str
    is_near: ClassVar[bool]
    is_continuous: ClassVar[bool]

    def keep(self, note: str, size: int) -> None:
        """Keep a note. MUST NOT replace another note over the same size. Raises: AnchorFailed."""

    def sizes(self) -> list[int]:
        """Return the sizes of which a note is kept, ascending; none where the place cannot be read by machine.

        Raises: AnchorFailed.
        """

    def read(self, size: int) -> str:
        """Return the note kept over `size` entries. Raises: AnchorFailed."""


def file_name(size: int) -> str:
    """Return the name under which the note over `size` entries is kept."""
    return f"{size:0{DIGITS}}.checkpoint"


def size_in(name: str) -> int | None:
    """Return the size in a file name of ours, or None when the name is another's."""
    number, dot, ending = name.partition(".")
    is_ours = dot and ending == "checkpoint" and len(number) == DIGITS and number.isascii() and number.isdigit()
    return int(number) if is_ours else None


def different(name: str, size: int) -> AnchorFailed:
    """Return the refusal to replace a note."""
    return AnchorFailed(
        f"{name} already keeps another note over {size} entries, and a kept note is not replaced. "
        "Run 'manage.py check_anchors': this trail may have been written anew."
    )


def parse_kept(note: str) -> Checkpoint:
    """Return what a kept note says; whose signature it carries is not looked at. Raises: NoteRefused."""
    return Checkpoint.parse(note.rpartition("\n\n")[0] + "\n")


def is_same(kept: str, note: str) -> bool:
    """Say whether two notes are of the same tree; their signatures may differ, as witnesses are added later."""
    try:
        return parse_kept(kept) == parse_kept(note)
    except NoteRefused:
        return False
