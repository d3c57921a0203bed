"""Who am I to this service, and what may I do?"""

from typing import Any

from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import Door, account_of
from governance.api.fields import ActorField, Choice
from governance.api.schema import document
from governance.models import AccessToken
from governance.roles import Group, Role, Verb
from governance.scopes import TARGETS
from governance.services.authority import is_allowed


class TokenShown(serializers.Serializer[AccessToken]):
    """The token that was used, without its secret."""

    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=Choice([verb.value for verb in Verb]))
    models = serializers.ListField(child=serializers.CharField(), source="model_names", help_text="[] for all.")
    targets = serializers.ListField(child=Choice(TARGETS), help_text="[] for all.")
    expires_at = serializers.DateTimeField()


class Whoami(serializers.Serializer[Any]):
    actor = ActorField()
    roles = serializers.ListField(child=Choice([role.value for role in Role]))
    groups = serializers.ListField(child=Choice([group.value for group in Group]))
    token = TokenShown(allow_null=True, help_text="null for somebody who is signed in with a browser.")
    may = serializers.ListField(
        child=Choice([verb.value for verb in Verb]),
        help_text="What roles, delegations and scopes allow together.",
    )


class WhoamiDoor(Door):
    # Whoever has no role at all may still ask why.
    permission_classes = [IsAuthenticated]

    @document("whoami", "Read who you are and what you may do", tag="whoami", answer=Whoami)
    def get(self, request: Request) -> Response:
        account = account_of(request)
        token = request.auth if isinstance(request.auth, AccessToken) else None
        roles = account.roles()
        may = [verb.value for verb in Verb if is_allowed(account, verb) and (token is None or verb in token.scopes)]
        return self.shown(
            Whoami,
            {
                "actor": str(account.actor),
                "roles": sorted(role.value for role in roles),
                "groups": sorted(group.value for group in account.groups_reviewed_for()),
                "token": token,
                "may": sorted(may),
            },
        )
