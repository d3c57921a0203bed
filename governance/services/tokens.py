"""How does a program prove who it is?"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from audits.trail import Actor, now, record
from governance.errors import Malformed, ScopeTooWide
from governance.models import AccessToken, Account, TokenRevocation
from governance.roles import Verb
from governance.services.authority import authorise_operator_or_shell, is_allowed

MAX_DAYS = 366


def issue_token(
    *, actor: Actor, account: Account, name: str, scopes: Iterable[Verb], days: int
) -> tuple[AccessToken, str]:
    """Issue a token and return it with its text, which is shown this once and kept only as a hash.

    Records: token.issued.
    Raises: ScopeTooWide when the account's roles do not allow a scope; Malformed for a lifetime outside 1 to 366 days.
    """
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    scopes = sorted(set(scopes))
    if not 1 <= days <= MAX_DAYS:
        raise Malformed(f"A token lives 1 to {MAX_DAYS} days, not {days}.", field="days")
    beyond = [scope.value for scope in scopes if not is_allowed(account, scope)]
    if beyond or not scopes:
        raise ScopeTooWide(f"The account's roles do not allow: {', '.join(beyond) or 'nothing was asked for'}.")
    prefix = secrets.token_hex(4)
    text = f"csn_{prefix}_{secrets.token_urlsafe(32)}"
    at = now()
    with record(actor=actor, at=at) as recording:
        token = AccessToken(
            account=account,
            name=name,
            prefix=prefix,
            secret_sha256=_digest(text),
            scopes=[scope.value for scope in scopes],
            issued_at=at,
            expires_at=at + timedelta(days=days),
        )
        data = {"prefix": prefix, "scopes": token.scopes}
        recording.create(token, action="token.issued", subject=f"account/{account.uid}", data=data)
    return token, text


def revoke_token(*, actor: Actor, token: AccessToken) -> TokenRevocation:
    """End a token at once. Records: token.revoked."""
    authorise_operator_or_shell(actor, Verb.ADMINISTER)
    at = now()
    with record(actor=actor, at=at) as recording:
        revocation = TokenRevocation(token=token, revoked_at=at)
        subject = f"account/{token.account.uid}"
        return recording.create(revocation, action="token.revoked", subject=subject, data={"prefix": token.prefix})


def find_token(text: str) -> AccessToken | None:
    """Return the valid token with this text, or None when it is unknown, expired or revoked."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != "csn":
        return None
    token = (
        AccessToken.objects.select_related("account")
        .filter(prefix=parts[1], revocation__isnull=True, expires_at__gt=now(), account__is_active=True)
        .first()
    )
    # The secret has 256 random bits: one round of SHA-256 cannot be searched, and the comparison leaks no time.
    if token and secrets.compare_digest(token.secret_sha256, _digest(text)):
        return token
    return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
