"""How do bytes get here, and what are they declared to be?"""

from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.evidence import DEFINITIONS, Evidence, EvidenceKind, is_stored
from audits.tables import FORMATS as TABLE_FORMATS
from audits.tables import ROLES, TASKS, TableFormat, UnusableTable
from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.errors import LengthRequired, TooLarge
from governance.api.fields import SHA256, Choice, Digest, Document, Line, PageQuery, Strict, given
from governance.api.reach import ANYTHING, Reach
from governance.api.schema import document, paged
from governance.errors import Malformed, TableUnacceptable, UnknownEvidence
from governance.policy_format import document_kinds
from governance.roles import Verb
from governance.services.submissions import (
    declare_artifact_evidence,
    declare_document_evidence,
    declare_table_evidence,
    receive_bytes,
)

SHA256_OF_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DECLARATION_EXAMPLE = {
    "task": "binary",
    "favourable": 1,
    "columns": {
        "patient": {"roles": ["id"]},
        "progressed": {"roles": ["label"]},
        "selected": {"roles": ["prediction"]},
        "sex": {"roles": ["sensitive"], "labels": {"1": "women", "2": "men"}},
        "age": {"roles": ["sensitive", "feature"], "bands": [40, 55]},
    },
}


class StoredBytes(serializers.Serializer[Any]):
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")


class BlobDoor(Door):
    """Bytes under their digest. They pass through a file on disk and are never whole in memory."""

    reach = ANYTHING
    verbs = {"PUT": Verb.REGISTER}

    @document(
        "put_blob",
        "Upload bytes",
        tag="evidence",
        path=["sha256"],
        body={"application/octet-stream": OpenApiTypes.BINARY},
        answer=StoredBytes,
        status=201,
        also={(200, "application/json"): StoredBytes},
        refusals={
            400: ["unreadable_request"],
            411: ["length_required"],
            413: ["too_large"],
            422: ["malformed", "upload_unacceptable"],
        },
    )
    def put(self, request: Request, sha256: str) -> Response:
        if not SHA256.fullmatch(sha256):
            raise Malformed("A SHA-256 digest has 64 lower-case hexadecimal digits.", field="sha256")
        was_stored = is_stored(sha256)
        length = announced_length(request)
        size = receive_bytes(actor=actor_of(request), stream=request._request, sha256=sha256, length=length)
        return Response({"sha256": sha256, "size": size}, status=200 if was_stored else 201)


def announced_length(request: Request) -> int:
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced.isdecimal():
        raise LengthRequired("Say with Content-Length how many bytes will come; a cut upload is found by it.")
    length = int(announced[:20])
    if length > settings.EVIDENCE_MAX_BYTES:
        raise TooLarge(
            f"The upload is larger than {settings.EVIDENCE_MAX_BYTES:,} bytes; ask an operator to raise "
            "COUNTERSIGN_EVIDENCE_MAX_BYTES, or send a smaller file.",
            limit=settings.EVIDENCE_MAX_BYTES,
        )
    return length


class FileName(Line):
    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data)
        if PurePosixPath(value).name in {"", ".."}:
            raise serializers.ValidationError("Give the name of a file, such as evaluation.csv.")
        return value


class Format(Strict):
    """How the bytes of a table are written; nothing of it is guessed."""

    format = Choice(list(TABLE_FORMATS))
    delimiter = serializers.CharField(
        default=",", max_length=4, trim_whitespace=False, help_text="Of a CSV: one ASCII character."
    )
    encoding = Line(default="utf-8", max_length=40, help_text="Of CSV or JSON lines: a text encoding of Python.")


@extend_schema_field(
    {
        "type": "object",
        "description": "What the columns mean; docs/reference/api.md describes it.",
        "required": ["task", "columns"],
        "properties": {
            "task": {"type": "string", "enum": list(TASKS)},
            "favourable": {"type": "integer", "enum": [0, 1], "description": "Binary tasks must say it."},
            "columns": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["roles"],
                    "properties": {
                        "roles": {
                            "type": "array",
                            "items": {
                                "type": "string",
                                "enum": list(ROLES),
                            },
                        },
                        "bands": {"type": "array", "items": {"type": "number"}},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        "of": {"type": "string", "description": "The label that a prediction of many is about."},
                    },
                },
            },
        },
        "additionalProperties": False,
    }
)
class DeclarationField(serializers.JSONField):
    """Read by the use case, which says what is wrong with it and where."""


class TableDeclaration(Strict):
    kind = Choice(["table"])
    sha256 = Digest()
    name = FileName(help_text="File name, for people.")
    format = Format()
    declaration = DeclarationField()


