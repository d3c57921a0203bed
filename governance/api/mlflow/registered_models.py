"""The calls about registered models, their tags and their aliases."""

from django.db.models import CharField
from rest_framework.request import Request
from rest_framework.response import Response

from audits.prepared import Given, Prepared
from governance.api.door import actor_of
from governance.api.mlflow.errors import AliasUnset
from governance.api.mlflow.frame import OF_NAMED, ClientDoor
from governance.api.mlflow.model_versions import version_shown, version_to_change
from governance.api.mlflow.moves import aims_of_alias, alias_named, set_alias, stage_named
from governance.api.mlflow.objects import (
    latest_versions,
    models_to_show,
    models_with_keys,
    show_models,
    versions_to_show,
)
from governance.api.mlflow.pages import page_answer
from governance.api.mlflow.parameters import Parameters, parameters_of
from governance.api.mlflow.searches import search_models
from governance.api.reach import Reach
from governance.roles import Verb
from governance.scopes import TARGETS
from governance.services.aliases import withdraw_alias
from governance.services.annotations import annotate_model, delete_model, rename_model
from governance.services.registrations import refuse_malformed_name, register_named_model
from registry.errors import UnknownVersion
from registry.models import RegisteredModel
from registry.selectors import get_model

MOST_MODELS = 1000
LATEST = "latest"


def model_named(given: Parameters) -> RegisteredModel:
    """Return the model that a request is about. Raises: InvalidParameter, Malformed, UnknownModel."""
    name = given.text("name")
    refuse_malformed_name(name)
    return get_model(name)


_NAMED = Prepared(lambda: models_to_show().filter(state__name=Given("name", CharField())))
_CALLED = Prepared(
    lambda: versions_to_show().filter(
        model__state__name=Given("name", CharField()), aliases__alias=Given("alias", CharField())
    )
)


def model_to_show(given: Parameters) -> RegisteredModel:
    """Return the model that a request is about with what is shown of it. Raises: as `model_named`.

    The most frequent question of all: by its present name in one step, by an earlier one in three.
    """
    return _NAMED.first(name=given.text("name")) or models_with_keys([model_named(given).pk])[0]


def model_answer(model: RegisteredModel) -> Response:
    return Response({"registered_model": show_models(models_with_keys([model.pk]))[0]})


class CreateModelDoor(ClientDoor):
    verbs = {"POST": Verb.REGISTER}
    reach = OF_NAMED

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        model = register_named_model(
            actor=actor_of(request),
            name=given.text("name"),
            description=given.text("description", default=""),
            tags=given.pairs("tags"),
        )
        return model_answer(model)


class GetModelDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = OF_NAMED

    def get(self, request: Request) -> Response:
        return Response({"registered_model": show_models([model_to_show(parameters_of(request))])[0]})


class UpdateModelDoor(ClientDoor):
    verbs = {"PATCH": Verb.REGISTER}
    reach = OF_NAMED

    def patch(self, request: Request) -> Response:
        given = parameters_of(request)
        model = model_named(given)
        annotate_model(actor=actor_of(request), model=model, description=given.text("description", default=""))
        return model_answer(model)


class RenameModelDoor(ClientDoor):
    verbs = {"POST": Verb.ADMINISTER}
    reach = Reach(said="name", targets=TARGETS, further=lambda body: filter(None, [body.get("new_name")]))

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        model = model_named(given)
        rename_model(actor=actor_of(request), model=model, name=given.text("new_name"))
        return model_answer(model)


class DeleteModelDoor(ClientDoor):
    verbs = {"DELETE": Verb.ADMINISTER}
    reach = Reach(said="name", targets=TARGETS)

    def delete(self, request: Request) -> Response:
        model = model_named(parameters_of(request))
        delete_model(actor=actor_of(request), model=model, reason="Deleted by a client of the registry.")
        return Response({})


class SearchModelsDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = Reach(model="name")

    def get(self, request: Request) -> Response:
        given = parameters_of(request)
        models, token = search_models(
            text=given.text("filter", default=""),
            order_by=given.texts("order_by"),
            limit=given.whole("max_results", default=100, least=1, most=MOST_MODELS),
            token=given.text("page_token", default=""),
            within=self.reachable,
        )
        return page_answer("registered_models", show_models(models), token)


class LatestVersionsDoor(ClientDoor):
    verbs = {"GET": Verb.READ, "POST": Verb.READ}
    reach = OF_NAMED

    def get(self, request: Request) -> Response:
        return self._answer(request)

    def post(self, request: Request) -> Response:
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        given = parameters_of(request)
        model = model_to_show(given)
        stages = {stage_named(stage) for stage in given.texts("stages")}
        shown = latest_versions([model])[model.pk]
        return page_answer("model_versions", [one for one in shown if not stages or one["current_stage"] in stages], "")


class SetModelTagDoor(ClientDoor):
    verbs = {"POST": Verb.REGISTER}
    reach = OF_NAMED

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        tags = {given.text("key"): given.text("value", default="")}
        annotate_model(actor=actor_of(request), model=model_named(given), tags=tags)
        return Response({})


class DeleteModelTagDoor(ClientDoor):
    verbs = {"DELETE": Verb.REGISTER}
    reach = OF_NAMED

    def delete(self, request: Request) -> Response:
        given = parameters_of(request)
        annotate_model(actor=actor_of(request), model=model_named(given), tags={given.text("key"): None})
        return Response({})


class AliasDoor(ClientDoor):
    verbs = {"GET": Verb.READ, "POST": Verb.PROMOTE, "DELETE": Verb.PROMOTE}
    reach = Reach(said="name", target_said="alias", aims=aims_of_alias)

    def get(self, request: Request) -> Response:
        given = parameters_of(request)
        alias = alias_named(given.text("alias"))
        if alias.lower() == LATEST:
            newest = versions_to_show().filter(model=model_named(given)).order_by("-number").first()
            if newest is None:
                raise UnknownVersion(f"The model {given.text('name')!r} has no version yet.")
            return version_shown(newest)
        version = _CALLED.first(name=given.text("name"), alias=alias)
        version = version or versions_to_show().filter(model=model_named(given), aliases__alias=alias).first()
        if version is None:
            raise AliasUnset(f"Registered model alias {alias} not found.")
        return version_shown(version)

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        alias = alias_named(given.text("alias"), to_set=True)
        set_alias(request, version_to_change(given), alias)
        return Response({})

    def delete(self, request: Request) -> Response:
        given = parameters_of(request)
        alias = alias_named(given.text("alias"))
        withdraw_alias(actor=actor_of(request), model=model_named(given), alias=alias)
        return Response({})
