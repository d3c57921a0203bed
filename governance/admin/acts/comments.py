"""Saying something about a version, in other words, and taking it back."""

from typing import Any

from governance.admin.acts.act import Act, Done
from governance.admin.acts.forms import ActForm, sentence
from governance.admin.acts.kinds import COMMENT, VERSION
from governance.models import Account, Comment
from governance.roles import Verb
from governance.selectors.comments import wordings_of
from governance.services.comments import revise_comment, withdraw_comment, write_comment
from registry.models import ModelVersion


class WordingForm(ActForm):
    """What to say."""

    text = sentence("What you say")


class RevisionForm(WordingForm):
    """The same in other words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].initial = wordings_of(self.about)[-1].text


def _write(account: Account, version: ModelVersion, said: dict[str, Any]) -> Done:
    write_comment(actor=account.actor, version=version, **said)
    return Done("Your comment stands on this page now.", VERSION.page(version))


WRITE_COMMENT = Act(
    name="comment",
    on=VERSION,
    verb=Verb.COMMENT,
    label="Comment",
    title=lambda version: f"Comment on {version}",
    follows=lambda version: (
        f"Everybody who may read {version} can read it. It decides nothing: no policy and no gate reads it.",
    ),
    stays="You can revise it and take it back; every wording of it stays on record.",
    form=WordingForm,
    why_not=lambda account, version: "",
    perform=_write,
)


def _not_yours(account: Account, comment: Comment) -> str:
    if comment.written_by != str(account.actor):
        return "Somebody else wrote it."
    return "It is withdrawn already." if hasattr(comment, "withdrawal") else ""


def _revise(account: Account, comment: Comment, said: dict[str, Any]) -> Done:
    revise_comment(actor=account.actor, uid=comment.uid, **said)
    return Done("Your comment reads so now.", COMMENT.page(comment))


REVISE_COMMENT = Act(
    name="revise",
    on=COMMENT,
    verb=Verb.COMMENT,
    label="Revise",
    title=lambda comment: f"Revise your comment on {comment.version}",
    follows=lambda comment: ("This takes the place of what it says, and the page tells that it was revised.",),
    stays="The earlier wordings stay on record.",
    form=RevisionForm,
    why_not=_not_yours,
    perform=_revise,
)


def _withdraw(account: Account, comment: Comment, said: dict[str, Any]) -> Done:
    withdraw_comment(actor=account.actor, uid=comment.uid)
    return Done("Your comment is taken back.", COMMENT.page(comment))


WITHDRAW_COMMENT = Act(
    name="withdraw",
    on=COMMENT,
    verb=Verb.COMMENT,
    label="Take back",
    title=lambda comment: f"Take your comment on {comment.version} back",
    follows=lambda comment: (f"The page of {comment.version} and lists leave it out: {wordings_of(comment)[-1].text}",),
    stays="What it said stays on record, and it does not come back.",
    why_not=_not_yours,
    perform=_withdraw,
)
