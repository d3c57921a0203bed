"""Which tokens are there, and how does one come, get a successor and end?"""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import now
from governance.api.door import Door, account_of, actor_of, read_body, read_query
from governance.api.fields import ActorField, Choice, Line, PageQuery, Strict
from governance.api.reach import ANYTHING
from governance.api.schema import document, paged
from governance.errors import UnknownToken
from governance.models import AccessToken, Account
from governance.roles import Verb
from governance.scopes import TARGETS
from governance.services.accounts import get_account
from governance.services.authority import is_allowed
from governance.services.tokens import MAX_DAYS, MAX_GRACE, issue_token, revoke_token, rotate_token

VERBS = [verb.value for verb in Verb]
STATES = ("valid", "rotated", "expired", "revoked")
VALID, ROTATED, EXPIRED, REVOKED = STATES


class TokenRequest(Strict):
    name = Line(max_length=120, help_text="What it is for.")
    account = Line(required=False, max_length=150, help_text="Login of a service account; yourself when left out.")
    scopes = serializers.ListField(child=Choice(VERBS), min_length=1, max_length=len(VERBS))
    models = serializers.ListField(
        child=Line(max_length=121),
        default=list,
        max_length=100,
        help_text="Names of models it reaches, or how names begin, such as credit-*; all when left out.",
    )
    targets = serializers.ListField(child=Choice(TARGETS), default=list, max_length=2, help_text="All when left out.")
    days = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        help_text="How long it lives; 90 when left out, or as long as the token that asks.",
    )


class Rotation(Strict):
    grace_hours = serializers.IntegerField(
        default=24, min_value=0, max_value=MAX_GRACE.days * 24, help_text="How much longer the old one is taken."
    )


class Revocation(Strict):
    """Nothing needs to be said."""


class Token(serializers.Serializer[AccessToken]):
    """A key to the API, without its text."""

    prefix = serializers.CharField(help_text="The part of its text that may be shown.")
    name = serializers.CharField()
    account = ActorField(source="account.actor")
    scopes = serializers.ListField(child=Choice(VERBS))
    models = serializers.ListField(child=serializers.CharField(), source="model_names", help_text="[] for all.")
    targets = serializers.ListField(child=Choice(TARGETS), help_text="[] for all.")
    issued_by = ActorField(source="entry.actor")
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    state = serializers.SerializerMethodField()
    successor = serializers.CharField(
        source="rotation.successor.prefix", default=None, allow_null=True, help_text="Prefix of what follows it."
    )
    ends_at = serializers.SerializerMethodField(help_text="Until when it is taken.")
    last_used_at = serializers.DateTimeField(
        source="use.minute", default=None, allow_null=True, help_text="To the minute; null: never."
    )

    @extend_schema_field(Choice(STATES))
    def get_state(self, token: AccessToken) -> str:
        if hasattr(token, "revocation"):
            return REVOKED
        if self._end(token) <= now():
            return EXPIRED
        return ROTATED if hasattr(token, "rotation") else VALID

    @extend_schema_field(serializers.DateTimeField())
    def get_ends_at(self, token: AccessToken) -> Any:
        revoked_at = token.revocation.revoked_at if hasattr(token, "revocation") else self._end(token)
        return serializers.DateTimeField().to_representation(min(revoked_at, self._end(token)))

    def _end(self, token: AccessToken) -> Any:
        return min(token.expires_at, token.rotation.ends_at) if hasattr(token, "rotation") else token.expires_at


class IssuedToken(Token):
    """A new token with its text, which is shown this once."""

    token = serializers.CharField(
        allow_null=True, help_text="Keep it now: only its digest is stored. null in a replayed answer."
    )


class TokenQuery(PageQuery):
    account = Line(required=False, max_length=150, help_text="Login; others than yours for whoever administers.")


def _visible(account: Account) -> QuerySet[AccessToken]:
    """Return one's own tokens, and to whoever administers all of them."""
    tokens = AccessToken.objects.select_related("account", "entry", "revocation", "rotation__successor", "use")
    return tokens if is_allowed(account, Verb.ADMINISTER) else tokens.filter(account=account)


