"""The calls about model versions."""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import CharField, IntegerField
from rest_framework.request import Request
from rest_framework.response import Response

from audits.prepared import Given, Prepared
from governance.api.door import actor_of
from governance.api.mlflow.errors import AliasUnset, InvalidParameter
from governance.api.mlflow.frame import OF_NAMED, ClientDoor
from governance.api.mlflow.moves import OF_TRANSITION, move_to_stage, stage_named
from governance.api.mlflow.objects import show_versions, versions_to_show, versions_with_keys
from governance.api.mlflow.pages import page_answer
from governance.api.mlflow.parameters import Parameters, parameters_of
from governance.api.mlflow.searches import search_versions
from governance.api.reach import Reach
from governance.roles import Verb
from governance.scopes import TARGETS
from governance.services.annotations import annotate_version
from governance.services.registrations import refuse_malformed_name, register_sourced_version
from governance.services.retirements import delete_version
from registry.errors import UnknownVersion
from registry.models import ModelVersion
from registry.selectors import find_model, get_model, get_version

MOST_VERSIONS = 200_000
# How often the source of a version may be another version of ours.
MOST_COPIES = 20
_BY_ALIAS = re.compile(r"models:/+([^/@]+)@([\w-]+)")
_OF_OURS = re.compile(r"models:/+([^/@]+)/([1-9][0-9]{0,8})")


def _named(given: Parameters) -> tuple[str, int]:
    name, text = given.text("name"), given.text("version")
    refuse_malformed_name(name)
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise InvalidParameter(f"Parameter 'version' must be an integer, got '{text[:60]}'.", field="version")
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text, re.ASCII):
        raise UnknownVersion(f"Model Version (name={name}, version={text[:20]}) not found")
    return name, int(text)


def version_to_change(given: Parameters) -> ModelVersion:
    """Return the version that a request is about. Raises: InvalidParameter, Malformed, UnknownVersion."""
    return get_version(*_named(given))


_NAMED = Prepared(
    lambda: versions_to_show().filter(
        model__state__name=Given("name", CharField()), number=Given("number", IntegerField())
    )
)


def version_to_show(given: Parameters) -> ModelVersion:
    """Return the version that a request is about with what is shown of it. Raises: as `version_to_change`.

    Asked for by the present name of its model it is read once.
    """
    name, number = _named(given)
    return _NAMED.first(name=name, number=number) or versions_with_keys([get_version(name, number).pk])[0]


def version_answer(version: ModelVersion) -> Response:
    return version_shown(versions_with_keys([version.pk])[0])


def version_shown(version: ModelVersion) -> Response:
    """Answer a version from `versions_to_show`, or one that was registered just now."""
    return Response({"model_version": show_versions([version])[0]})


def _copied(body: Mapping[str, Any]) -> list[str]:
    """Return the model of ours that a source names, if it names one."""
    source = str(body.get("source"))
    named = _OF_OURS.fullmatch(source) or _BY_ALIAS.fullmatch(source)
    return [named[1]] if named else []


class CreateVersionDoor(ClientDoor):
    verbs = {"POST": Verb.REGISTER}
    reach = Reach(said="name", further=_copied)

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        name = given.text("name")
        source, original = _resolved(given.text("source"))
        version = register_sourced_version(
            actor=actor_of(request),
            model_name=name,
            source=source,
            description=given.text("description", default=""),
            tags=given.pairs("tags"),
            origin={
                "run_id": given.text("run_id", default=original.run_id if original else ""),
                "run_link": given.text("run_link", default=""),
                "logged_model": given.text("model_id", default=original.logged_model if original else ""),
            },
        )
        return version_shown(version)


def _resolved(source: str) -> tuple[str, ModelVersion | None]:
    """Return a source as it is kept, and the version of ours that it names, by number or by what an alias says now."""
    by_alias = _BY_ALIAS.fullmatch(source)
    if by_alias:
        versions = versions_to_show().filter(model=get_model(by_alias[1]), aliases__alias=by_alias[2])
        version = versions.first()
        if version is None:
            raise AliasUnset(f"Registered model alias {by_alias[2]} not found.")
        return f"models:/{by_alias[1]}/{version.number}", version
    named = _OF_OURS.fullmatch(source)
    return source, get_version(named[1], int(named[2])) if named else None


class GetVersionDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = OF_NAMED

    def get(self, request: Request) -> Response:
        return version_shown(version_to_show(parameters_of(request)))


class UpdateVersionDoor(ClientDoor):
    verbs = {"PATCH": Verb.REGISTER}
    reach = OF_NAMED

    def patch(self, request: Request) -> Response:
        given = parameters_of(request)
        version = version_to_change(given)
        annotate_version(actor=actor_of(request), version=version, description=given.text("description", default=""))
        return version_answer(version)


class DeleteVersionDoor(ClientDoor):
    verbs = {"DELETE": Verb.ADMINISTER}
    reach = Reach(said="name", targets=TARGETS)

    def delete(self, request: Request) -> Response:
        version = version_to_change(parameters_of(request))
        delete_version(actor=actor_of(request), version=version, reason="Deleted by a client of the registry.")
        return Response({})


class SearchVersionsDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = Reach(model="model__name")

    def get(self, request: Request) -> Response:
        given = parameters_of(request)
        versions, token = search_versions(
            text=given.text("filter", default=""),
            order_by=given.texts("order_by"),
            limit=given.whole("max_results", default=10_000, least=1, most=MOST_VERSIONS),
            token=given.text("page_token", default=""),
            within=self.reachable,
        )
        return page_answer("model_versions", show_versions(versions), token)


class DownloadAddressDoor(ClientDoor):
    verbs = {"GET": Verb.READ}
    reach = OF_NAMED

    def get(self, request: Request) -> Response:
        version = version_to_change(parameters_of(request))
        for _ in range(MOST_COPIES):
            named = _OF_OURS.fullmatch(version.source)
            if named is None or not self.sees(named[1]):
                break
            # A copy is loaded from where its original lies; of a deleted original the address is still known.
            model = find_model(named[1])
            original = ModelVersion.objects.filter(model=model, number=int(named[2])).first()
            if original is None:
                break
            version = original
        return Response({"artifact_uri": version.source})


class TransitionDoor(ClientDoor):
    verbs = {"POST": Verb.PROMOTE}
    reach = OF_TRANSITION

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        stage = stage_named(given.text("stage"))
        replaces = given.flag("archive_existing_versions")
        version = version_to_change(given)
        move_to_stage(request, version, stage, replaces=replaces, reason=given.text("comment", default=""))
        return version_answer(version)


class SetVersionTagDoor(ClientDoor):
    verbs = {"POST": Verb.REGISTER}
    reach = OF_NAMED

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        tags = {given.text("key"): given.text("value", default="")}
        annotate_version(actor=actor_of(request), version=version_to_change(given), tags=tags)
        return Response({})


class DeleteVersionTagDoor(ClientDoor):
    verbs = {"DELETE": Verb.REGISTER}
    reach = OF_NAMED

    def delete(self, request: Request) -> Response:
        given = parameters_of(request)
        version = version_to_change(given)
        annotate_version(actor=actor_of(request), version=version, tags={given.text("key"): None})
        return Response({})
