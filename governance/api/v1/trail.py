"""What happened, in order, and under which signed note?"""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audits.trail import (
    BeyondTree,
    Checkpoint,
    Entry,
    cosigned_note,
    entry_proof,
    prove_consistency,
    prove_inclusion,
    root_at,
    signed_size,
    trail_state,
)
from governance.actions import ACTIONS
from governance.api.door import Door, read_query
from governance.api.errors import BeyondTrail, NoCheckpoint
from governance.api.fields import ActorField, Line, OrderField, PageQuery, Strict, given
from governance.api.reach import NO_MODEL, Reach
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
    order_by = OrderField({}, key="index", default="time")


LARGEST = 2**63 - 1


class InclusionQuery(Strict):
    index = serializers.IntegerField(min_value=0, max_value=LARGEST, help_text="Which entry, from 0.")
    size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST, help_text="In the tree of how many; the newest signed size."
    )


class ConsistencyQuery(Strict):
    old = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="Size of the checkpoint you remember.")
    new = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST, help_text="Size it grew to; the newest signed size."
    )


class Inclusion(serializers.Serializer[Any]):
    """Shows that an entry is under a root (RFC 6962 section 2.1.1). Hashes are hex."""

    index = serializers.IntegerField()
    size = serializers.IntegerField()
    leaf_hash = serializers.CharField(help_text="SHA-256(0x00 || text of the entry).")
    hashes = serializers.ListField(child=serializers.CharField(), help_text="The deepest first.")
    root = serializers.CharField(help_text="To be compared with a signed one.")  # type: ignore[assignment]


class Consistency(serializers.Serializer[Any]):
    """Shows that a tree starts with an older one (RFC 6962 section 2.1.2). Hashes are hex."""

    old = serializers.IntegerField()
    new = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField())
    old_root = serializers.CharField(help_text="To be compared with the root you remember.")
    new_root = serializers.CharField(help_text="To be compared with a signed one.")


class TrailDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ}

    @document("get_trail", "Read how far the trail is signed", tag="trail", answer=TrailState)
    def get(self, request: Request) -> Response:
        return Response(trail_state())


class CheckpointDoor(Door):
    reach = NO_MODEL
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
        return HttpResponse(cosigned_note(newest), content_type="text/plain; charset=utf-8")


class EntriesDoor(Door):
    reach = Reach(subject="subject")
    verbs = {"GET": Verb.READ}

    @document("list_entries", "List entries, oldest first", tag="trail", query=EntryQuery, answer=paged(EntryShown))
    def get(self, request: Request) -> Response:
        query = read_query(request, EntryQuery)
        filters = given(query, {"subject": "subject", "action": "action", "actor": "actor"})
        return self.listed(EntryShown, Entry.objects.filter(**filters), query)


def _signed_size(wanted: int | None) -> int:
    """Return the size a question is about: the newest one that is signed, or the one wanted, if it is not beyond that.

    Raises: BeyondTrail.
    """
    signed = signed_size()
    if wanted is not None and wanted > signed:
        raise BeyondTrail(f"The newest checkpoint covers {signed} entries, not {wanted}.", size=signed)
    return signed if wanted is None else wanted


def _beyond(problem: BeyondTree) -> BeyondTrail:
    return BeyondTrail(str(problem), size=_signed_size(None))


class InclusionDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "prove_inclusion",
        "Prove that an entry is in the trail",
        tag="trail",
        query=InclusionQuery,
        answer=Inclusion,
        refusals={404: ["beyond_trail"]},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, InclusionQuery)
        index, size = query["index"], _signed_size(query.get("size"))
        try:
            hashes = prove_inclusion(index, size)
        except BeyondTree as problem:
            raise _beyond(problem) from problem
        leaf = bytes(Entry.objects.values_list("leaf_hash", flat=True).get(index=index))
        told = {"index": index, "size": size, "leaf_hash": leaf.hex(), "root": root_at(size).hex()}
        return Response({**told, "hashes": [one.hex() for one in hashes]})


class ConsistencyDoor(Door):
    reach = NO_MODEL
    verbs = {"GET": Verb.READ}

    @document(
        "prove_consistency",
        "Prove that the trail extends one you remember",
        tag="trail",
        query=ConsistencyQuery,
        answer=Consistency,
        refusals={404: ["beyond_trail"]},
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, ConsistencyQuery)
        old, new = query["old"], _signed_size(query.get("new"))
        try:
            hashes = prove_consistency(old, new)
        except BeyondTree as problem:
            raise _beyond(problem) from problem
        told = {"old": old, "new": new, "old_root": root_at(old).hex(), "new_root": root_at(new).hex()}
        return Response({**told, "hashes": [one.hex() for one in hashes]})


class EntryProofDoor(Door):
    verbs = {"GET": Verb.READ}

    @document(
        "get_entry_proof",
        "Download the proof of one entry",
        tag="trail",
        path=["index"],
        answer=OpenApiTypes.STR,
        media_type="text/plain",
        refusals={404: ["beyond_trail"]},
    )
    def get(self, request: Request, index: int) -> HttpResponse:
        try:
            proof = entry_proof(index)
        except BeyondTree as problem:
            raise _beyond(problem) from problem
        headers = {"Content-Disposition": f'attachment; filename="entry-{index}.tlog-proof"'}
        return HttpResponse(proof, content_type="text/plain; charset=utf-8", headers=headers)
