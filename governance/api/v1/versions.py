"""Which versions of a model are there, and where do they stand?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.evidence import EvidenceKind
from audits.runs import CheckRun, CheckVerdict
from audits.trail import now
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import (
    ActorField,
    AliasName,
    AtQuery,
    Choice,
    Instant,
    Line,
    OrderField,
    PageQuery,
    Strict,
    Tag,
    Text,
    given,
)
from governance.api.preconditions import still_so
from governance.api.reach import OF_MODEL
from governance.api.schema import document, paged
from governance.api.v1.evidence import get_evidence
from governance.api.v1.promotions import PolicyReference, PromotionTarget, Reason
from governance.gates import Outcome
from governance.roles import Verb
from governance.selectors.history import aliases_then, as_of, versions_then
from governance.selectors.origins import WITH_ORIGIN, origin_of
from governance.selectors.policies import Move, rules_for
from governance.selectors.version_file import preview_gate
from governance.services.attachments import attach_evidence
from governance.services.submissions import submit_version
from registry.errors import UnknownVersion
from registry.models import EntryType, EvidenceAttachment, ModelVersion, with_artifact
from registry.selectors import get_model, get_version, list_versions, tagged
from registry.stages import Rollout, Stage

# A version that came by its source alone has no digest of its own, and no place in this order.
BY_DIGEST = "registered_sha256"


class VersionName(Strict):
    """A version of some model."""

    model = Line()
    version = serializers.IntegerField(min_value=1, max_value=999_999_999)


class VersionSubmission(Strict):
    artifact = serializers.UUIDField(help_text="uid of a declared artifact.")
    tables = serializers.DictField(
        child=serializers.UUIDField(),
        default=dict,
        help_text="uid of a declared table by what it serves for: evaluation (what checks read), reference (what drift "
        "is measured against), or another purpose that a policy names.",
    )
    documents = serializers.DictField(
        child=serializers.UUIDField(), default=dict, help_text="uid of a declared document by its kind."
    )
    source = Line(  # type: ignore[assignment]
        default="", allow_blank=True, max_length=500, help_text="Where it comes from; not read."
    )
    notes = Text(default="", allow_blank=True)
    trained_by = Line(
        default="", allow_blank=True, max_length=120, help_text="Actor (kind:id) who owns the training run."
    )
    parent = VersionName(required=False, help_text="What a fine-tune or an adapter was made from.")
    upstreams = VersionName(many=True, required=False, help_text="Versions whose output it consumes.")


class EvidenceReference(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    sha256 = serializers.CharField()
    declaration_sha256 = serializers.CharField()


class Attachment(serializers.Serializer[EvidenceAttachment]):
    """A table or a document that joined a version's evidence; the newest of a purpose counts."""

    kind = Choice([EvidenceKind.TABLE.value, EvidenceKind.DOCUMENT.value])
    purpose = serializers.CharField()
    evidence = EvidenceReference(source="reference")
    attached_by = ActorField()
    attached_at = serializers.DateTimeField()


class VersionNamed(serializers.Serializer[ModelVersion]):
    model = serializers.CharField(source="model.name")
    version = serializers.IntegerField(source="number")