class ArtifactDeclaration(Strict):
    kind = Choice(["artifact"])
    sha256 = Digest()
    name = FileName(help_text="File name, for people.")
    format = Choice(
        DEFINITIONS,
        required=False,
        help_text="Of a prompt (text), an agent (json) or a reference; a model is recognised by its content.",
    )


class DocumentDeclaration(Strict):
    kind = Choice(["document"])
    sha256 = Digest()
    name = FileName(help_text="File name, for people.")
    document = Choice(document_kinds(), help_text="What the document is.")
    attested_by = Line(
        default="", allow_blank=True, help_text="Of an external evaluation: the organisation that stands for it."
    )


class Column(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField(help_text="integer, number, text or time.")


class EvidenceShown(serializers.Serializer[Evidence]):
    """Stored bytes and what they are declared to be."""

    uid = serializers.UUIDField()
    kind = Choice(EvidenceKind.choices)
    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    format = serializers.CharField(help_text="csv, parquet; a model's format, text, json, reference; text, pdf, bytes.")
    declaration = Document(help_text="Of a table: format and meaning; of a document: kind and sections.")
    declaration_sha256 = serializers.CharField()
    row_count = serializers.IntegerField(allow_null=True, help_text="Rows of a table.")
    columns = Column(many=True)


class EvidenceQuery(PageQuery):
    kind = Choice(EvidenceKind.choices, required=False)
    sha256 = Digest(required=False)


class EvidenceListDoor(Door):
    reach = Reach(mine="entry__actor", free=("POST",))
    verbs = {"GET": Verb.READ, "POST": Verb.REGISTER}

    @document(
        "declare_evidence",
        "Declare what stored bytes are",
        tag="evidence",
        acts=True,
        body=PolymorphicProxySerializer(
            component_name="EvidenceDeclaration",
            serializers={
                "table": TableDeclaration,
                "artifact": ArtifactDeclaration,
                "document": DocumentDeclaration,
            },
            resource_type_field_name="kind",
        ),
        answer=EvidenceShown,
        status=201,
        refusals={
            404: ["unknown_bytes"],
            422: ["table_unacceptable", "artifact_unacceptable", "document_unacceptable"],
        },
        example={
            "kind": "table",
            "sha256": SHA256_OF_EXAMPLE,
            "name": "evaluation.csv",
            "format": {"format": "csv"},
            "declaration": DECLARATION_EXAMPLE,
        },
    )
    def post(self, request: Request) -> Response:
        kind = request.data.get("kind") if isinstance(request.data, dict) else None
        if kind == "artifact":
            body = read_body(request, ArtifactDeclaration)
            evidence = declare_artifact_evidence(
                actor=actor_of(request), sha256=body["sha256"], name=body["name"], format_name=body.get("format", "")
            )
        elif kind == "document":
            body = read_body(request, DocumentDeclaration)
            evidence = declare_document_evidence(
                actor=actor_of(request),
                sha256=body["sha256"],
                name=body["name"],
                kind=body["document"],
                attested_by=body["attested_by"],
            )
        else:
            body = read_body(request, TableDeclaration)
            evidence = declare_table_evidence(
                actor=actor_of(request),
                sha256=body["sha256"],
                name=body["name"],
                fmt=_format(body["format"], file=body["name"]),
                declaration=body["declaration"],
            )
        return self.created(EvidenceShown, evidence, location=reverse("evidence", kwargs={"uid": evidence.uid}))

    @document(
        "list_evidence", "List evidence, newest first", tag="evidence", query=EvidenceQuery, answer=paged(EvidenceShown)
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, EvidenceQuery)
        rows = Evidence.objects.filter(**given(query, {"kind": "kind", "sha256": "sha256"}))
        return self.listed(EvidenceShown, rows, query)


def _format(fields: dict[str, str], *, file: str) -> TableFormat:
    try:
        return TableFormat(**fields)
    except UnusableTable as problem:
        raise TableUnacceptable(str(problem), reason=problem.code, file=file, fix=problem.fix) from None


class EvidenceDoor(Door):
    reach = Reach(row=Evidence, mine="entry__actor")
    verbs = {"GET": Verb.READ}

    @document(
        "get_evidence",
        "Read what is on record about evidence",
        tag="evidence",
        path=["uid"],
        answer=EvidenceShown,
        refusals={404: ["unknown_evidence"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(EvidenceShown, get_evidence(uid))


def get_evidence(uid: UUID, **context: str) -> Evidence:
    """Return the evidence of that uid. Raises: UnknownEvidence."""
    evidence = Evidence.objects.filter(uid=uid).first()
    if evidence is None:
        raise UnknownEvidence(f"There is no evidence {uid}; declare the stored bytes first.", **context)
    return evidence
