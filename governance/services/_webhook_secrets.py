"""How is a webhook's secret kept, so that the deliverer can sign with it and a copy of the database cannot?"""

import hashlib
from datetime import datetime
from secrets import token_bytes
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from governance.models import WebhookFeed, WebhookSecret
from governance.selectors.webhooks import secrets_in_force

# NIST SP 800-38D, section 8.2.2: 96 random bits, good for 2^32 secrets under one key.
_NONCE_BYTES: Final = 12


class SecretNotOpened(RuntimeError):
    """A secret was sealed under another secret key of the installation than this process has."""


def keep_secret(feed: WebhookFeed, secret: str, *, at: datetime) -> WebhookSecret:
    """Seal a secret and keep it as the one in force."""
    nonce = token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(_key()).encrypt(nonce, secret.encode(), _about(feed.webhook))
    return WebhookSecret.objects.create(feed=feed, sealed=sealed, made_at=at)


def opened_secrets(uid: UUID, *, at: datetime) -> list[str]:
    """Return what signs for a webhook at a moment, the newest first. Raises: SecretNotOpened."""
    try:
        return [
            AESGCM(_key()).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _about(uid)).decode()
            for sealed in secrets_in_force(uid, at=at)
        ]
    except InvalidTag:
        raise SecretNotOpened(
            "The webhook's secret was sealed under another COUNTERSIGN_SECRET_KEY; rotate the secret."
        ) from None


def _key() -> bytes:
    return hashlib.sha256(b"countersign webhook secrets " + settings.SECRET_KEY.encode()).digest()


def _about(uid: UUID) -> bytes:
    return f"webhook/{uid}".encode()
