"""Who is asking, when an MLflow client asks?

`MLFLOW_TRACKING_TOKEN` comes as Bearer. `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD` come as Basic: the
password is the token, the user name the login of its account, or `token`. A cookie is no way in, so that no page of
another site can act through a signed-in browser.
"""

import base64
import binascii

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance.api.authentication import TokenAuthentication
from governance.models import AccessToken, Account

ANY_LOGIN = "token"


class ClientAuthentication(TokenAuthentication):
    """Basic with a token as the password, or Bearer."""

    def authenticate(self, request: Request) -> tuple[Account, AccessToken] | None:
        found = super().authenticate(request)
        login = _basic(request)[0]
        if found and login is not None and login not in {found[0].login, ANY_LOGIN}:
            raise AuthenticationFailed(
                f"The user name is the login of the token's account, or '{ANY_LOGIN}'.", code="token_invalid"
            )
        return found

    def text_of(self, request: Request) -> str | None:
        login, password = _basic(request)
        return super().text_of(request) if login is None else password

    def authenticate_header(self, request: Request) -> str:
        return 'Basic realm="countersign"'


def _basic(request: Request) -> tuple[str | None, str]:
    """Return user name and password of Basic authentication; no name when it is none."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        login, _, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return login, password
