"""What does a log say to a witness, and what may the witness answer?

C2SP tlog-witness, the call add-checkpoint, both sides, as text. No network, no database, no clock.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from audits.trail.keys import Verifier, from_base64
from audits.trail.merkle import EMPTY_ROOT, HASH_BYTES, ProofRefused, verify_consistency
from audits.trail.notes import MAX_SIZE, Checkpoint, NoteRefused, open_note, verify_cosignature

# A tree of 2**63 leaves is 63 levels high.
MAX_PROOF_LINES: Final = 63

TEXT: Final = "text/plain; charset=utf-8"
SIZE_TYPE: Final = "text/x.tlog.size"

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NotCosigned(Exception):
    """A submission that a witness turns away: the HTTP status and body of its answer.

    400 malformed, or an old size above the new one; 404 unknown log; 403 no valid signature of the log; 409 another
    size is remembered (the body says which); 422 the new tree is not shown to extend the remembered one.
    """

    code = "not_cosigned"

    def __init__(self, status: int, body: str, content_type: str = TEXT) -> None:
        self.status, self.body, self.content_type = status, body, content_type
        super().__init__(body.rstrip("\n"))


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint of a log that a witness cosigned."""

    size: int
    root: bytes


NOTHING_SEEN: Final = Seen(0, EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of add-checkpoint: what the witness should remember, why the new tree extends it, the new note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the body of a request, or raise `NotCosigned` (400). Nothing is verified yet."""
        try:
            head, blank, note = body.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise _malformed("The body is not valid UTF-8.") from None
        if not blank or not note:
            raise _malformed("The body is an old size line, proof lines, an empty line and a checkpoint.")
        first, *lines = head.split("\n")
        number = first.removeprefix("old ")
        if number == first or not _DECIMAL.fullmatch(number) or int(number) > MAX_SIZE:
            raise _malformed("The first line is 'old' and a size in decimal, without zeros in front.")
        if len(lines) > MAX_PROOF_LINES:
            raise _malformed(f"A proof has at most {MAX_PROOF_LINES} lines, this one has {len(lines)}.")
        return cls(int(number), tuple(_hash(line, place) for place, line in enumerate(lines, 2)), note)

    @property
    def text(self) -> str:
        """The body of the request."""
        lines = (f"old {self.old_size}", *(b64encode(one).decode() for one in self.proof))
        return "".join(f"{line}\n" for line in lines) + "\n" + self.note

    @property
    def origin(self) -> str:
        """Which log the note claims to be of; no signature has been looked at."""
        return self.note.partition("\n")[0]


def open_submission(submission: Submission, logs: Mapping[str, Sequence[Verifier]]) -> tuple[Checkpoint, str]:
    """Return the checkpoint and its text when a trusted key of its log signed it.

    `logs` are the trusted keys by origin. Raises: NotCosigned 404, 403, 400 or, for an empty tree under another root
    than the empty one, 422.
    """
    keys = logs.get(submission.origin)
    if not keys:
        raise NotCosigned(404, f"This witness does not know the log {submission.origin!r}.\n")
    try:
        text = open_note(submission.note, keys).text
    except NoteRefused as problem:
        raise NotCosigned(403, f"{problem}\n") from problem
    try:
        return Checkpoint.parse(text), text
    except NoteRefused as problem:
        claims_nothing = text.split("\n")[1:2] == ["0"]
        raise NotCosigned(422 if claims_nothing else 400, f"{problem}\n") from problem


def require_extension(submission: Submission, checkpoint: Checkpoint, seen: Seen) -> None:
    """Raise `NotCosigned` (400, 409 or 422) unless the checkpoint extends what this witness cosigned last.

    The caller MUST compare and remember in one step that no other request can come between.
    """
    old, new = submission.old_size, checkpoint.size
    if old > new:
        raise _malformed(f"The old size {old} is above the size {new} of the checkpoint.")
    if old != seen.size:
        raise NotCosigned(409, f"{seen.size}\n", SIZE_TYPE)
    try:
        if old == 0:
            # RFC 6962 has no proof from nothing: every tree extends the empty one.
            if submission.proof:
                raise ProofRefused("A proof from size 0 has no hashes.")
            return
        verify_consistency(old, new, submission.proof, seen.root, checkpoint.root)
    except ProofRefused as problem:
        raise NotCosigned(422, f"{problem}\n") from problem


def read_cosignature(answer: str, text: str, witness: Verifier) -> tuple[str, int]:
    """Return the line of this witness in its answer, with the POSIX time it says, or raise `NoteRefused`.

    `text` is the text of the checkpoint that was submitted. Lines of other keys are ignored, and so is every line
    that is not over this text: what is returned here is safe to add to the note.
    """
    problem = NoteRefused(f"The answer holds no cosignature of {witness.label}.")
    for line in answer.splitlines():
        try:
            return f"{line}\n", verify_cosignature(text, line, witness)
        except NoteRefused as refused:
            if line.startswith(f"— {witness.name} "):
                problem = refused
    raise problem


def read_size(answer: str) -> int | None:
    """Return the size that a witness says it remembers (body of a 409), or None when it says none."""
    number = answer.removesuffix("\n")
    return int(number) if _DECIMAL.fullmatch(number) and int(number) <= MAX_SIZE else None


def keys_by_log(keys: Iterable[Verifier]) -> dict[str, list[Verifier]]:
    """Return keys of logs by origin: a log signs under its origin, with one key or, while it changes keys, several."""
    logs: dict[str, list[Verifier]] = {}
    for key in keys:
        logs.setdefault(key.name, []).append(key)
    return logs


def _hash(line: str, place: int) -> bytes:
    try:
        decoded = from_base64(line)
    except ValueError:
        raise _malformed(f"Line {place} is not a hash in base64: {line[:60]!r}.") from None
    if len(decoded) != HASH_BYTES:
        raise _malformed(f"Line {place} holds {len(decoded)} bytes, a hash has {HASH_BYTES}.")
    return decoded


def _malformed(sentence: str) -> NotCosigned:
    return NotCosigned(400, f"{sentence}\n")
