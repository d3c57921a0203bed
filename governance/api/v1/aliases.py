"""Where does an alias point, and how does it go back?"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body
from governance.api.errors import UnknownAlias
from governance.api.fields import ActorField, AliasName, Strict, Text
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document
from governance.api.v1.versions import Version
from governance.models import Rollback
from governance.roles import Verb
from governance.services.aliases import assign_alias
from governance.services.rollbacks import roll_back
from registry.selectors import get_model, get_version, list_versions


class AliasShown(serializers.Serializer[Any]):
    """A movable name and the version it points at."""

    alias = serializers.CharField()
    version = Version()


class AliasRequest(Strict):
    version = serializers.IntegerField(min_value=1, max_value=999_999_999, help_text="Number it shall point at.")


class RollbackRequest(Strict):
    reason = Text(help_text="Why, in a sentence.")


class RollbackShown(serializers.Serializer[Rollback]):
    """An alias went back to the last version promoted under it that still stands."""

    uid = serializers.UUIDField()
    model = serializers.CharField(source="model.name")
    alias = serializers.CharField()
    from_version = serializers.IntegerField(source="from_version.number")
    to_version = serializers.IntegerField(source="to_version.number")
    reason = serializers.CharField()
    rolled_back_by = ActorField()
    rolled_back_at = serializers.DateTimeField()


def valid_alias(name: str) -> str:
    """Return a name from an address that an alias may have. Raises: ValidationError."""
    try:
        return str(AliasName().run_validation(name))
    except serializers.ValidationError as problem:
        raise serializers.ValidationError({"alias": problem.detail}) from None


class AliasDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.PROMOTE}

    @document(
        "get_alias",
        "Read which version an alias points at",
        tag="aliases",
        path=["name", "alias"],
        answer=AliasShown,
        refusals={404: ["unknown_model", "unknown_alias"]},
    )
    def get(self, request: Request, name: str, alias: str) -> Response:
        model = get_model(name)
        version = list_versions().filter(aliases__model=model, aliases__alias=alias).first()
        if version is None:
            raise UnknownAlias(f"No version of {name!r} has the alias {alias!r}.")
        return self.shown(AliasShown, {"alias": alias, "version": version})

    @document(
        "assign_alias",
        "Point a free alias at a version; a governed one moves by promotion",
        tag="aliases",
        path=["name", "alias"],
        acts=True,
        body=AliasRequest,
        answer=AliasShown,
        status=201,
        refusals={404: ["unknown_model", "unknown_version"], 409: ["alias_governed"]},
        example={"version": 3},
    )
    def post(self, request: Request, name: str, alias: str) -> Response:
        get_model(name)
        number = read_body(request, AliasRequest)["version"]
        assign_alias(actor=actor_of(request), version=get_version(name, number), alias=valid_alias(alias))
        location = reverse("alias", kwargs={"name": name, "alias": alias})
        told = {"alias": alias, "version": get_version(name, number)}
        return self.created(AliasShown, told, location=location)


class RollbackDoor(Door):
    reach = Reach(address=True, targets=("production",))
    verbs = {"POST": Verb.ROLL_BACK}

    @document(
        "roll_back",
        "Point an alias back at the last version promoted under it that still stands",
        tag="aliases",
        path=["name", "alias"],
        acts=True,
        body=RollbackRequest,
        answer=RollbackShown,
        status=201,
        refusals={404: ["unknown_model"], 409: ["nothing_to_roll_back_to", "move_impossible"]},
        example={"reason": "Complaints from the ward."},
    )
    def post(self, request: Request, name: str, alias: str) -> Response:
        model = get_model(name)
        reason = read_body(request, RollbackRequest)["reason"]
        rollback = roll_back(actor=actor_of(request), model=model, alias=alias, reason=reason)
        location = reverse("alias", kwargs={"name": name, "alias": alias})
        return self.created(RollbackShown, rollback, location=location)
