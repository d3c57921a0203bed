"""How does a receiver know that a message is ours, unchanged and not an old one sent again?

Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), symmetric signatures: HMAC-SHA256 over id, time and body,
joined by dots. MLflow signs the same bytes with the secret as it is typed, under headers of its own.
"""

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Final

from governance.webhooks.events import Dialect

PREFIX: Final = "whsec_"
# Standard Webhooks, "Signature scheme": between 24 and 64 bytes.
FEWEST_BYTES, MOST_BYTES, OUR_BYTES = 24, 64, 32
# What can stand in a header or a form without being changed on the way.
PRINTABLE: Final = re.compile(r"[\x20-\x7e]{1,200}")


class SecretUnfit(ValueError):
    """A secret that cannot sign in its dialect; the text says why and never shows it."""


def new_secret(dialect: Dialect) -> str:
    """Return a secret of 256 random bits, as the receiver is to be given it."""
    text = b64encode(secrets.token_bytes(OUR_BYTES)).decode()
    return f"{PREFIX}{text}" if dialect is Dialect.COUNTERSIGN else text


def key_of(dialect: Dialect, secret: str) -> bytes:
    """Return the bytes that sign. Raises: SecretUnfit."""
    if dialect is Dialect.MLFLOW:
        if not PRINTABLE.fullmatch(secret):
            raise SecretUnfit("A secret has 1 to 200 printable ASCII characters.")
        return secret.encode()
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise SecretUnfit(
            f"A secret is {PREFIX} and the base64 of {FEWEST_BYTES} to {MOST_BYTES} random bytes; "
            "leave it out, and one is made."
        )
    return key


def headers(
    dialect: Dialect, *, message: str, seconds: int, body: bytes, secrets_in_force: Sequence[str]
) -> dict[str, str]:
    """Return what the message carries beside its body.

    `message` is the same in every attempt; `seconds` is the Unix time of this one; the newest secret comes first. Ours
    carry a signature under each secret, so that a receiver changes over in its own time; MLflow's carry one, or none.
    """
    signed = f"{message}.{seconds}.".encode() + body
    signatures = [f"v1,{_signature(key_of(dialect, secret), signed)}" for secret in secrets_in_force]
    if dialect is Dialect.MLFLOW:
        told = {"X-MLflow-Delivery-Id": message, "X-MLflow-Timestamp": str(seconds)}
        return told | ({"X-MLflow-Signature": signatures[0]} if signatures else {})
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return b64encode(hmac.digest(key, signed, "sha256")).decode()
