"""Which key speaks under which name, and in which text is it handed on?

Key strings and key ids of C2SP signed-note, for Ed25519 signatures (type 0x01) and for the cosignatures of
witnesses: Ed25519 (type 0x04) and ML-DSA-44 (type 0x06).
"""

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

_SEED_BYTES: Final = 32
_PRIVATE: Final = "PRIVATE+KEY+"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class KeyRefused(ValueError):
    """A key string that is malformed, of another kind, or whose key id does not belong to it."""

    code = "key_refused"


class KeyKind(IntEnum):
    """The signature type byte of signed-note; it is part of the key and of its id."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06

    @property
    def is_cosignature(self) -> bool:
        """Whether keys of this kind are those of witnesses."""
        return self is not KeyKind.ED25519

    @property
    def algorithm(self) -> str:
        return "ML-DSA-44" if self is KeyKind.ML_DSA_44_COSIGNATURE else "Ed25519"

    @property
    def public_key_bytes(self) -> int:
        """Length of a public key: RFC 8032 section 5.1.5; FIPS 204 table 2."""
        return 1312 if self is KeyKind.ML_DSA_44_COSIGNATURE else 32


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name it signs under. Personal data: none (the name is a log's or witness's)."""

    name: str
    kind: KeyKind
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise KeyRefused(f"A key name has no spaces and no '+', and is not empty: {self.name!r}.")
        if len(self.public_key) != self.kind.public_key_bytes:
            raise KeyRefused(
                f"An {self.kind.algorithm} public key has {self.kind.public_key_bytes} bytes, "
                f"this one has {len(self.public_key)}."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key string, ``<name>+<key id in hex>+<base64 of type and key>``."""
        name, kind, public_key = _split_key(text)
        verifier = cls(name, kind, public_key)
        # One comparison covers the key id, upper case hex and loose base64.
        if verifier.key_string != text:
            raise KeyRefused(f"The key id does not belong to the key of {name!r}; expected {verifier.label}.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the hash over name, type and key. Short: a name, not a proof."""
        return sha256(self.name.encode() + b"\n" + self._typed_key()).digest()[:4]

    @property
    def key_string(self) -> str:
        """The text in which this key is handed to others."""
        return f"{self.label}+{b64encode(self._typed_key()).decode()}"

    @property
    def label(self) -> str:
        """Name and key id, as people compare them: ``log.example/acme+13f79cfc``."""
        return f"{self.name}+{self.key_id.hex()}"

    def is_signature(self, signature: bytes, message: bytes) -> bool:
        """Say whether these are the bytes of a signature of this key over the message."""
        try:
            self._loaded().verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _loaded(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        if self.kind is KeyKind.ML_DSA_44_COSIGNATURE:
            return MLDSA44PublicKey.from_public_bytes(self.public_key)
        return Ed25519PublicKey.from_public_bytes(self.public_key)

    def _typed_key(self) -> bytes:
        return bytes([self.kind]) + self.public_key


class Signs(Protocol):
    """Whatever signs with a key: one in memory, or a program that keeps the key to itself."""

    @property
    def kind(self) -> KeyKind: ...

    @property
    def verifier(self) -> Verifier: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name. It MUST NOT be logged, and does not print its seed."""

    name: str
    kind: KeyKind
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != _SEED_BYTES:
            raise KeyRefused(f"An {self.kind.algorithm} seed has {_SEED_BYTES} bytes, this one has {len(self.seed)}.")
        if not is_key_name(self.name):
            raise KeyRefused(f"A key name has no spaces and no '+', and is not empty: {self.name!r}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a private key string, ``PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>``."""
        if not text.startswith(_PRIVATE):
            raise KeyRefused(f"A private key string starts with {_PRIVATE!r}.")
        name, kind, seed = _split_key(text.removeprefix(_PRIVATE))
        signer = cls(name, kind, seed)
        if signer.private_key_string != text:
            raise KeyRefused(f"The key id does not belong to the private key of {name!r}.")
        return signer

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public_key = self._private_key().public_key().public_bytes_raw()
        return Verifier(self.name, self.kind, public_key)

    @property
    def private_key_string(self) -> str:
        """The text in which this key is kept secret."""
        typed_seed = bytes([self.kind]) + self.seed
        return f"{_PRIVATE}{self.verifier.label}+{b64encode(typed_seed).decode()}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature: 64 bytes of Ed25519 (RFC 8032), always the same ones, or 2,420 of ML-DSA-44."""
        return self._private_key().sign(message)

    def _private_key(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.kind is KeyKind.ML_DSA_44_COSIGNATURE:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def is_key_name(name: str) -> bool:
    """Say whether signed-note allows this key name: not empty, no spaces, no plus, no control characters."""
    return bool(name) and "+" not in name and not _CONTROL.search(name) and not any(map(str.isspace, name))


def _split_key(text: str) -> tuple[str, KeyKind, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise KeyRefused("A key string is '<name>+<key id>+<base64>'.")
    try:
        typed_key = from_base64(parts[2])
    except ValueError as error:
        raise KeyRefused(f"The key of {parts[0]!r} is not base64.") from error
    if not typed_key or typed_key[0] not in tuple(KeyKind):
        raise KeyRefused(f"The key of {parts[0]!r} is neither Ed25519 (0x01) nor a cosignature key (0x04, 0x06).")
    return parts[0], KeyKind(typed_key[0]), typed_key[1:]


def from_base64(text: str) -> bytes:
    """Decode standard base64, and refuse every second spelling of the same bytes."""
    try:
        decoded = b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64") from error
    if b64encode(decoded).decode() != text:
        raise ValueError("not canonical base64")
    return decoded
