"""Which one file shows, without the service, that one entry is in the trail?

C2SP tlog-proof: the entry's number, the inclusion proof and the signed checkpoint, as text. The entry
itself is not in the file; the reader has it already.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from audits.trail.keys import Verifier, from_base64
from audits.trail.merkle import HASH_BYTES, ProofRefused, leaf_hash, verify_inclusion
from audits.trail.notes import SignedCheckpoint, open_checkpoint

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"

# A tree of 2**63 leaves is 63 levels high.
MAX_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class EntryProof:
    """One entry's place in a trail: its `index`, the `hashes` up to the root, and the checkpoint note.

    `extra` is for context; it is not signed and MUST NOT be trusted.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof file, or raise `ProofRefused`. Nothing is verified yet."""
        head, blank, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not blank or lines.pop(0) != FIRST_LINE:
            raise ProofRefused(f"A proof file starts with {FIRST_LINE!r}, and a blank line ends its first part.")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = _bytes(lines.pop(0).removeprefix("extra "), "extra data")
        if not lines or not lines[0].startswith("index "):
            raise ProofRefused("A proof file names the entry in a line 'index <number>'.")
        number = lines.pop(0).removeprefix("index ")
        if not number.isascii() or not number.isdigit() or len(number) > 19 or str(int(number)) != number:
            raise ProofRefused(f"The index is a decimal number without zeros in front: {number[:40]!r}.")
        if len(lines) > MAX_HASHES:
            raise ProofRefused(f"A proof has at most {MAX_HASHES} hashes, this one has {len(lines)}.")
        hashes = tuple(_bytes(line, "hash") for line in lines)
        if any(len(one) != HASH_BYTES for one in hashes):
            raise ProofRefused(f"A hash of the proof has another length than {HASH_BYTES} bytes.")
        proof = cls(int(number), hashes, checkpoint, extra)
        if proof.text != text:
            raise ProofRefused("The proof file has an empty line of extra data; leave the line out.")
        return proof

    @property
    def text(self) -> str:
        """The proof file."""
        lines = [FIRST_LINE]
        if self.extra:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines.extend(b64encode(one).decode() for one in self.hashes)
        return "".join(f"{line}\n" for line in lines) + "\n" + self.checkpoint

    def verify(
        self,
        entry: bytes,
        *,
        origin: str,
        log_keys: Iterable[Verifier],
        witness_keys: Iterable[Verifier] = (),
    ) -> SignedCheckpoint:
        """Return the checkpoint that this entry is under.

        Raises: `NoteRefused` when no known key of the log signed the checkpoint, `ProofRefused` when
        the entry, byte for byte, is not at `index` under it.
        """
        signed = open_checkpoint(self.checkpoint, origin=origin, log_keys=log_keys, witness_keys=witness_keys)
        checkpoint = signed.checkpoint
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.hashes, checkpoint.root)
        return signed


def _bytes(text: str, what: str) -> bytes:
    try:
        return from_base64(text)
    except ValueError as error:
        raise ProofRefused(f"The {what} of the proof is not base64: {text[:80]!r}.") from error
