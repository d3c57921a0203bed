"""Which lines of versions are there?"""

from django.db.models import Exists, OuterRef, Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import document_text
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import (
    ActorField,
    AliasName,
    Choice,
    Line,
    NamePattern,
    OrderField,
    PageQuery,
    Strict,
    Tag,
    Text,
    given,
    named_so,
)
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document, paged
from governance.roles import Verb
from governance.services.submissions import register_model
from registry.models import EntryType, ModelVersion, RegisteredModel, RiskTier, Task
from registry.selectors import get_model, tagged
from registry.services import NAME
from registry.stages import Stage

EXAMPLE = {
    "name": "care-programme",
    "risk_tier": "high",
    "task": "binary",
    "description": "Selects patients for a care programme.",
    "intended_use": "Offers of care, never denials.",
    "entry_type": "trained_model",
    "tags": {"department": "cardiology"},
}


class ModelRegistration(Strict):
    name = serializers.RegexField(
        rf"^(?:{NAME.pattern})\Z",
        max_length=120,
        trim_whitespace=False,
        error_messages={
            "invalid": "A name has 1 to 120 lower-case letters, digits, dots, dashes or underscores and begins and "
            "ends with a letter or digit."
        },
    )
    risk_tier = Choice(RiskTier.choices, help_text="Selects the policies that apply.")
    task = Choice(Task.choices)
    description = Text(default="", allow_blank=True)
    intended_use = Text(default="", allow_blank=True)
    entry_type = Choice(
        EntryType.choices, default=EntryType.TRAINED_MODEL, help_text="Tells which evidence a version must bring."
    )
    tags = serializers.DictField(
        child=Line(), default=dict, help_text="Texts by name, at most 20; policies can ask for them."
    )


class Model(serializers.Serializer[RegisteredModel]):
    """A named line of versions."""

    name = serializers.CharField()
    owner = ActorField()
    risk_tier = Choice(RiskTier.choices)
    task = Choice(Task.choices)
    description = serializers.CharField()
    intended_use = serializers.CharField()
    entry_type = Choice(EntryType.choices)
    tags = serializers.DictField(child=serializers.CharField())
    registered_at = serializers.DateTimeField()


class ModelQuery(PageQuery):
    risk_tier = Choice(RiskTier.choices, required=False)
    task = Choice(Task.choices, required=False)
    entry_type = Choice(EntryType.choices, required=False)
    owner = Line(required=False, max_length=120, help_text="Actor, kind:id.")
    name = NamePattern(required=False)
    tag = Tag(required=False)
    alias = AliasName(required=False, help_text="It has one of this name.")
    stage = Choice(Stage.choices, required=False, help_text="A version of it stands there.")
    order_by = OrderField({"name": "name", "risk_tier": "risk_tier", "owner": "owner"}, default="time")


class ModelsDoor(Door):
    reach = Reach(model="name", said="name")
    verbs = {"GET": Verb.READ, "POST": Verb.REGISTER}

    @document(
        "register_model",
        "Name a line of versions",
        tag="models",
        acts=True,
        body=ModelRegistration,
        answer=Model,
        status=201,
        refusals={409: ["name_taken"]},
        example=EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        model = register_model(actor=actor_of(request), **read_body(request, ModelRegistration))
        return self.created(Model, model, location=reverse("model", kwargs={"name": model.name}))

    @document("list_models", "List models", tag="models", query=ModelQuery, answer=paged(Model))
    def get(self, request: Request) -> Response:
        query = read_query(request, ModelQuery)
        columns = {name: name for name in ("risk_tier", "task", "entry_type", "owner")} | {"alias": "aliases__alias"}
        rows = RegisteredModel.objects.filter(state__is_listed=True, **given(query, columns))
        if "name" in query:
            rows = rows.filter(**named_so(query["name"], "name"))
        if "tag" in query:
            name, text = query["tag"]
            # Of a stored document the text is searched: a member of it stands there in one form.
            at_registration = Q(tags__contains=document_text({name: text})[1:-1])
            rows = rows.filter(at_registration | tagged(name, text, model=OuterRef("pk"), version=None))
        if "stage" in query:
            standing = ModelVersion.objects.filter(model=OuterRef("pk"), position__stage=query["stage"])
            rows = rows.filter(Exists(standing.filter(deletion__isnull=True)))
        return self.listed(Model, rows, query)


class ModelDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ}

    @document("get_model", "Read a model", tag="models", path=["name"], answer=Model, refusals={404: ["unknown_model"]})
    def get(self, request: Request, name: str) -> Response:
        return self.shown(Model, get_model(name))
