"""Who vouches for which size and root of a trail, and how is that written down?

C2SP signed-note (text, blank line, signature lines), tlog-checkpoint (origin, size, root) and the
two forms of tlog-cosignature, Ed25519 and ML-DSA-44 (a witness saying when it saw a checkpoint).
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from audits.trail.keys import KeyKind, KeyRefused, Signer, Signs, Verifier, from_base64, is_key_name
from audits.trail.merkle import EMPTY_ROOT, HASH_BYTES

__all__ = [
    "Checkpoint",
    "KeyKind",
    "KeyRefused",
    "Note",
    "NoteRefused",
    "Signature",
    "SignedCheckpoint",
    "Signer",
    "Signs",
    "Verifier",
    "cosignature_line",
    "open_checkpoint",
    "open_note",
    "sign_note",
    "verify_cosignature",
]

# signed-note asks for a limit, and that at least 16 signatures are accepted.
MAX_SIGNATURES: Final = 100
MAX_NOTE_BYTES: Final = 1_000_000

MAX_SIZE: Final = 2**63 - 1
MAX_TIME: Final = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE_START: Final = "— "


class NoteRefused(ValueError):
    """A note, checkpoint or signature that is malformed, or that no known key vouches for."""

    code = "note_refused"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that was verified: by which key and, for a cosignature, when (POSIX seconds)."""

    verifier: Verifier
    time: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note that at least one known key signed. `unknown` counts the signatures nobody here knows."""

    text: str
    signatures: tuple[Signature, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a trail had come to: so many entries under this root (tlog-checkpoint)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line or _CONTROL.search(line):
                raise NoteRefused(f"A line of a checkpoint is not empty and has no control characters: {line!r}.")
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteRefused(f"The size of a checkpoint is between 0 and {MAX_SIZE}, not {self.size}.")
        if len(self.root) != HASH_BYTES:
            raise NoteRefused(f"The root of a checkpoint has {HASH_BYTES} bytes, this one has {len(self.root)}.")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteRefused("A checkpoint of size 0 has the root of the empty tree, this one has another.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint; there is exactly one text for each checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] != "":
            raise NoteRefused("A checkpoint has three lines (origin, size, root), each ended by a newline.")
        origin, size, root, *extensions = lines[:-1]
        # Twenty digits are enough for any size, and keep a long line away from int().
        if not _DECIMAL.fullmatch(size) or len(size) > 20:
            raise NoteRefused(f"Line 2 of a checkpoint is its size in decimal, without zeros in front: {size[:40]!r}.")
        try:
            decoded = from_base64(root)
        except ValueError as error:
            raise NoteRefused(f"Line 3 of a checkpoint is its root in base64: {root[:80]!r}.") from error
        return cls(origin, int(size), decoded, tuple(extensions))

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint its log signed, with the witnesses that saw it."""

    checkpoint: Checkpoint
    log_signatures: tuple[Signature, ...]
    cosignatures: tuple[Signature, ...]


def sign_note(text: str, *signers: Signs) -> str:
    """Return the note of a text with one signature line for each signer, in that order."""
    _require_note_text(text)
    if not signers:
        raise NoteRefused("A note needs at least one signature.")
    return text + "\n" + "".join(_signature_line(text, signer) for signer in signers)


def cosignature_line(text: str, witness: Signs, *, at: int) -> str:
    """Return the line by which a witness says that it saw this checkpoint text at `at` (POSIX seconds)."""
    if not witness.kind.is_cosignature:
        raise KeyRefused(f"{witness.verifier.label} is not a witness key (type 0x04 or 0x06).")
    if not 0 <= at <= MAX_TIME:
        raise NoteRefused(f"The time of a cosignature is between 0 and {MAX_TIME}, not {at}.")
    Checkpoint.parse(text)
    message = _cosigned_message(text, at, witness.verifier)
    return _line(witness.verifier, at.to_bytes(8, "big") + witness.sign(message))


def verify_cosignature(text: str, line: str, witness: Verifier) -> int:
    """Return when the witness saw this checkpoint text, or raise `NoteRefused`.

    This is how a witness's answer is looked at before it is added to a checkpoint: a wrong line MUST
    NOT be added, because readers refuse a note with a wrong signature of a key they know.
    """
    found = _parse_line(line.removesuffix("\n"))
    if not witness.kind.is_cosignature or found.key != (witness.name, witness.key_id):
        raise NoteRefused(f"The line is not a cosignature of {witness.label}.")
    time = _verify(text, found, witness)
    if time is None:
        raise NoteRefused(f"The line of {witness.label} says no time.")
    return time