def _get(request: Request, prefix: str) -> AccessToken:
    """Return the token of that prefix. Raises: UnknownToken."""
    token = _visible(account_of(request)).filter(prefix=prefix).first()
    if token is None:
        raise UnknownToken(f"There is no token {prefix!r} that you may see.")
    return token


def _used(request: Request) -> AccessToken | None:
    return request.auth if isinstance(request.auth, AccessToken) else None


class TokensDoor(Door):
    reach = ANYTHING
    verbs = {"GET": Verb.ISSUE_TOKENS, "POST": Verb.ISSUE_TOKENS}
    shown_once = frozenset({"token"})

    @document(
        "issue_token",
        "Issue a token for yourself or for a service account",
        tag="tokens",
        acts=True,
        body=TokenRequest,
        answer=IssuedToken,
        status=201,
        refusals={404: ["unknown_account"], 409: ["scope_too_wide"]},
        example={"name": "Nightly training", "scopes": ["read", "register"], "models": ["credit-*"], "days": 7},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, TokenRequest)
        account = get_account(body["account"]) if "account" in body else account_of(request)
        token, text = issue_token(
            actor=actor_of(request),
            account=account,
            name=body["name"],
            scopes=[Verb(scope) for scope in body["scopes"]],
            days=body.get("days"),
            models=body["models"],
            targets=body["targets"],
            by=_used(request),
        )
        return _issued(self, token, text)

    @document(
        "list_tokens",
        "List your tokens, newest first; whoever administers sees all",
        tag="tokens",
        query=TokenQuery,
        answer=paged(Token),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, TokenQuery)
        rows = _visible(account_of(request))
        if "account" in query:
            rows = rows.filter(account__login=query["account"])
        return self.listed(Token, rows, query)


class TokenDoor(Door):
    reach = ANYTHING
    verbs = {"GET": Verb.ISSUE_TOKENS}

    @document(
        "get_token",
        "Read what is on record about a token",
        tag="tokens",
        path=["prefix"],
        answer=Token,
        refusals={404: ["unknown_token"]},
    )
    def get(self, request: Request, prefix: str) -> Response:
        return self.shown(Token, _get(request, prefix))


class TokenRotationDoor(Door):
    reach = ANYTHING
    verbs = {"POST": Verb.ISSUE_TOKENS}
    shown_once = frozenset({"token"})

    @document(
        "rotate_token",
        "Give a token a successor; the old one is taken a while longer",
        tag="tokens",
        path=["prefix"],
        acts=True,
        body=Rotation,
        answer=IssuedToken,
        status=201,
        refusals={404: ["unknown_token"], 409: ["token_ended", "scope_too_wide"]},
        example={"grace_hours": 24},
    )
    def post(self, request: Request, prefix: str) -> Response:
        grace = timedelta(hours=read_body(request, Rotation)["grace_hours"])
        token, text = rotate_token(actor=actor_of(request), token=_get(request, prefix), grace=grace, by=_used(request))
        return _issued(self, token, text)


class TokenRevocationDoor(Door):
    reach = ANYTHING
    verbs = {"POST": Verb.ISSUE_TOKENS}

    @document(
        "revoke_token",
        "End a token at once",
        tag="tokens",
        path=["prefix"],
        acts=True,
        answer=Token,
        status=201,
        refusals={404: ["unknown_token"]},
    )
    def post(self, request: Request, prefix: str) -> Response:
        read_body(request, Revocation)
        revoke_token(actor=actor_of(request), token=_get(request, prefix))
        return self.created(Token, _get(request, prefix), location=reverse("token", kwargs={"prefix": prefix}))


def _issued(door: Door, token: AccessToken, text: str) -> Response:
    token.token = text  # type: ignore[attr-defined]
    return door.created(IssuedToken, token, location=reverse("token", kwargs={"prefix": token.prefix}))
