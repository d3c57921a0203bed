"""Does our trail extend a checkpoint that somebody kept for us? No database, no network, no clock."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from audits.trail.merkle import EMPTY_ROOT
from audits.trail.notes import Checkpoint

RootAt = Callable[[int], bytes]
Prove = Callable[[int, int], list[bytes]]


class Kind(StrEnum):
    """What became of a trail that does not extend a checkpoint it signed."""

    OLD_COPY = "old_copy"
    FORK = "fork"


@dataclass(frozen=True, slots=True)
class Remembered:
    """A checkpoint of ours that was kept elsewhere: where, the note as it was found, and what it says."""

    where: str
    note: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two trees that one key vouches for, and of which the one does not extend the other.

    `ours` is the newest note in the database, or "" when it holds none; `root` is what our entries give for the
    remembered size, empty when there are not so many; `proof` leads from that root to the one in `ours`.
    """

    kind: Kind
    remembered: Remembered
    size: int
    root: bytes
    ours: str
    proof: tuple[bytes, ...] = ()

    @property
    def sentence(self) -> str:
        where, then = self.remembered.where, self.remembered.checkpoint.size
        if self.kind is Kind.OLD_COPY:
            return (
                f"This database holds {self.size} entries of the trail, and {where} keeps a checkpoint that we signed "
                f"over {then}. It is an older copy: the newer entries are missing."
            )
        return (
            f"The first {then} entries of this database are not those under the checkpoint that we signed and that "
            f"{where} keeps. The trail was written anew from some earlier point."
        )

    @property
    def text(self) -> str:
        """The file that shows it to others: what was found, and both notes, each with our signature."""
        checkpoint = self.remembered.checkpoint
        lines = [
            "Two states of one trail that do not fit together",
            "",
            self.sentence,
            "",
            f"origin: {checkpoint.origin}",
            f"kind: {self.kind.value}",
            f"kept by: {self.remembered.where}",
            f"remembered size: {checkpoint.size}",
            f"remembered root: {b64encode(checkpoint.root).decode()}",
            f"size of this database: {self.size}",
        ]
        if self.root:
            lines.append(f"root of its first {checkpoint.size} entries: {b64encode(self.root).decode()}")
        lines += ["", "-- the remembered checkpoint, as it was found --", "", self.remembered.note.rstrip("\n")]
        if self.ours:
            lines += ["", "-- the newest checkpoint of this database --", "", self.ours.rstrip("\n")]
        if self.proof:
            lines += [
                "",
                f"-- consistency proof from the {checkpoint.size} entries of this database to its newest checkpoint --",
                "It leads to the newest root, and does not start at the remembered one:",
                "",
                *(b64encode(one).decode() for one in self.proof),
            ]
        return "\n".join(lines) + "\n"

    @property
    def file_name(self) -> str:
        """The same finding has the same name, however often it is made."""
        return f"{self.kind.value}-{sha256(self.text.encode()).hexdigest()[:16]}.txt"


def compare(remembered: Remembered, *, size: int, root_at: RootAt, ours: str, prove: Prove) -> Disagreement | None:
    """Return how the trail of `size` entries contradicts a remembered checkpoint, or None when it extends it.

    `ours` is the newest signed note of the trail, `root_at` its root over its first entries.
    """
    then = remembered.checkpoint
    if then.size > size:
        return Disagreement(Kind.OLD_COPY, remembered, size, b"", ours)
    root = root_at(then.size) if then.size else EMPTY_ROOT
    if root == then.root:
        return None
    signed = Checkpoint.parse(ours.rpartition("\n\n")[0] + "\n").size if ours else 0
    proof = tuple(prove(then.size, signed)) if then.size < signed <= size else ()
    return Disagreement(Kind.FORK, remembered, size, root, ours, proof)
