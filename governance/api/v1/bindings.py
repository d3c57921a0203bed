"""How does it become known what a version is that was registered by its source alone?"""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import Door, actor_of, read_body
from governance.api.fields import Strict
from governance.api.reach import OF_MODEL
from governance.api.schema import document
from governance.api.v1.evidence import get_evidence
from governance.api.v1.versions import Version
from governance.roles import Verb
from governance.services.bindings import bind_artifact
from registry.selectors import get_version


class ArtifactToBind(Strict):
    artifact = serializers.UUIDField(help_text="`uid` of declared evidence.")


class VersionArtifactDoor(Door):
    reach = OF_MODEL
    verbs = {"POST": Verb.REGISTER}

    @document(
        "bind_artifact",
        "Say by digest what a version is that was registered by its source alone",
        tag="versions",
        path=["name", "number"],
        acts=True,
        body=ArtifactToBind,
        answer=Version,
        refusals={
            404: ["unknown_version", "unknown_evidence"],
            409: ["artifact_known", "version_retired", "version_deleted"],
            422: ["evidence_unfit"],
        },
        example={"artifact": "019a9f00-0000-7000-8000-000000000001"},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version = get_version(name, number)
        artifact = get_evidence(read_body(request, ArtifactToBind)["artifact"], field="artifact")
        bind_artifact(actor=actor_of(request), version=version, artifact=artifact)
        return self.shown(Version, get_version(name, number))
