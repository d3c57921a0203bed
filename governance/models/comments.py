"""What do people and pipelines say about a version, beside the acts on it?"""

from django.db import models

from audits.trail import Recorded, Sealed, SealedManager
from registry.models import ModelVersion


class Comment(Recorded):
    """Somebody said something about a version. It decides nothing: no policy and no gate reads it.

    Created by: `write_comment`.
    States: 1. standing, 2. withdrawn (a `CommentWithdrawal` exists). Its newest `CommentRevision` is what it says.
    Personal data: the text may hold some; it is sealed under the author's key.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="comments")
    sealed_text = models.TextField(db_column="text", help_text="First wording, encrypted under the author's key.")
    written_by = models.CharField(max_length=120, help_text="Actor, kind:id.")
    written_at = models.DateTimeField(help_text="UTC.")

    text = Sealed("sealed_text", author="written_by", purpose="comment")
    objects = SealedManager["Comment"]()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"comment on {self.version}"

    @property
    def subject(self) -> str:
        return f"comment/{self.uid}"


class CommentRevision(Recorded):
    """The author put a comment in other words. Created by: `revise_comment`. The earlier wordings stay on record.

    Personal data: as the comment.
    """

    uid = models.UUIDField(unique=True, help_text="Name for the outside world.")
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="revisions")
    sealed_text = models.TextField(db_column="text", help_text="This wording, encrypted under the author's key.")
    written_by = models.CharField(max_length=120, help_text="The author of the comment, kind:id.")
    written_at = models.DateTimeField(help_text="UTC.")

    text = Sealed("sealed_text", author="written_by", purpose="comment")
    objects = SealedManager["CommentRevision"]()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.comment}, in other words"


class CommentWithdrawal(Recorded):
    """The author took a comment back, once and for good. Created by: `withdraw_comment`."""

    comment = models.OneToOneField(Comment, on_delete=models.PROTECT, related_name="withdrawal")
    withdrawn_by = models.CharField(max_length=120, help_text="The author of the comment, kind:id.")
    withdrawn_at = models.DateTimeField(help_text="UTC.")

    def __str__(self) -> str:
        return f"{self.comment}, withdrawn"
