"""Whom do we ask to witness our trail, for whom are we a witness, and under which key?"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audits.trail.keys import KeyKind, KeyRefused, Signer, Verifier
from audits.trail.witnessing.protocol import keys_by_log


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who may vouch for our trail: its public key, and the address below which it takes checkpoints."""

    key: Verifier
    url: str

    @property
    def name(self) -> str:
        """Name and key id, as people compare them."""
        return self.key.label


def configured_witnesses() -> list[Witness]:
    """Return whom COUNTERSIGN_WITNESSES names. Raises: ImproperlyConfigured."""
    return [_witness(text) for text in settings.WITNESSES]


def _witness(text: str) -> Witness:
    key, _, url = text.partition(" ")
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"COUNTERSIGN_WITNESSES names each witness as '<key> <address>', the address with http or https: {text!r}."
        )
    verifier = _key(key, "COUNTERSIGN_WITNESSES")
    if verifier.kind is KeyKind.ED25519:
        raise ImproperlyConfigured(
            f"COUNTERSIGN_WITNESSES: {verifier.label} is the key of a log, not of a witness. "
            "The witness's operator prints the right one with 'manage.py check_anchors'."
        )
    return Witness(verifier, url.strip().rstrip("/"))


def witnessed_logs() -> dict[str, list[Verifier]]:
    """Return the keys of the logs we are a witness for, by origin. Raises: ImproperlyConfigured."""
    return keys_by_log(_key(text, "COUNTERSIGN_WITNESSED_LOGS") for text in settings.WITNESSED_LOGS)


def _key(text: str, setting: str) -> Verifier:
    try:
        return Verifier.parse(text)
    except KeyRefused as problem:
        raise ImproperlyConfigured(f"{setting}: {problem}") from problem


def witness_signers() -> list[Signer]:
    """Return the keys with which we cosign for others, Ed25519 first, then the one no quantum computer can forge.

    They MUST NOT leave the process, nor sign our own trail. One seed is kept: the second key is made from its HMAC,
    so that neither key says anything about the other.
    """
    name, seed = settings.WITNESS_NAME, settings.WITNESS_KEY_SEED
    later = hmac.digest(seed, b"countersign/witness/ml-dsa-44", "sha256")
    return [Signer(name, KeyKind.COSIGNATURE, seed), Signer(name, KeyKind.ML_DSA_44_COSIGNATURE, later)]


def witness_verifiers() -> list[Verifier]:
    """Return the public keys of which others name one, or both, when they ask us to witness; Ed25519 first."""
    return [signer.verifier for signer in witness_signers()]


def quorum_of(sizes: Sequence[int]) -> int:
    """Return the size that at least COUNTERSIGN_WITNESS_QUORUM witnesses have seen; `sizes` has one for each."""
    needed = settings.WITNESS_QUORUM
    return sorted(sizes, reverse=True)[needed - 1] if 0 < needed <= len(sizes) else 0
