"""How is the trail taken away in one file that an outsider can check?"""

from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.evidence import local_path
from governance.api.door import Door, actor_of, read_body
from governance.api.errors import UnknownBundle
from governance.api.fields import ActorField, Line, Strict
from governance.api.schema import document
from governance.models import BundleExport
from governance.roles import Verb
from governance.services.bundles import MEDIA_TYPE, export_bundle

MOST_SUBJECTS = 500
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}


class BundleRequest(Strict):
    subjects = serializers.ListField(
        child=Line(max_length=300),
        default=list,
        max_length=MOST_SUBJECTS,
        help_text="All entries about these, e.g. version/care-programme/3; none means the whole trail.",
    )
    since = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**53 - 1,
        help_text="Entries under the checkpoint that the recipient remembers; by default that of your last bundle.",
    )


class BundleShown(serializers.Serializer[BundleExport]):
    """A bundle that somebody took; its bytes are kept under their digest."""

    uid = serializers.UUIDField()
    subjects = serializers.ListField(child=serializers.CharField(), help_text="Empty for the whole trail.")
    checkpoint_size = serializers.IntegerField(help_text="Entries under the checkpoint it holds.")
    since = serializers.IntegerField(help_text="Size of the checkpoint it shows to be continued; 0 for none.")
    file_name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    exported_by = ActorField()
    exported_at = serializers.DateTimeField()


class BundlesDoor(Door):
    verbs = {"POST": Verb.EXPORT}

    @document(
        "export_bundle",
        "Take the trail away in one file",
        tag="trail",
        acts=True,
        body=BundleRequest,
        answer=BundleShown,
        status=201,
        refusals={
            404: ["unknown_subject", "unknown_checkpoint"],
            409: ["nothing_recorded", "trail_not_whole"],
        },
        example={"subjects": ["version/care-programme/3"], "since": 1200},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, BundleRequest)
        bundle = export_bundle(actor=actor_of(request), subjects=body["subjects"], since=body.get("since"))
        return self.created(BundleShown, bundle, location=reverse("bundle", kwargs={"uid": bundle.uid}))


class BundleDoor(Door):
    verbs = {"GET": Verb.EXPORT}

    @document(
        "get_bundle",
        "Read what is on record about a bundle",
        tag="trail",
        path=["uid"],
        answer=BundleShown,
        refusals={404: ["unknown_bundle"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(BundleShown, get_bundle(uid))


class BundleContentDoor(Door):
    verbs = {"GET": Verb.EXPORT}

    @document(
        "get_bundle_content",
        "Download a bundle",
        tag="trail",
        path=["uid"],
        answer=OpenApiTypes.BINARY,
        media_type=MEDIA_TYPE,
        refusals={404: ["unknown_bundle"], 500: ["evidence_damaged"]},
    )
    def get(self, request: Request, uid: UUID) -> FileResponse:
        bundle = get_bundle(uid)
        with local_path(bundle.sha256) as path:
            # The open file outlives the path, should that be a copy made for this reading.
            file = path.open("rb")
        return FileResponse(
            file, as_attachment=True, filename=bundle.file_name, content_type=MEDIA_TYPE, headers=HEADERS
        )


def get_bundle(uid: UUID) -> BundleExport:
    """Return the bundle of that uid. Raises: UnknownBundle."""
    bundle = BundleExport.objects.filter(uid=uid).first()
    if bundle is None:
        raise UnknownBundle(f"There is no bundle {uid}.")
    return bundle
