"""Signed notes, checkpoints, cosignatures, tlog-proofs (C2SP) and DSSE envelopes."""

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from tests.second_verifier.answer import Unusable
from tests.second_verifier.tree import root as root_of

ED25519, COSIGNATURE, MLDSA = 1, 4, 6
KEY_LENGTHS = {ED25519: 32, COSIGNATURE: 32, MLDSA: 1312}
STATEMENT = "application/vnd.in-toto+json"
NO_NAME = re.compile(r"[\s+]")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def unbase64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as reason:
        raise Unusable("base64 is malformed") from reason
    if base64.b64encode(raw).decode() != text:
        raise Unusable("base64 is not canonical")
    return raw


def number(text: str) -> int:
    if not DECIMAL.fullmatch(text) or int(text) >= 2**63:
        raise Unusable(f"{text!r} is not a number below 2^63")
    return int(text)


@dataclass(frozen=True)
class Key:
    name: str
    id: bytes
    kind: int
    public: bytes

    @classmethod
    def read(cls, text: str) -> "Key":
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not parts[0] or NO_NAME.search(parts[0]):
            raise Unusable(f"{text!r} is no key string")
        name, said, blob = parts[0], parts[1], unbase64(parts[2])
        if not blob or KEY_LENGTHS.get(blob[0]) != len(blob) - 1:
            raise Unusable(f"{text!r} is a key of a kind or length that is not known here")
        key_id = sha256(name.encode() + b"\n" + blob).digest()[:4]
        if said != key_id.hex():
            raise Unusable(f"{text!r} has another key id than its key")
        return cls(name, key_id, blob[0], blob[1:])

    @property
    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def signed(self, signature: bytes, message: bytes) -> bool:
        public = (MLDSA44PublicKey if self.kind == MLDSA else Ed25519PublicKey).from_public_bytes(self.public)
        try:
            public.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Checkpoint:
    note: str
    origin: str
    size: int
    root: bytes
    by: frozenset[Key]
    cosigned: frozenset[str]


def signers(raw: bytes, keys: list[Key]) -> tuple[str, set[Key]]:
    """The text of a note, and which of these keys signed it; refused where the signature of one of them is wrong."""
    text, lines, _ = _parts(raw)
    found: set[Key] = set()
    for name, blob in lines:
        key = next((key for key in keys if (key.name, key.id) == (name, blob[:4])), None)
        if key is None or key in found:
            continue
        if not _valid(key, blob[4:], text):
            raise Unusable(f"the signature of {name} is wrong")
        found.add(key)
    return text, found


def opened(raw: bytes, log_keys: list[Key], witness_keys: list[Key]) -> Checkpoint:
    """The checkpoint in a note that one of the log's keys signed; refused where any known key's signature is wrong."""
    text, found = signers(raw, [*log_keys, *witness_keys])
    origin, size, root = _head(text)
    by = frozenset(key for key in found if key in log_keys and key.name == origin and key.kind == ED25519)
    if not by:
        raise Unusable("no key of the log signed the checkpoint")
    return Checkpoint(raw.decode(), origin, size, root, by, frozenset(key.name for key in witness_keys if key in found))


def _head(text: str) -> tuple[str, int, bytes]:
    head = text.split("\n")[:-1]
    if len(head) < 3 or not all(head):
        raise Unusable("a checkpoint has an origin, a size and a root, and no empty lines")
    origin, size, root = head[0], number(head[1]), unbase64(head[2])
    if len(root) != 32 or (size == 0 and root != root_of([])):
        raise Unusable("a checkpoint has a root that cannot be one")
    return origin, size, root


def _parts(raw: bytes) -> tuple[str, list[tuple[str, bytes]], str]:
    try:
        note = raw.decode("utf-8")
    except UnicodeDecodeError as reason:
        raise Unusable("a note is not UTF-8") from reason
    cut = note.rfind("\n\n")
    if len(raw) > 1_000_000 or cut < 0 or not note.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise Unusable("a note is malformed")
    lines = note[cut + 2 : -1].split("\n")
    if len(lines) > 100:
        raise Unusable("a note has too many signatures")
    signatures = []
    for line in lines:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or not parts[1] or NO_NAME.search(parts[1]):
            raise Unusable("a signature line is malformed")
        blob = unbase64(parts[2])
        if len(blob) < 5:
            raise Unusable("a signature is too short")
        signatures.append((parts[1], blob))
    return note[: cut + 1], signatures, note


def _valid(key: Key, blob: bytes, text: str) -> bool:
    if key.kind == ED25519:
        return key.signed(blob, text.encode())
    if len(blob) <= 8:
        return False
    seconds = struct.unpack(">Q", blob[:8])[0]
    if seconds >= 2**63:
        return False
    if key.kind == COSIGNATURE:
        return key.signed(blob[8:], f"cosignature/v1\ntime {seconds}\n{text}".encode())
    origin, size, root = _head(text)
    message = b"subtree/v1\n" + _named(key.name) + struct.pack(">Q", seconds)
    message += _named(origin) + struct.pack(">QQ", 0, size) + root
    return key.signed(blob[8:], message)


def _named(name: str) -> bytes:
    return bytes([len(name.encode())]) + name.encode()


def proof(raw: bytes) -> tuple[int, list[bytes], bytes]:
    """Index, hashes and the note of a C2SP tlog-proof without extra data."""
    head, blank, note = raw.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as reason:
        raise Unusable("a proof is malformed") from reason
    if not blank or len(lines) < 2 or lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
        raise Unusable("a proof is malformed")
    hashes = [unbase64(line) for line in lines[2:]]
    if any(len(value) != 32 for value in hashes):
        raise Unusable("a hash in a proof has not 32 bytes")
    return number(lines[1].removeprefix("index ")), hashes, note


def payload(envelope: object) -> bytes:
    try:
        return unbase64(envelope["payload"])  # type: ignore[index]
    except (KeyError, TypeError) as reason:
        raise Unusable("the envelope is malformed") from reason


def is_signed(envelope: object, keys: list[Key]) -> bool:
    """Whether one of `keys` signed the payload of a DSSE envelope of an in-toto statement."""
    raw = payload(envelope)
    try:
        signatures = [(each["keyid"], unbase64(each["sig"])) for each in envelope["signatures"]]  # type: ignore[index]
    except (KeyError, TypeError) as reason:
        raise Unusable("the envelope is malformed") from reason
    if set(envelope) != {"payload", "payloadType", "signatures"} or envelope["payloadType"] != STATEMENT:  # type: ignore
        return False
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(raw), raw)
    by_id = {f"{key.name}+{key.id.hex()}": key for key in keys if key.kind == ED25519}
    return any(key_id in by_id and by_id[key_id].signed(sig, message) for key_id, sig in signatures)