class Version(serializers.Serializer[ModelVersion]):
    """One immutable artifact with the evidence it was submitted with."""

    model = serializers.CharField(source="model.name")
    number = serializers.IntegerField()
    stage = Choice(Stage.choices, source="position.stage")
    rollout = serializers.CharField(
        source="position.rollout", help_text="Step of production: shadow, canary, blue_green or full; empty outside it."
    )
    percent = serializers.IntegerField(source="position.percent", help_text="Of a canary: share of the traffic.")
    since = serializers.DateTimeField(source="position.since", help_text="When it got there.")
    aliases = serializers.SerializerMethodField()
    artifact_sha256 = serializers.CharField()
    artifact_format = serializers.CharField()
    tables = serializers.DictField(child=EvidenceReference(), help_text="By purpose, as of now.")
    documents = serializers.DictField(child=EvidenceReference(), help_text="By kind, as of now.")
    attachments = Attachment(many=True, help_text="What joined the evidence, oldest first.")
    evidence_sha256 = serializers.CharField(help_text="Digest of the whole evidence: tables and documents.")
    entry_type = Choice(EntryType.choices, source="model.entry_type")
    trained_by = ActorField(allow_null=True, help_text="Who owns the training run; null when nobody said so.")
    parent = serializers.SerializerMethodField()  # type: ignore[assignment]
    upstreams = serializers.SerializerMethodField(help_text="Versions whose output it consumes.")
    dependents = serializers.SerializerMethodField(help_text="Versions that consume its output.")
    source = serializers.CharField()  # type: ignore[assignment]
    notes = serializers.CharField()
    registered_by = ActorField()
    registered_at = serializers.DateTimeField()
    imported = serializers.SerializerMethodField(
        help_text="Of a version brought over from an MLflow server: its address (from), and stage and updated_at there."
    )

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_imported(self, version: ModelVersion) -> dict[str, str]:
        return origin_of(version)

    def get_aliases(self, version: ModelVersion) -> list[str]:
        if hasattr(version, "names_then"):
            return list(version.names_then)
        return sorted(alias.alias for alias in version.aliases.all())

    @extend_schema_field(VersionNamed(allow_null=True))
    def get_parent(self, version: ModelVersion) -> Any:
        return next(iter(self._named([version.parent] if version.parent else [])), None)

    @extend_schema_field(VersionNamed(many=True))
    def get_upstreams(self, version: ModelVersion) -> Any:
        return self._named(row.upstream for row in version.dependencies.all())

    @extend_schema_field(VersionNamed(many=True))
    def get_dependents(self, version: ModelVersion) -> Any:
        at = getattr(version, "seen_at", None)
        rows = (row.version for row in version.dependents.all())
        return self._named(row for row in rows if at is None or row.registered_at <= at)

    def _named(self, versions: Iterable[ModelVersion]) -> list[Any]:
        """Name versions of other models to those who may know of them."""
        sees = self.context["sees"]
        return [VersionNamed(version).data for version in versions if sees(version.model.name)]


class VersionQuery(PageQuery):
    stage = Choice(Stage.choices, required=False)
    alias = AliasName(required=False)
    artifact_sha256 = serializers.CharField(required=False, max_length=64)
    registered_by = Line(required=False, max_length=120, help_text="Actor, kind:id.")
    registered_after = serializers.DateTimeField(required=False)
    registered_before = serializers.DateTimeField(required=False)
    verdict = Choice(CheckVerdict.choices, required=False, help_text="A check run of it came out like this.")
    tag = Tag(required=False)
    order_by = OrderField({"digest": BY_DIGEST}, default="-time")
    at = Instant(required=False)


class VersionsDoor(Door):
    reach = OF_MODEL
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
        refusals={
            404: ["unknown_model", "unknown_evidence", "unknown_version"],
            409: ["version_retired", "version_deleted"],
            422: ["evidence_unfit"],
        },
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
            documents={kind: get_evidence(uid, field=f"documents.{kind}") for kind, uid in body["documents"].items()},
            source=body["source"],
            notes=body["notes"],
            trained_by=body["trained_by"],
            parent=_named(body["parent"]) if "parent" in body else None,
            upstreams=[_named(upstream) for upstream in body.get("upstreams", ())],
        )
        location = reverse("version", kwargs={"name": name, "number": version.number})
        return self.created(Version, get_version(name, version.number), location=location)

    @document(
        "list_versions",
        "List the versions of a model",
        tag="versions",
        path=["name"],
        query=VersionQuery,
        answer=paged(Version),
        refusals={404: ["unknown_model"]},
    )
    def get(self, request: Request, name: str) -> Response:
        query = read_query(request, VersionQuery)
        model, at = get_model(name), query.get("at")
        times = {"registered_after": "registered_at__gt", "registered_before": "registered_at__lt"}
        filters = given(query, {"registered_by": "registered_by", **times})
        if at and "tag" in query:
            raise serializers.ValidationError({"tag": "Tags are looked for as they are now; leave at or tag out."})
        if at:
            rows = versions_then(at).filter(**given(query, {"stage": "stage_then"}))
            if "alias" in query:
                rows = rows.filter(pk=aliases_then(model, at).get(query["alias"], 0))
        else:
            rows = list_versions().filter(**given(query, {"stage": "position__stage", "alias": "aliases__alias"}))
        rows = rows.filter(model=model, **filters).select_related("parent__model")
        rows = rows.prefetch_related("dependencies__upstream__model", "dependents__version__model", WITH_ORIGIN)
        if "verdict" in query:
            number = Cast("number", CharField())
            runs = CheckRun.objects.filter(subject=Concat(Value(f"version/{model.name}/"), OuterRef("as_text")))
            rows = rows.annotate(as_text=number).filter(Exists(runs.filter(result__verdict=query["verdict"])))
        if "tag" in query:
            rows = rows.filter(tagged(*query["tag"], version=OuterRef("pk")))
        if "artifact_sha256" in query:
            rows = rows.filter(with_artifact([query["artifact_sha256"]]))
        if query["order_by"].lookup == BY_DIGEST:
            rows = rows.filter(registered_sha256__isnull=False)
        return self.listed(Version, rows, query, seen=partial(as_of, at=at) if at else None)


