"""Which versions of a model are there, and where do they stand?"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.trail import now
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, AliasName, Line, PageQuery, Strict, Text, given
from governance.api.schema import document, paged
from governance.api.v1.evidence import get_evidence
from governance.api.v1.promotions import PolicyReference, PromotionTarget, Reason
from governance.gates import Outcome
from governance.roles import Verb
from governance.selectors.policies import Move, rules_for
from governance.selectors.version_file import preview_gate
from governance.services.submissions import submit_version
from registry.models import ModelVersion
from registry.selectors import get_model, get_version, list_versions
from registry.stages import Rollout, Stage


class Tables(Strict):
    """Declared tables by what they serve for."""

    evaluation = serializers.UUIDField(help_text="uid of the evidence the checks read.")
    reference = serializers.UUIDField(required=False, help_text="uid of the evidence drift is measured against.")


class VersionSubmission(Strict):
    artifact = serializers.UUIDField(help_text="uid of a declared artifact.")
    tables = Tables()
    source = Line(  # type: ignore[assignment]
        default="", allow_blank=True, max_length=500, help_text="Where it comes from; not read."
    )
    notes = Text(default="", allow_blank=True)


class TableReference(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    sha256 = serializers.CharField()
    declaration_sha256 = serializers.CharField()


class TablesOfVersion(serializers.Serializer[Any]):
    evaluation = TableReference()
    reference = TableReference(required=False)


class Version(serializers.Serializer[ModelVersion]):
    """One immutable artifact with the evidence it was submitted with."""

    model = serializers.CharField(source="model.name")
    number = serializers.IntegerField()
    stage = serializers.ChoiceField(Stage.choices, source="position.stage")
    aliases = serializers.SerializerMethodField()
    artifact_sha256 = serializers.CharField()
    artifact_format = serializers.CharField()
    tables = TablesOfVersion()
    evidence_sha256 = serializers.CharField(help_text="Digest of the whole set of tables.")
    source = serializers.CharField()  # type: ignore[assignment]
    notes = serializers.CharField()
    registered_by = ActorField()
    registered_at = serializers.DateTimeField()

    def get_aliases(self, version: ModelVersion) -> list[str]:
        return sorted(alias.alias for alias in version.aliases.all())


class VersionQuery(PageQuery):
    stage = serializers.ChoiceField(Stage.choices, required=False)
    alias = AliasName(required=False)
    artifact_sha256 = serializers.CharField(required=False, max_length=64)


class VersionsDoor(Door):
    verbs = {"GET": Verb.READ, "POST": Verb.REGISTER}

    @document(
        "submit_version",
        "Register a version and order its checks",
        tag="versions",
        path=["name"],
        acts=True,
        body=VersionSubmission,
        answer=Version,
        status=201,
        refusals={404: ["unknown_model", "unknown_evidence"], 422: ["evidence_unfit"]},
        example={
            "artifact": "019a9f00-0000-7000-8000-000000000001",
            "tables": {"evaluation": "019a9f00-0000-7000-8000-000000000002"},
            "source": "https://ci.example/runs/17",
        },
    )
    def post(self, request: Request, name: str) -> Response:
        get_model(name)
        body = read_body(request, VersionSubmission)
        version = submit_version(
            actor=actor_of(request),
            model_name=name,
            artifact=get_evidence(body["artifact"], field="artifact"),
            tables={use: get_evidence(uid, field=f"tables.{use}") for use, uid in body["tables"].items()},
            source=body["source"],
            notes=body["notes"],
        )
        location = reverse("version", kwargs={"name": name, "number": version.number})
        return self.created(Version, get_version(name, version.number), location=location)

    @document(
        "list_versions",
        "List the versions of a model, newest first",
        tag="versions",
        path=["name"],
        query=VersionQuery,
        answer=paged(Version),
        refusals={404: ["unknown_model"]},
    )
    def get(self, request: Request, name: str) -> Response:
        query = read_query(request, VersionQuery)
        filters = given(
            query, {"stage": "position__stage", "alias": "aliases__alias", "artifact_sha256": "artifact_sha256"}
        )
        return self.listed(Version, list_versions().filter(model=get_model(name), **filters), query)


class VersionDoor(Door):
    verbs = {"GET": Verb.READ}

    @document(
        "get_version",
        "Read a version, its stage and its aliases",
        tag="versions",
        path=["name", "number"],
        answer=Version,
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        return self.shown(Version, get_version(name, number))


class GatePreview(serializers.Serializer[Any]):
    """What the gate would say now; approvals count from the promotion on."""

    target = serializers.CharField()
    outcome = serializers.ChoiceField([outcome.value for outcome in Outcome])
    policies = PolicyReference(many=True)
    reasons = Reason(many=True)


class GateQuery(Strict):
    target = PromotionTarget(help_text="Stage the version wants to reach.")
    alias = AliasName(default="champion", help_text="Name that shall point at the version.")
    rollout = serializers.ChoiceField(
        Rollout.choices, required=False, help_text="Step of production; full when left out."
    )


class GateDoor(Door):
    verbs = {"GET": Verb.READ}

    @document(
        "preview_gate",
        "Ask what the gate would say; changes nothing",
        tag="versions",
        path=["name", "number"],
        query=GateQuery,
        answer=GatePreview,
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        query = read_query(request, GateQuery)
        target = query["target"]
        version = get_version(name, number)
        move = Move(
            target, query["alias"], query.get("rollout") or (Rollout.FULL if target == Stage.PRODUCTION else "")
        )
        rules = rules_for(version, move)
        decision = preview_gate(version, rules, move=move, at=now())
        return self.shown(GatePreview, {"target": target, "policies": rules.references, **decision.to_document()})
