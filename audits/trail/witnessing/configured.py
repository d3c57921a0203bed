"""Whom do we ask to witness our trail, for whom are we a witness, and under which key?"""

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


def witness_signer() -> Signer:
    """Return the key with which we cosign for others. It MUST NOT leave the process, nor sign our own trail."""
    return Signer(settings.WITNESS_NAME, KeyKind.COSIGNATURE, settings.WITNESS_KEY_SEED)


def witness_verifier() -> Verifier:
    """Return the public key that others name when they ask us to witness."""
    return witness_signer().verifier


def quorum_of(sizes: Sequence[int]) -> int:
    """Return the size that at least COUNTERSIGN_WITNESS_QUORUM witnesses have seen; `sizes` has one for each."""
    needed = settings.WITNESS_QUORUM
    return sorted(sizes, reverse=True)[needed - 1] if 0 < needed <= len(sizes) else 0
