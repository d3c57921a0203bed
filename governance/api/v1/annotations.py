"""How is a model or a version described and tagged anew, a model renamed or deleted? No policy reads any of it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body
from governance.api.fields import Line, Strict, Text
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document
from governance.api.v1.retirements import RetirementRequest
from governance.roles import Verb
from governance.scopes import TARGETS
from governance.services.annotations import annotate_model, annotate_version, delete_model, rename_model
from governance.services.registrations import LONGEST_NAME, LONGEST_VALUE
from registry.models import CurrentAnnotation, ModelVersion, RegisteredModel
from registry.selectors import get_model, get_version

EXAMPLE = {"description": "Trained on the autumn sample.", "tags": {"ward": "3b", "draft": None}}


class AnnotationRequest(Strict):
    description = Text(required=False, allow_blank=True)
    tags = serializers.DictField(
        child=Text(allow_blank=True, allow_null=True, max_length=LONGEST_VALUE),
        default=dict,
        help_text="Texts by name; null takes a tag away.",
    )


class NewName(Strict):
    name = Line(max_length=LONGEST_NAME, help_text="No other model may have it, or have had it.")


class Annotations(serializers.Serializer[Any]):
    """What was said about a model or a version since it was registered."""

    present_name = serializers.CharField(help_text="What the model is called now; each name it had leads to it.")
    description = serializers.CharField(allow_null=True, help_text="null while nobody described it anew.")
    tags = serializers.DictField(child=serializers.CharField(), help_text="Those it was registered with stand there.")


def _annotations(model: RegisteredModel, version: ModelVersion | None = None) -> dict[str, Any]:
    rows = CurrentAnnotation.objects.filter(model=model, version=version).order_by("tag")
    tags = dict(rows.values_list("tag", "value"))
    return {"present_name": model.present_name, "description": tags.pop("", None), "tags": tags}


class ModelAnnotationsDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.REGISTER}

    @document(
        "get_model_annotations",
        "Read how a model is called, described and tagged now",
        tag="models",
        path=["name"],
        answer=Annotations,
        refusals={404: ["unknown_model"]},
    )
    def get(self, request: Request, name: str) -> Response:
        return self.shown(Annotations, _annotations(get_model(name)))

    @document(
        "annotate_model",
        "Describe or tag a model anew",
        tag="models",
        path=["name"],
        acts=True,
        body=AnnotationRequest,
        answer=Annotations,
        status=201,
        refusals={404: ["unknown_model"]},
        example=EXAMPLE,
    )
    def post(self, request: Request, name: str) -> Response:
        model = get_model(name)
        annotate_model(actor=actor_of(request), model=model, **read_body(request, AnnotationRequest))
        location = reverse("model-annotations", kwargs={"name": name})
        return self.created(Annotations, _annotations(model), location=location)


class VersionAnnotationsDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.REGISTER}

    @document(
        "get_version_annotations",
        "Read how a version is described and tagged now",
        tag="versions",
        path=["name", "number"],
        answer=Annotations,
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        return self.shown(Annotations, _annotations(version.model, version))

    @document(
        "annotate_version",
        "Describe or tag a version anew",
        tag="versions",
        path=["name", "number"],
        acts=True,
        body=AnnotationRequest,
        answer=Annotations,
        status=201,
        refusals={404: ["unknown_version"], 409: ["version_deleted"]},
        example=EXAMPLE,
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        annotate_version(actor=actor_of(request), version=version, **read_body(request, AnnotationRequest))
        location = reverse("version-annotations", kwargs={"name": name, "number": number})
        return self.created(Annotations, _annotations(version.model, version), location=location)


class RenamingDoor(Door):
    reach = Reach(address=True, targets=TARGETS, further=lambda body: filter(None, [body.get("name")]))
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "rename_model",
        "Call a model by another name; its earlier names go on leading to it",
        tag="models",
        path=["name"],
        acts=True,
        body=NewName,
        answer=Annotations,
        status=201,
        refusals={404: ["unknown_model"], 409: ["name_taken"]},
        example={"name": "care-programme-north"},
    )
    def post(self, request: Request, name: str) -> Response:
        model = get_model(name)
        rename_model(actor=actor_of(request), model=model, name=read_body(request, NewName)["name"])
        location = reverse("model", kwargs={"name": name})
        return self.created(Annotations, _annotations(get_model(name)), location=location)


class ModelDeletionDoor(Door):
    reach = Reach(address=True, targets=TARGETS)
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "delete_model",
        "Delete a model with all its versions, none of which is live",
        tag="models",
        path=["name"],
        acts=True,
        body=RetirementRequest,
        answer=Annotations,
        status=201,
        refusals={404: ["unknown_model"], 409: ["version_live"]},
        example={"reason": "It was a try."},
    )
    def post(self, request: Request, name: str) -> Response:
        model = get_model(name)
        delete_model(actor=actor_of(request), model=model, reason=read_body(request, RetirementRequest)["reason"])
        return self.created(Annotations, _annotations(model), location=reverse("model", kwargs={"name": name}))
