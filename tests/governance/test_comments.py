"""What somebody says about a version can be put in other words and taken back; every wording stays on record."""

from typing import Any
from uuid import uuid4

import pytest

from audits.trail import ERASED, Entry, verify
from governance.errors import CommentWithdrawn, Malformed, NotEntitled, UnknownComment
from governance.models import Account, Comment, CommentRevision, CommentWithdrawal
from governance.roles import Group, Role
from governance.selectors.comments import comments_on, get_comment, wordings_of
from governance.selectors.projections import PROJECTIONS
from governance.services.comments import LONGEST, revise_comment, withdraw_comment, write_comment
from governance.services.persons import AskedBy, LegalBasis, erase_person
from governance.services.retirements import delete_version, retire_version
from registry.errors import VersionDeleted
from registry.models import ModelVersion
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

FIRST, THEN = "Ottokar measured ward 3b.", "Olivia measured ward 3b."


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita", Group.RISK)


@pytest.fixture
def version() -> ModelVersion:
    make.policy()
    pipeline = make.contributor()
    return make.version(pipeline, make.model(pipeline))


@pytest.fixture
def comment(rita: Account, version: ModelVersion) -> Comment:
    return write_comment(actor=rita.actor, version=version, text=f" {FIRST}\n")


def newest() -> Entry:
    return Entry.objects.latest("index")


def says(comment: Comment) -> list[str]:
    return [wording.text for wording in wordings_of(get_comment(comment.uid))]


def test_every_act_is_an_entry_about_the_version_without_a_word_of_it(
    comment: Comment, rita: Account, version: ModelVersion
) -> None:
    acts: list[tuple[str, Any]] = [
        ("comment.written", lambda: None),
        ("comment.revised", lambda: revise_comment(actor=rita.actor, uid=comment.uid, text=THEN)),
        ("comment.withdrawn", lambda: withdraw_comment(actor=rita.actor, uid=comment.uid)),
    ]
    for action, act in acts:
        act()
        entry = newest()
        assert (entry.action, entry.subject, entry.actor) == (action, version.subject, str(rita.actor))
        assert str(comment.uid) in entry.text
        assert "ward 3b" not in entry.text
    stored = [*Comment.objects.values_list("sealed_text", flat=True)]
    stored += CommentRevision.objects.values_list("sealed_text", flat=True)
    assert len(stored) == 2
    assert all(text.startswith("sealed:") for text in stored)
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws


def test_it_says_the_newest_wording_and_keeps_the_others(comment: Comment, rita: Account) -> None:
    revise_comment(actor=rita.actor, uid=comment.uid, text=THEN)
    before = Entry.objects.count()
    revise_comment(actor=rita.actor, uid=comment.uid, text=f"{THEN} ")
    assert Entry.objects.count() == before, "it said so already"
    revise_comment(actor=rita.actor, uid=comment.uid, text=FIRST)
    assert says(comment) == [FIRST, THEN, FIRST]


def test_what_is_withdrawn_is_listed_no_more_and_stays_as_it_was(
    comment: Comment, rita: Account, version: ModelVersion
) -> None:
    other = write_comment(actor=rita.actor, version=version, text="Another.")
    assert list(comments_on(version)) == [comment, other]
    withdraw_comment(actor=rita.actor, uid=comment.uid)
    assert list(comments_on(version)) == [other]
    assert says(comment) == [FIRST]
    before = Entry.objects.count()
    with pytest.raises(CommentWithdrawn, match="write another one"):
        revise_comment(actor=rita.actor, uid=comment.uid, text=THEN)
    with pytest.raises(CommentWithdrawn):
        withdraw_comment(actor=rita.actor, uid=comment.uid)
    assert (Entry.objects.count(), CommentWithdrawal.objects.count()) == (before, 1)


def test_nobody_else_changes_it_an_operator_neither(comment: Comment) -> None:
    others = (make.account("olga", Role.OPERATOR), make.reviewer("carl", Group.RISK))
    before = Entry.objects.count()
    for other in others:
        with pytest.raises(NotEntitled, match="Only whoever wrote"):
            revise_comment(actor=other.actor, uid=comment.uid, text="No.")
        with pytest.raises(NotEntitled, match="Only whoever wrote"):
            withdraw_comment(actor=other.actor, uid=comment.uid)
    assert Entry.objects.count() == before


def test_who_changes_nothing_says_nothing(version: ModelVersion) -> None:
    for account in (make.account("anna", Role.AUDITOR), make.account("nobody")):
        with pytest.raises(NotEntitled, match="contributor or operator or reviewer"):
            write_comment(actor=account.actor, version=version, text="Seen.")
    assert not Comment.objects.exists()


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST + 1)])
def test_a_comment_that_says_nothing_or_too_much_is_refused(comment: Comment, rita: Account, text: str) -> None:
    with pytest.raises(Malformed, match="1 to 4,000 characters"):
        write_comment(actor=rita.actor, version=comment.version, text=text)
    with pytest.raises(Malformed, match="1 to 4,000 characters"):
        revise_comment(actor=rita.actor, uid=comment.uid, text=text)
    assert (Comment.objects.count(), says(comment)) == (1, [FIRST])
    write_comment(actor=rita.actor, version=comment.version, text="x" * LONGEST)


def test_a_comment_that_is_not_there(rita: Account) -> None:
    with pytest.raises(UnknownComment):
        revise_comment(actor=rita.actor, uid=uuid4(), text="Seen.")
    with pytest.raises(UnknownComment):
        withdraw_comment(actor=rita.actor, uid=uuid4())


def test_a_retired_version_is_spoken_about_and_a_deleted_one_is_not(comment: Comment, rita: Account) -> None:
    version, olga = comment.version, make.account("olga", Role.OPERATOR)
    retire_version(actor=olga.actor, version=version, reason="Old.")
    write_comment(actor=rita.actor, version=version, text="It was a good one.")
    delete_version(actor=olga.actor, version=version, reason="A mistake.")
    with pytest.raises(VersionDeleted):
        write_comment(actor=rita.actor, version=version, text="Late.")
    with pytest.raises(VersionDeleted):
        revise_comment(actor=rita.actor, uid=comment.uid, text=THEN)
    # What is there of one's own is taken back all the same.
    withdraw_comment(actor=rita.actor, uid=comment.uid)


def test_forgetting_the_author_takes_every_wording_and_no_proof(comment: Comment, rita: Account) -> None:
    revise_comment(actor=rita.actor, uid=comment.uid, text=THEN)
    forget = {"basis": LegalBasis.CONSENT_WITHDRAWN, "asked_by": AskedBy.PERSON}
    erase_person(actor=make.COMMAND, account=rita, keep=["comment"], **forget)  # type: ignore[arg-type]
    assert says(comment) == [FIRST, THEN]
    erase_person(actor=make.COMMAND, account=Account.objects.get(pk=rita.pk), **forget)  # type: ignore[arg-type]
    assert says(comment) == [ERASED, ERASED]
    verdict = verify(projections=PROJECTIONS)
    assert verdict.is_whole, verdict.flaws
