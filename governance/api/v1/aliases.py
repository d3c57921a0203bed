"""Where does an alias point, and how does it go back?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.errors import UnknownAlias
from governance.api.fields import ActorField, AliasName, AtQuery, Nothing, Strict, Text
from governance.api.preconditions import still_so
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document
from governance.api.v1.versions import Version
from governance.models import Rollback
from governance.roles import Verb
from governance.selectors.history import aliases_then, as_of, versions_then
from governance.services.aliases import assign_alias, withdraw_alias
from governance.services.rollbacks import roll_back
from registry.models import ModelVersion, RegisteredModel
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


class AliasOfModel(serializers.Serializer[Any]):
    """A movable name and the number of the version it points at."""

    alias = serializers.CharField()
    version = serializers.IntegerField()


class Aliases(serializers.Serializer[Any]):
    items = AliasOfModel(many=True)


class AliasesDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ}
    has_etag = True

    @document(
        "list_aliases",
        "List the aliases of a model, now or as they were",
        tag="aliases",
        path=["name"],
        query=AtQuery,
        answer=Aliases,
        has_etag=True,
        refusals={404: ["unknown_model"]},
    )
    def get(self, request: Request, name: str) -> Response:
        model, at = get_model(name), read_query(request, AtQuery).get("at")
        if at:
            pointing = aliases_then(model, at)
            numbers = dict(ModelVersion.objects.filter(pk__in=pointing.values()).values_list("pk", "number"))
            return self.shown(Aliases, _listed({alias: numbers[pk] for alias, pk in pointing.items()}))
        return self.shown(Aliases, _aliases_of(model))


def _aliases_of(model: RegisteredModel) -> dict[str, Any]:
    return _listed(dict(model.aliases.values_list("alias", "version__number")))


def _listed(found: Mapping[str, int]) -> dict[str, Any]:
    return {"items": [{"alias": alias, "version": number} for alias, number in sorted(found.items())]}


class AliasDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.PROMOTE}
    has_etag = True

    @document(
        "get_alias",
        "Read which version an alias points at, now or at a time",
        tag="aliases",
        path=["name", "alias"],
        query=AtQuery,
        answer=AliasShown,
        has_etag=True,
        refusals={404: ["unknown_model", "unknown_alias"]},
    )
    def get(self, request: Request, name: str, alias: str) -> Response:
        at = read_query(request, AtQuery).get("at")
        return self.shown(AliasShown, _pointing(name, alias, at))

    @document(
        "assign_alias",
        "Point a free alias at a version; a governed one moves by promotion",
        tag="aliases",
        path=["name", "alias"],
        acts=True,
        has_etag=True,
        body=AliasRequest,
        answer=AliasShown,
        status=201,
        refusals={404: ["unknown_model", "unknown_version"], 409: ["alias_governed"]},
        example={"version": 3},
    )
    def post(self, request: Request, name: str, alias: str) -> Response:
        get_model(name)
        number = read_body(request, AliasRequest)["version"]
        still = still_so(request, lambda: self.told(AliasShown, _pointing(name, alias)))
        version = get_version(name, number)
        assign_alias(actor=actor_of(request), version=version, alias=valid_alias(alias), still=still)
        location = reverse("alias", kwargs={"name": name, "alias": alias})
        told = {"alias": alias, "version": get_version(name, number)}
        return self.created(AliasShown, told, location=location)


def _pointing(name: str, alias: str, at: datetime | None = None) -> dict[str, Any]:
    """Return an alias with its version, now or at a time. Raises: UnknownModel, UnknownAlias."""
    model = get_model(name)
    if at:
        rows = versions_then(at).filter(pk=aliases_then(model, at).get(alias, 0))
        version = next(iter(as_of(rows, at)), None)
    else:
        version = list_versions().filter(aliases__model=model, aliases__alias=alias).first()
    if version is None:
        when = f" at {at.isoformat()}" if at else ""
        raise UnknownAlias(f"No version of {name!r} has the alias {alias!r}{when}.")
    return {"alias": alias, "version": version}


class AliasWithdrawalDoor(Door):
    reach = OF_MODEL
    verbs = {"POST": Verb.PROMOTE}

    @document(
        "withdraw_alias",
        "Let a free alias point at nothing",
        tag="aliases",
        path=["name", "alias"],
        acts=True,
        answer=Aliases,
        status=201,
        refusals={404: ["unknown_model"], 409: ["alias_governed"]},
    )
    def post(self, request: Request, name: str, alias: str) -> Response:
        model = get_model(name)
        read_body(request, Nothing)
        withdraw_alias(actor=actor_of(request), model=model, alias=alias)
        return self.created(Aliases, _aliases_of(model), location=reverse("aliases", kwargs={"name": name}))


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
