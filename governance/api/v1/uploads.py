"""How is a large file sent in pieces, and resumed where the connection broke?"""

import re
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from audits.evidence import is_stored
from governance.api.door import Door, account_of, actor_of, read_body
from governance.api.fields import Digest, Strict
from governance.api.reach import ANYTHING
from governance.api.schema import document
from governance.api.v1.evidence import announced_length
from governance.errors import Malformed
from governance.models import Upload
from governance.roles import Verb
from governance.services.uploads import begin_upload, continue_upload, get_upload, offset_of

CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class UploadRequest(Strict):
    sha256 = Digest(help_text="Of the whole file.")
    size = serializers.IntegerField(min_value=1, max_value=2**53 - 1, help_text="Bytes of the whole file.")


class UploadShown(serializers.Serializer[Upload]):
    """A file that comes in pieces, and how far it is."""

    uid = serializers.UUIDField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes announced.")
    offset = serializers.SerializerMethodField(help_text="Bytes that have arrived: go on from there.")
    is_stored = serializers.SerializerMethodField(help_text="All have arrived and have the digest announced.")
    expires_at = serializers.DateTimeField(help_text="When it is thrown away unfinished.")

    def get_offset(self, upload: Upload) -> int:
        return offset_of(upload)

    def get_is_stored(self, upload: Upload) -> bool:
        return is_stored(upload.sha256)


class UploadsDoor(Door):
    reach = ANYTHING
    verbs = {"POST": Verb.REGISTER}

    @document(
        "begin_upload",
        "Announce a file that comes in pieces; the same one again is found",
        tag="evidence",
        acts=True,
        body=UploadRequest,
        answer=UploadShown,
        status=201,
        refusals={422: ["upload_unacceptable"]},
        example={"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "size": 5_000_000_000},
    )
    def post(self, request: Request) -> Response:
        body = read_body(request, UploadRequest)
        upload = begin_upload(actor=actor_of(request), account=account_of(request), **body)
        return self.created(UploadShown, upload, location=reverse("upload", kwargs={"uid": upload.uid}))


class UploadDoor(Door):
    """The bytes pass straight to disk and are never whole in memory. What arrives before a connection breaks is kept;
    nothing is stored before the last byte is there and the digest is the one announced."""

    reach = ANYTHING
    verbs = {"GET": Verb.REGISTER, "PUT": Verb.REGISTER}

    @document(
        "get_upload",
        "Ask how far an upload is",
        tag="evidence",
        path=["uid"],
        answer=UploadShown,
        refusals={404: ["unknown_upload"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(UploadShown, get_upload(account=account_of(request), uid=uid))

    @document(
        "put_upload",
        "Send the next bytes, with Content-Range",
        tag="evidence",
        path=["uid"],
        body={"application/octet-stream": OpenApiTypes.BINARY},
        answer=UploadShown,
        refusals={
            400: ["unreadable_request"],
            404: ["unknown_upload"],
            409: ["upload_offset", "upload_busy"],
            411: ["length_required"],
            413: ["too_large"],
            422: ["malformed", "upload_unacceptable"],
        },
    )
    def put(self, request: Request, uid: UUID) -> Response:
        upload = get_upload(account=account_of(request), uid=uid)
        offset, length = _range(request, upload)
        stream: Any = request._request
        continue_upload(actor=actor_of(request), upload=upload, stream=stream, offset=offset, length=length)
        return self.shown(UploadShown, upload)


def _range(request: Request, upload: Upload) -> tuple[int, int]:
    """Return where the bytes begin and how many come. Raises: Malformed, LengthRequired, TooLarge."""
    length = announced_length(request)
    found = CONTENT_RANGE.fullmatch(request.headers.get("Content-Range", ""))
    first, last, size = (int(digits) for digits in found.groups()) if found else (0, -1, -1)
    if last - first + 1 != length or size != upload.size:
        raise Malformed(
            f"Say which bytes come as Content-Range: bytes first-last/{upload.size}, as many as Content-Length says.",
            field="Content-Range",
        )
    return first, length
