"""What is said about a version, and in which words so far?"""

from uuid import UUID

from django.db.models import QuerySet

from governance.errors import UnknownComment
from governance.models import Comment, CommentRevision
from registry.models import ModelVersion


def comments_on(version: ModelVersion) -> QuerySet[Comment]:
    """Return the comments that stand, oldest first; those that were withdrawn are read by their uid."""
    return _comments().filter(version=version, withdrawal__isnull=True)


def get_comment(uid: UUID) -> Comment:
    """Return a comment, a withdrawn one too. Raises: UnknownComment."""
    comment = _comments().filter(uid=uid).first()
    if comment is None:
        raise UnknownComment(f"There is no comment {uid}.")
    return comment


def wordings_of(comment: Comment) -> list[Comment | CommentRevision]:
    """Return every wording of a comment, oldest first: the last is what it says."""
    return [comment, *comment.revisions.all()]


def _comments() -> QuerySet[Comment]:
    return Comment.objects.select_related("version__model", "withdrawal").prefetch_related("revisions")
