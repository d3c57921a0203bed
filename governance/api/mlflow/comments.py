"""The second dialect's comments: what is said about a version, in the words of Databricks' registry."""

from typing import Any, Final
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.door import actor_of
from governance.api.mlflow.frame import OF_NAMED, ClientDoor
from governance.api.mlflow.model_versions import version_to_change
from governance.api.mlflow.objects import milliseconds
from governance.api.mlflow.parameters import Parameters, parameters_of
from governance.api.reach import Reach
from governance.errors import UnknownComment
from governance.models import Comment
from governance.roles import Verb
from governance.selectors.comments import wordings_of
from governance.services.comments import revise_comment, withdraw_comment, write_comment

OF_COMMENT: Final = Reach(row=Comment, row_said="id", model="version__model__name")


class CreateCommentDoor(ClientDoor):
    verbs = {"POST": Verb.COMMENT}
    reach = OF_NAMED

    def post(self, request: Request) -> Response:
        given = parameters_of(request)
        text = given.text("comment")
        comment = write_comment(actor=actor_of(request), version=version_to_change(given), text=text)
        return Response({"comment": _told(comment)})


class UpdateCommentDoor(ClientDoor):
    verbs = {"PATCH": Verb.COMMENT}
    reach = OF_COMMENT

    def patch(self, request: Request) -> Response:
        given = parameters_of(request)
        comment = revise_comment(actor=actor_of(request), uid=_uid(given), text=given.text("comment"))
        return Response({"comment": _told(comment)})


class DeleteCommentDoor(ClientDoor):
    verbs = {"DELETE": Verb.COMMENT}
    reach = OF_COMMENT

    def delete(self, request: Request) -> Response:
        withdraw_comment(actor=actor_of(request), uid=_uid(parameters_of(request)))
        return Response({})


def _uid(given: Parameters) -> UUID:
    """Return which comment a call is about. Raises: InvalidParameter; UnknownComment for what is no id of ours."""
    text = given.text("id")
    try:
        return UUID(text)
    except ValueError:
        raise UnknownComment(f"There is no comment {text[:60]}.") from None


def _told(comment: Comment) -> dict[str, Any]:
    """Return a comment as its author is told of it: nobody else gets one here."""
    newest = wordings_of(comment)[-1]
    return {
        "id": str(comment.uid),
        "user_id": comment.written_by,
        "comment": newest.text,
        "creation_timestamp": milliseconds(comment.written_at),
        "last_updated_timestamp": milliseconds(newest.written_at),
        "available_actions": ["EDIT_COMMENT", "DELETE_COMMENT"],
    }
