"""May these bytes be deployed?"""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trail import now
from governance.api.door import Door, read_query
from governance.api.fields import AliasName, Digest, Document, ModelName, Strict
from governance.api.reach import Reach
from governance.api.schema import document
from governance.api.v1.promotions import PromotionTarget, Reason
from governance.roles import Verb
from governance.selectors.admission import admission_of
from governance.selectors.attestation import attest
from registry.stages import Stage


class AdmissionQuery(Strict):
    sha256 = Digest(help_text="Digest of the artifact that is about to be deployed.")
    target = PromotionTarget(help_text="Where it is deployed to.")
    alias = AliasName(required=False, help_text="Name under which it will serve.")
    model = ModelName(required=False, help_text="Where the same bytes are versions of several models.")


class AdmissionShown(serializers.Serializer[Any]):
    """Allowed or denied; a denial is an answer, not an error."""

    allowed = serializers.BooleanField()
    sha256 = serializers.CharField()
    target = serializers.CharField()
    alias = serializers.CharField(help_text="As asked; may be empty.")
    model = serializers.CharField(source="version.model.name", default=None, allow_null=True)
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True)
    stage = serializers.CharField(source="version.position.stage", default=None, allow_null=True)
    rollout = serializers.CharField(source="version.position.rollout", default=None, allow_null=True)
    percent = serializers.IntegerField(source="version.position.percent", default=None, allow_null=True)
    reasons = Reason(source="objections", many=True, help_text="Why it is denied; empty when it is allowed.")
    checked_at = serializers.DateTimeField(source="at")
    attestation = Document(allow_null=True, help_text="When it is allowed: the signed statement, a DSSE envelope.")


class AdmissionDoor(Door):
    """Records nothing, and can be asked as often as something is deployed."""

    reach = Reach(said="model")
    verbs = {"GET": Verb.READ}

    @document(
        "get_admission",
        "Ask whether an artifact may be deployed",
        tag="admission",
        query=AdmissionQuery,
        answer=AdmissionShown,
        refusals={409: ["key_unusable"]},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, AdmissionQuery)
        admission = admission_of(
            sha256=query["sha256"],
            target=Stage(query["target"]),
            alias=query.get("alias", ""),
            model=query.get("model", ""),
            at=now(),
        )
        told = {name: getattr(admission, name) for name in ("allowed", "sha256", "target", "alias", "at", "objections")}
        if admission.version:
            told["version"] = admission.version
        return self.shown(AdmissionShown, {**told, "attestation": attest(admission)})
