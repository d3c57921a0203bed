"""Who is asking: a program with a token, or a person who is signed in?"""

import re

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from audits.trail import now
from governance.api.errors import RateExceeded
from governance.models import AccessToken, Account
from governance.services.token_use import count_use
from governance.services.tokens import find_token

# What `issue_token` makes; anything else cannot be a token and is not looked up.
TOKEN = re.compile(r"csn_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer csn_…`; any other scheme is left to the next in line."""

    def authenticate(self, request: Request) -> tuple[Account, AccessToken] | None:
        text = self.text_of(request)
        if text is None:
            return None
        token = find_token(text) if TOKEN.fullmatch(text) else None
        if token is None:
            raise AuthenticationFailed(
                "The token is unknown, expired or revoked; ask an operator for a new one.", code="token_invalid"
            )
        if wait := count_use(token, at=now(), limit=settings.TOKEN_REQUESTS_PER_MINUTE):
            limit = settings.TOKEN_REQUESTS_PER_MINUTE
            detail = f"This token was used {limit:,} times within a minute; ask again in {wait} seconds."
            raise RateExceeded(detail, retry_after=wait, limit=limit)
        return token.account, token

    def text_of(self, request: Request) -> str | None:
        """Return what the request brings as a token, or None when it brings none."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        return text.strip() if scheme.lower() == "bearer" else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="countersign"'


class SessionAuthentication(authentication.SessionAuthentication):
    """A person signed in with the browser; whatever changes something must carry the CSRF token."""


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "csn_…"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