def _named(name: Mapping[str, Any]) -> ModelVersion:
    return get_version(name["model"], name["version"])


class VersionDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ}
    has_etag = True

    @document(
        "get_version",
        "Read a version, its stage and its aliases, now or as they were",
        tag="versions",
        path=["name", "number"],
        query=AtQuery,
        answer=Version,
        has_etag=True,
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        at = read_query(request, AtQuery).get("at")
        version = get_version(name, number) if at is None else _version_then(name, number, at)
        return self.shown(Version, version)


def _version_then(name: str, number: int, at: datetime) -> ModelVersion:
    """Return a version as it was. Raises: UnknownModel, UnknownVersion."""
    rows = versions_then(at).filter(model=get_model(name), number=number)
    version = next(iter(as_of(rows, at)), None)
    if version is None:
        raise UnknownVersion(f"The model {name!r} had no version {number} at {at.isoformat()}.")
    return version


class EvidenceToAttach(Strict):
    purpose = serializers.RegexField(
        r"^[a-z][a-z0-9_]{0,39}\Z",
        trim_whitespace=False,
        error_messages={"invalid": "A purpose has 1 to 40 lower-case letters, digits or underscores."},
        help_text="What a table serves for, such as evaluation; of a document its kind.",
    )
    evidence = serializers.UUIDField(help_text="uid of a declared table or document.")


class VersionEvidenceDoor(Door):
    """The tables and documents a version stands on."""

    reach = OF_MODEL
    verbs = {"POST": Verb.REGISTER}
    has_etag = True

    @document(
        "attach_evidence",
        "Add a table or a document, or replace the earlier one of its purpose",
        tag="versions",
        path=["name", "number"],
        acts=True,
        has_etag=True,
        body=EvidenceToAttach,
        answer=Version,
        refusals={
            404: ["unknown_version", "unknown_evidence"],
            409: ["version_retired", "version_deleted"],
            422: ["evidence_unfit"],
        },
        example={"purpose": "dpia", "evidence": "019a9f00-0000-7000-8000-000000000003"},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        body = read_body(request, EvidenceToAttach)
        evidence = get_evidence(body["evidence"], field="evidence")
        still = still_so(request, lambda: self.told(Version, get_version(name, number)))
        attach_evidence(
            actor=actor_of(request), version=version, purpose=body["purpose"], evidence=evidence, still=still
        )
        return self.shown(Version, get_version(name, number))


class GatePreview(serializers.Serializer[Any]):
    """What the gate would say now; approvals count from the promotion on."""

    target = serializers.CharField()
    outcome = Choice([outcome.value for outcome in Outcome])
    policies = PolicyReference(many=True)
    reasons = Reason(many=True)


class GateQuery(Strict):
    target = PromotionTarget(help_text="Stage the version wants to reach.")
    alias = AliasName(default="champion", help_text="Name that shall point at the version.")
    rollout = Choice(Rollout.choices, required=False, help_text="Step of production; full when left out.")


class GateDoor(Door):
    reach = OF_MODEL
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