def open_note(note: str | bytes, verifiers: Iterable[Verifier]) -> Note:
    """Read a note and keep what known keys vouch for; raise `NoteRefused` when that is nothing.

    Signatures of unknown keys are ignored, even when they share a name or an id (but not both) with
    a known key. A wrong signature of a known key refuses the whole note.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise KeyRefused(f"Two different keys are both {verifier.label}; keep one of them.")
    text, lines = _split_note(note)
    verified: dict[tuple[str, bytes], Signature] = {}
    unknown = 0
    for line in lines:
        verifier_of_line = known.get(line.key)
        if verifier_of_line is None:
            unknown += 1
            continue
        time = _verify(text, line, verifier_of_line)
        # A key counts once, however often its line is repeated.
        verified.setdefault(line.key, Signature(verifier_of_line, time))
    if not verified:
        labels = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "none"
        raise NoteRefused(f"No known key signed the note. Known: {labels}.")
    return Note(text, tuple(verified.values()), unknown)


def open_checkpoint(
    note: str | bytes, *, origin: str, log_keys: Iterable[Verifier], witness_keys: Iterable[Verifier] = ()
) -> SignedCheckpoint:
    """Read a checkpoint that a key of its log signed, or raise `NoteRefused`.

    The origin MUST be the one expected: a log key alone does not say for which trail it speaks.
    """
    logs = tuple(log_keys)
    opened = open_note(note, (*logs, *witness_keys))
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != origin:
        raise NoteRefused(f"The checkpoint is of {checkpoint.origin!r}, expected was {origin!r}.")
    by_log = tuple(one for one in opened.signatures if one.verifier in logs)
    if not by_log:
        raise NoteRefused(f"No known key of the log {origin!r} signed the checkpoint.")
    by_witness = tuple(one for one in opened.signatures if one.verifier not in logs and one.time is not None)
    return SignedCheckpoint(checkpoint, by_log, by_witness)


@dataclass(frozen=True, slots=True)
class _SignatureLine:
    key: tuple[str, bytes]
    signature: bytes


def _split_note(note: str | bytes) -> tuple[str, list[_SignatureLine]]:
    try:
        raw = note.encode() if isinstance(note, str) else bytes(note)
        content = raw.decode()
    except UnicodeError as error:
        raise NoteRefused("The note is not valid UTF-8.") from error
    if len(raw) > MAX_NOTE_BYTES:
        raise NoteRefused(f"The note is {len(raw):,} bytes long, at most {MAX_NOTE_BYTES:,} are read.")
    if control := _CONTROL.search(content):
        raise NoteRefused(f"The note contains the control character {control.group()!r}.")
    body, blank, signatures = content.rpartition("\n\n")
    if not blank or not body:
        raise NoteRefused("A note is a text, a blank line and signature lines; there is no such blank line.")
    if not signatures.endswith("\n"):
        raise NoteRefused("The last signature line of the note does not end in a newline.")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteRefused(f"The note has {len(lines)} signatures, at most {MAX_SIGNATURES} are read.")
    return body + "\n", [_parse_line(line) for line in lines]


def _parse_line(line: str) -> _SignatureLine:
    name, space, encoded = line.removeprefix(_LINE_START).partition(" ")
    if not line.startswith(_LINE_START) or not space or not is_key_name(name):
        raise NoteRefused(f"A signature line is '— <key name> <base64>', this one is {line[:80]!r}.")
    try:
        signature = from_base64(encoded)
    except ValueError as error:
        raise NoteRefused(f"The signature of {name!r} is not base64.") from error
    if len(signature) < 5:
        raise NoteRefused(f"The signature of {name!r} is too short to hold a key id and a signature.")
    return _SignatureLine((name, signature[:4]), signature[4:])


def _verify(text: str, line: _SignatureLine, verifier: Verifier) -> int | None:
    """Verify one line of a known key; return the time a cosignature says, None for a plain signature."""
    time: int | None = None
    message, signature = text.encode(), line.signature
    if verifier.kind.is_cosignature:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        if time > MAX_TIME:
            raise NoteRefused(f"The cosignature of {verifier.label} says an impossible time.")
        message = _cosigned_message(text, time, verifier)
    if not verifier.is_signature(signature, message):
        raise NoteRefused(f"The signature of {verifier.label} does not belong to this text.")
    return time


def _cosigned_message(text: str, time: int, witness: Verifier) -> bytes:
    """Return what a witness signs; raise `NoteRefused` when the text is no checkpoint."""
    checkpoint = Checkpoint.parse(text)
    if witness.kind is KeyKind.COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    # The structure `cosigned_message` of tlog-cosignature; a checkpoint is the subtree from 0 to its size.
    return b"".join(
        (
            b"subtree/v1\n\0",
            _with_length(witness.name),
            time.to_bytes(8, "big"),
            _with_length(checkpoint.origin),
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _with_length(name: str) -> bytes:
    encoded = name.encode()
    if not 1 <= len(encoded) <= 255:
        raise NoteRefused(f"A name in an ML-DSA-44 cosignature has 1 to 255 bytes, {name[:40]!r} has {len(encoded)}.")
    return bytes([len(encoded)]) + encoded


def _signature_line(text: str, signer: Signs) -> str:
    if signer.kind is not KeyKind.ED25519:
        raise KeyRefused(f"{signer.verifier.label} is a witness key; use cosignature_line.")
    return _line(signer.verifier, signer.sign(text.encode()))


def _line(verifier: Verifier, signature: bytes) -> str:
    return f"{_LINE_START}{verifier.name} {b64encode(verifier.key_id + signature).decode()}\n"


def _require_note_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteRefused("The text of a note ends in a newline and has no other control characters.")
    try:
        text.encode()
    except UnicodeError as error:
        raise NoteRefused("The text of a note is valid Unicode, without lone surrogates.") from error
