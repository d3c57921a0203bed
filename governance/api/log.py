"""How does an outsider read the trail itself, byte for byte, with the tools others wrote for such logs?

C2SP tlog-tiles: the newest checkpoint, and tiles and entry bundles that never change and may be kept for ever.
Only what a checkpoint covers is served.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import path, re_path
from django.views.decorators.gzip import gzip_page
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trail import (
    BeyondTree,
    EntryBundle,
    Tile,
    TileRefused,
    bundle_contents,
    newest_checkpoint,
    tile_contents,
    trail_state,
)
from governance.api.door import Door
from governance.api.errors import BeyondTrail, NoCheckpoint, UnknownPath
from governance.roles import Verb

ANSWERS_OF_BYTES = {"X-Content-Type-Options": "nosniff"}


class PublicDoor(Door):
    """Open to everybody, unless the installation keeps its trail to itself; then as any other door."""

    verbs = {"GET": Verb.READ}
    http_method_names = ["get", "head"]
    # These addresses are described by the format of the log, not as operations of the API.
    schema = None  # type: ignore[assignment]

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if settings.TRAIL_PUBLIC else super().get_authenticators()

    def get_permissions(self) -> Sequence[Any]:
        return [] if settings.TRAIL_PUBLIC else super().get_permissions()

    def handle_exception(self, exc: Exception) -> Any:
        response = super().handle_exception(exc)
        # What is not there now may be there in a second.
        response["Cache-Control"] = "no-store"
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if not settings.TRAIL_PUBLIC and "public" in response.get("Cache-Control", ""):
            response["Cache-Control"] = response["Cache-Control"].replace("public", "private")
        return super().finalize_response(request, response, *args, **kwargs)


class CheckpointFile(PublicDoor):
    def get(self, request: Request) -> HttpResponse:
        note = trail_state()["checkpoint"]
        if not note:
            raise NoCheckpoint("Nothing has been signed yet; the dispatcher signs as soon as the trail has grown.")
        headers = {**ANSWERS_OF_BYTES, "Cache-Control": "public, max-age=1"}
        return HttpResponse(note, content_type="text/plain; charset=utf-8", headers=headers)


class TileFile(PublicDoor):
    def get(self, request: Request, file: str) -> HttpResponse:
        return _for_ever(_contents(file))


def _contents(file: str) -> bytes:
    signed = newest_checkpoint()
    size = signed.size if signed else 0
    try:
        if file.startswith("tile/entries/"):
            return bundle_contents(EntryBundle.parse(file), size)
        return tile_contents(Tile.parse(file), size)
    except TileRefused as refused:
        raise UnknownPath(str(refused)) from refused
    except BeyondTree as beyond:
        raise BeyondTrail(str(beyond), size=size) from beyond


def _for_ever(contents: bytes) -> HttpResponse:
    headers = {**ANSWERS_OF_BYTES, "Cache-Control": "public, max-age=31536000, immutable"}
    return HttpResponse(contents, content_type="application/octet-stream", headers=headers)


class UnknownFile(PublicDoor):
    def get(self, request: Request) -> Response:
        raise UnknownPath("Here are only checkpoint, tile/<level>/<n> and tile/entries/<n>; see C2SP tlog-tiles.")


urlpatterns = [
    path("checkpoint", CheckpointFile.as_view(), name="log-checkpoint"),
    # Texts become a tenth when they are compressed; hashes do not become smaller.
    re_path(r"(?P<file>tile/entries/.+)\Z", gzip_page(TileFile.as_view()), name="log-entries"),
    re_path(r"(?P<file>tile/.+)\Z", TileFile.as_view(), name="log-tile"),
    re_path("", UnknownFile.as_view()),
]
