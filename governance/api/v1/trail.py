"""What happened, in order, and under which signed note?"""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trail import Checkpoint, Entry, trail_state
from governance.actions import ACTIONS
from governance.api.door import Door, read_query
from governance.api.errors import NoCheckpoint
from governance.api.fields import ActorField, Line, PageQuery, given
from governance.api.schema import document, paged
from governance.roles import Verb


class TrailState(serializers.Serializer[Any]):
    """What is signed and what is not."""

    origin = serializers.CharField()
    size = serializers.IntegerField(help_text="Entries recorded.")
    signed_size = serializers.IntegerField(help_text="Entries under the newest checkpoint.")
    root = serializers.CharField(  # type: ignore[assignment]
        help_text="RFC 6962 root of the signed entries, hex."
    )
    checkpoint = serializers.CharField(help_text="The newest signed note.")
    key = serializers.CharField(help_text="Public key in the form of signed notes.")
    key_fingerprint = serializers.CharField()
    witnessed_size = serializers.IntegerField()
    unwitnessed = serializers.IntegerField(help_text="Entries no witness has seen.")


class EntryShown(serializers.Serializer[Entry]):
    """One line of the trail."""

    index = serializers.IntegerField()
    recorded_at = serializers.DateTimeField()
    actor = ActorField()
    action = serializers.CharField()
    sentence = serializers.SerializerMethodField()
    subject = serializers.CharField()
    subject_number = serializers.IntegerField()
    text = serializers.CharField(help_text="Canonical JSON, as it was hashed.")
    leaf_hash = serializers.SerializerMethodField()

    def get_sentence(self, entry: Entry) -> str:
        return ACTIONS.get(entry.action, entry.action)

    def get_leaf_hash(self, entry: Entry) -> str:
        return bytes(entry.leaf_hash).hex()


class EntryQuery(PageQuery):
    subject = Line(required=False, max_length=300, help_text="e.g. version/care-programme/3")
    action = Line(required=False, max_length=60, help_text="e.g. gate.decided")
    actor = Line(required=False, max_length=120, help_text="kind:id")


class TrailDoor(Door):
    verbs = {"GET": Verb.READ}

    @document("get_trail", "Read how far the trail is signed", tag="trail", answer=TrailState)
    def get(self, request: Request) -> Response:
        return Response(trail_state())


class CheckpointDoor(Door):
    verbs = {"GET": Verb.READ}

    @document(
        "get_checkpoint",
        "Read the newest signed note",
        tag="trail",
        answer=OpenApiTypes.STR,
        media_type="text/plain",
        refusals={404: ["no_checkpoint"]},
    )
    def get(self, request: Request) -> HttpResponse:
        newest = Checkpoint.objects.order_by("-size").first()
        if newest is None:
            raise NoCheckpoint("Nothing has been signed yet; the dispatcher signs as soon as the trail has grown.")
        return HttpResponse(newest.note, content_type="text/plain; charset=utf-8")


class EntriesDoor(Door):
    verbs = {"GET": Verb.READ}

    @document("list_entries", "List entries, oldest first", tag="trail", query=EntryQuery, answer=paged(EntryShown))
    def get(self, request: Request) -> Response:
        query = read_query(request, EntryQuery)
        filters = given(query, {"subject": "subject", "action": "action", "actor": "actor"})
        return self.listed(EntryShown, Entry.objects.filter(**filters), query, key="index", newest_first=False)
