"""What is said about a version, and how is something said, revised and taken back?"""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, Nothing, PageQuery, Strict, Text
from governance.api.pagination import Order
from governance.api.reach import OF_MODEL, Reach
from governance.api.schema import document, paged
from governance.models import Comment
from governance.roles import Verb
from governance.selectors.comments import comments_on, get_comment, wordings_of
from governance.services.comments import LONGEST, revise_comment, withdraw_comment, write_comment
from registry.selectors import get_version

OF_COMMENT = Reach(row=Comment, model="version__model__name")
OLDEST_FIRST = Order("time", "pk")
REFUSALS = {404: ["unknown_comment"], 409: ["comment_withdrawn"]}


class Wording(Strict):
    text = Text(max_length=LONGEST)


class WordingShown(serializers.Serializer[Any]):
    text = serializers.CharField()
    written_at = serializers.DateTimeField()


class CommentShown(serializers.Serializer[Comment]):
    """Something that somebody said about a version."""

    uid = serializers.UUIDField()
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    text = serializers.SerializerMethodField()
    written_by = ActorField()
    written_at = serializers.DateTimeField()
    revised_at = serializers.SerializerMethodField(help_text="When it was last put in other words.")
    withdrawn_at = serializers.DateTimeField(source="withdrawal.withdrawn_at", default=None, allow_null=True)

    def get_text(self, comment: Comment) -> str:
        return wordings_of(comment)[-1].text

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_revised_at(self, comment: Comment) -> Any:
        newest = wordings_of(comment)[-1]
        return None if newest is comment else serializers.DateTimeField().to_representation(newest.written_at)


class CommentInFull(CommentShown):
    """A comment with every wording that it had."""

    wordings = serializers.SerializerMethodField(help_text="Oldest first; the last is what it says.")

    @extend_schema_field(WordingShown(many=True))
    def get_wordings(self, comment: Comment) -> Any:
        return WordingShown(wordings_of(comment), many=True).data


class CommentsDoor(Door):
    reach = OF_MODEL
    verbs = {"GET": Verb.READ, "POST": Verb.COMMENT}

    @document(
        "list_comments",
        "List what is said about a version, oldest first; what was withdrawn is left out",
        tag="versions",
        path=["name", "number"],
        query=PageQuery,
        answer=paged(CommentShown),
        refusals={404: ["unknown_version"]},
    )
    def get(self, request: Request, name: str, number: int) -> Response:
        query = read_query(request)
        return self.listed(CommentShown, comments_on(get_version(name, number)), query | {"order_by": OLDEST_FIRST})

    @document(
        "write_comment",
        "Say something about a version; no policy reads it",
        tag="versions",
        path=["name", "number"],
        acts=True,
        body=Wording,
        answer=CommentInFull,
        status=201,
        refusals={404: ["unknown_version"], 409: ["version_deleted"]},
        example={"text": "The figures of ward 3b are of last year."},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        version, body = get_version(name, number), read_body(request, Wording)
        return _answered(self, write_comment(actor=actor_of(request), version=version, **body))


class CommentDoor(Door):
    reach = OF_COMMENT
    verbs = {"GET": Verb.READ}

    @document(
        "get_comment",
        "Read a comment with all its wordings, a withdrawn one too",
        tag="versions",
        path=["uid"],
        answer=CommentInFull,
        refusals={404: ["unknown_comment"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(CommentInFull, get_comment(uid))


class CommentRevisionDoor(Door):
    reach = OF_COMMENT
    verbs = {"POST": Verb.COMMENT}

    @document(
        "revise_comment",
        "Put a comment of one's own in other words; the earlier ones stay on record",
        tag="versions",
        path=["uid"],
        acts=True,
        body=Wording,
        answer=CommentInFull,
        status=201,
        refusals={**REFUSALS, 409: ["comment_withdrawn", "version_deleted"]},
        example={"text": "The figures of ward 3b are of the year before last."},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        return _answered(self, revise_comment(actor=actor_of(request), uid=uid, **read_body(request, Wording)))


class CommentWithdrawalDoor(Door):
    reach = OF_COMMENT
    verbs = {"POST": Verb.COMMENT}

    @document(
        "withdraw_comment",
        "Take a comment of one's own back; what was said stays on record",
        tag="versions",
        path=["uid"],
        acts=True,
        answer=CommentInFull,
        status=201,
        refusals=REFUSALS,
    )
    def post(self, request: Request, uid: UUID) -> Response:
        read_body(request, Nothing)
        return _answered(self, withdraw_comment(actor=actor_of(request), uid=uid))


def _answered(door: Door, comment: Comment) -> Response:
    return door.created(CommentInFull, comment, location=reverse("comment", kwargs={"uid": comment.uid}))
