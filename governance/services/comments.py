"""How is something said about a version, put in other words, or taken back?"""

from typing import Final
from uuid import UUID

from audits.trail import Actor, new_uid, now, record
from governance.errors import CommentWithdrawn, Malformed, NotEntitled
from governance.models import Comment, CommentRevision, CommentWithdrawal
from governance.roles import Verb
from governance.selectors.comments import get_comment, wordings_of
from governance.services.authority import authorise
from registry.models import ModelVersion
from registry.services import lock_versions, refuse_deleted

LONGEST: Final = 4_000
SILENT: Final = "nothing is said about it any more"


def write_comment(*, actor: Actor, version: ModelVersion, text: str) -> Comment:
    """Say something about a version, whatever stage it stands in. No policy and no gate reads it.

    Records: comment.written. Raises: NotEntitled, Malformed, VersionDeleted. Locks: the model.
    """
    authorise(actor, Verb.COMMENT)
    text = _fit(text)
    with record(actor=actor, at=now()) as recording:
        lock_versions(version.model_id)
        refuse_deleted(version, SILENT)
        uid = new_uid()
        comment = Comment(
            uid=uid,
            version=version,
            sealed_text=Comment.text.seal(text, author=str(actor), uid=uid),
            written_by=str(actor),
            written_at=recording.at,
        )
        return recording.create(
            comment, action="comment.written", subject=version.subject, data={"comment": str(comment.uid)}
        )


def revise_comment(*, actor: Actor, uid: UUID, text: str) -> Comment:
    """Put a comment of one's own in other words; the earlier ones stay on record.

    Records: comment.revised, unless it says so already.
    Raises: NotEntitled (also for somebody else's), Malformed, UnknownComment, CommentWithdrawn, VersionDeleted.
    Locks: the model.
    """
    authorise(actor, Verb.COMMENT)
    text = _fit(text)
    with record(actor=actor, at=now()) as recording:
        comment = _own(actor, uid)
        refuse_deleted(comment.version, SILENT)
        if wordings_of(comment)[-1].text != text:
            wording = new_uid()
            revision = CommentRevision(
                uid=wording,
                comment=comment,
                sealed_text=CommentRevision.text.seal(text, author=str(actor), uid=wording),
                written_by=str(actor),
                written_at=recording.at,
            )
            data = {"comment": str(comment.uid), "wording": str(wording)}
            recording.create(revision, action="comment.revised", subject=comment.version.subject, data=data)
    return get_comment(uid)


def withdraw_comment(*, actor: Actor, uid: UUID) -> Comment:
    """Take a comment of one's own back: it is listed no more, and what was said stays on record.

    Records: comment.withdrawn. Raises: NotEntitled (also for somebody else's), UnknownComment, CommentWithdrawn.
    Locks: the model.
    """
    authorise(actor, Verb.COMMENT)
    with record(actor=actor, at=now()) as recording:
        comment = _own(actor, uid)
        withdrawal = CommentWithdrawal(comment=comment, withdrawn_by=str(actor), withdrawn_at=recording.at)
        data = {"comment": str(comment.uid)}
        recording.create(withdrawal, action="comment.withdrawn", subject=comment.version.subject, data=data)
    return get_comment(uid)


def _fit(text: str) -> str:
    """Return a text as it is kept. Raises: Malformed."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST:
        raise Malformed(f"A comment has 1 to {LONGEST:,} characters, not {len(text):,}.", field="text")
    return text


def _own(actor: Actor, uid: UUID) -> Comment:
    """Lock the model and return a standing comment of the actor's. Raises: as `withdraw_comment`."""
    lock_versions(get_comment(uid).version.model_id)
    # Read again: who waited for the lock may find it withdrawn.
    comment = get_comment(uid)
    if comment.written_by != str(actor):
        raise NotEntitled("Only whoever wrote a comment revises it or takes it back; write one of your own.")
    if hasattr(comment, "withdrawal"):
        at = comment.withdrawal.withdrawn_at
        raise CommentWithdrawn(f"This comment was withdrawn on {at:%-d %B %Y}; write another one.")
    return comment
