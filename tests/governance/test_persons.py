"""A person can be forgotten, and nothing on the trail stops being provable."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from audits.trail import ERASED, Entry, publish_checkpoint, timestamp, verify
from audits.trail.models import PersonKey
from audits.trail.personal import ALTERED, KEY_LOST, PersonForgotten
from governance.errors import Malformed, NotEntitled
from governance.models import Account, Approval, IdempotencyKey, Promotion
from governance.roles import Group, Role
from governance.selectors.projections import PROJECTIONS
from governance.selectors.version_file import version_file
from governance.services.approvals import approve_promotion, refuse_promotion
from governance.services.persons import PURPOSES, AskedBy, LegalBasis, erase_person
from governance.services.rollbacks import roll_back
from tests import make
from tests.conftest import triggers_lifted

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "My colleague Ottokar Zwetschgenmus told me on the phone."


@pytest.fixture
def rita() -> Account:
    return make.reviewer("rita-rosenkohl", Group.RISK)


@pytest.fixture
def promotion() -> Promotion:
    make.policy()
    pipeline = make.contributor()
    version = make.version(pipeline, make.model(pipeline))
    make.completed(version)
    return make.promotion(pipeline, version)


@pytest.fixture
def approval(rita: Account, promotion: Promotion) -> Approval:
    return approve_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason=WORDS)


def forget(account: Account, **options: object) -> object:
    given = {"basis": LegalBasis.CONSENT_WITHDRAWN, "asked_by": AskedBy.PERSON, **options}
    return erase_person(actor=make.COMMAND, account=account, **given)  # type: ignore[arg-type]


def everything_stored() -> Iterator[str]:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            for row in cursor.fetchall():
                yield " ".join(bytes(v).decode("latin-1") if isinstance(v, memoryview) else str(v) for v in row)


def test_what_a_person_writes_is_stored_encrypted_and_reads_as_written(approval: Approval) -> None:
    assert approval.reason == WORDS
    assert Approval.objects.get().reason == WORDS
    assert not any("Zwetschgenmus" in row for row in everything_stored())


def test_reading_a_list_of_reasons_takes_one_query(
    approval: Approval, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert [row.reason for row in Approval.objects.all()] == [WORDS]
    with django_assert_num_queries(2):  # type: ignore[operator]
        found = Promotion.objects.prefetch_related("approvals")
        assert [row.reason for one in found for row in one.approvals.all()] == [WORDS]


def test_after_an_erasure_every_proof_holds_and_the_name_is_nowhere(approval: Approval, rita: Account) -> None:
    publish_checkpoint()
    before = verify(projections=PROJECTIONS)
    forget(rita)
    publish_checkpoint()
    after = verify(projections=PROJECTIONS)
    assert after.is_whole
    assert after.rows == before.rows
    assert Approval.objects.get().reason == ERASED
    assert not any("rosenkohl" in row.lower() or "zwetschgenmus" in row.lower() for row in everything_stored())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="looks into SQLite's files")
def test_on_sqlite_the_name_is_gone_from_the_files_too(approval: Approval, rita: Account) -> None:
    forget(rita)
    path = Path(str(connection.settings_dict["NAME"]))
    files = [path, path.with_name(f"{path.name}-wal")]
    content = b"".join(file.read_bytes() for file in files if file.exists())
    assert b"rosenkohl" not in content
    assert b"Rosenkohl" not in content


def test_a_file_of_the_version_shows_that_something_was_erased(
    promotion: Promotion, rita: Account, approval: Approval
) -> None:
    forget(rita)
    file = version_file(promotion.version, at=approval.given_at)
    (spoken,) = file["promotions"][0]["approvals"]
    assert (spoken["by"], spoken["reason"]) == (ERASED, ERASED)
    assert (spoken["group"], spoken["verdict"], spoken["at"]) == ("risk", "approve", timestamp(approval.given_at))
    assert "Rosenkohl" not in json.dumps(file)


def test_a_refusal_of_an_erased_person_still_refuses(promotion: Promotion, rita: Account) -> None:
    refuse_promotion(actor=rita.actor, uid=promotion.uid, group=Group.RISK, reason=WORDS)
    forget(rita)
    promotion.refresh_from_db()
    assert promotion.closure.outcome == "refused"
    assert version_file(promotion.version, at=promotion.requested_at)["gaps"][-1] == (
        f"Refused for risk by {ERASED}: {ERASED}"
    )


def test_the_entry_says_who_asked_on_which_ground_and_which_keys_are_gone(approval: Approval, rita: Account) -> None:
    key = PersonKey.objects.get(actor=str(rita.actor))
    forget(rita)
    entry = Entry.objects.get(action="person.erased")
    assert entry.subject == f"account/{rita.uid}"
    assert json.loads(entry.text)["data"] == {
        "asked_by": "person",
        "basis": "gdpr_17_1_b",
        "keys": [str(key.id)],
        "kept": [],
    }
    key.refresh_from_db()
    assert bytes(key.secret) == b""


def test_an_erased_person_cannot_come_back(approval: Approval, rita: Account) -> None:
    forget(rita)
    account = Account.objects.get(pk=rita.pk)
    assert (account.login, account.display_name, account.is_active) == (f"erased-{rita.uid}", ERASED, False)
    assert not account.has_usable_password()
    with pytest.raises(PersonForgotten):
        Approval.reason.seal("once more", author=str(rita.actor), uid=rita.uid)


def test_a_second_erasure_records_nothing_more(approval: Approval, rita: Account) -> None:
    forget(rita)
    forget(rita)
    assert Entry.objects.filter(action="person.erased").count() == 1


def test_what_the_law_keeps_can_be_kept_and_erased_later(approval: Approval, rita: Account) -> None:
    forget(rita, keep=["approval"], basis=LegalBasis.OBJECTION)
    assert Approval.objects.get().reason == WORDS
    assert Account.objects.get(pk=rita.pk).display_name == ERASED
    forget(rita, basis=LegalBasis.NO_LONGER_NECESSARY, asked_by=AskedBy.HOUSE)
    assert Approval.objects.get().reason == ERASED
    erasures = Entry.objects.filter(action="person.erased").order_by("index")
    kept = [json.loads(entry.text)["data"]["kept"] for entry in erasures]
    assert kept == [["approval"], []]


def test_one_persons_erasure_leaves_the_others_words(approval: Approval, promotion: Promotion) -> None:
    carl = make.reviewer("carl", Group.COMPLIANCE)
    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    forget(carl)
    assert [row.reason for row in Approval.objects.order_by("id")] == [WORDS, ERASED]


def test_answers_kept_for_replay_are_forgotten_with_the_person(approval: Approval, rita: Account) -> None:
    other = make.account("somebody-else")
    IdempotencyKey.objects.create(
        account=other, key="a", request_sha256="", started_at=approval.given_at, body=f'{{"id":"{rita.actor}"}}'
    )
    IdempotencyKey.objects.create(account=other, key="b", request_sha256="", started_at=approval.given_at, body="{}")
    forget(rita)
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["b"]


def test_a_rollbacks_reason_is_sealed_too(promotion: Promotion, approval: Approval) -> None:
    carl, olga = make.reviewer("carl", Group.COMPLIANCE), make.account("olga", Role.OPERATOR)
    approve_promotion(actor=carl.actor, uid=promotion.uid, group=Group.COMPLIANCE, reason="Texts read.")
    pipeline = Account.objects.get(login="training-pipeline")
    second = make.version(pipeline, promotion.version.model, seed=2)
    make.completed(second)
    again = make.promotion(pipeline, second)
    for person, group in ((Account.objects.get(login="rita-rosenkohl"), Group.RISK), (carl, Group.COMPLIANCE)):
        approve_promotion(actor=person.actor, uid=again.uid, group=group, reason="As before.")
    rollback = roll_back(actor=olga.actor, model=promotion.version.model, alias="champion", reason=WORDS)
    assert rollback.reason == WORDS
    assert "Zwetschgenmus" not in rollback.sealed_reason
    assert verify(projections=PROJECTIONS).is_whole


def test_a_ciphertext_moved_to_another_row_does_not_read(approval: Approval, promotion: Promotion) -> None:
    stranger = Approval(uid=promotion.uid, approver=approval.approver, sealed_reason=approval.sealed_reason)
    assert stranger.reason == ALTERED


def test_a_key_that_is_lost_is_not_taken_for_an_erasure(approval: Approval) -> None:
    with triggers_lifted():
        PersonKey.objects.all().delete()
    assert Approval.objects.get().reason == KEY_LOST


def test_no_reason_needs_no_key(promotion: Promotion) -> None:
    assert Promotion.objects.get().reason == ""
    assert not PersonKey.objects.exists()


def test_only_an_operator_or_the_shell_may_erase(rita: Account) -> None:
    with pytest.raises(NotEntitled):
        erase_person(actor=rita.actor, account=rita, basis=LegalBasis.OBJECTION, asked_by=AskedBy.PERSON)
    with pytest.raises(Malformed, match="no kind of text"):
        forget(rita, keep=["diary"])


def test_the_kinds_of_text_are_those_that_people_write() -> None:
    assert (
        *("approval", "break_glass", "break_glass_review", "comment", "condition", "policy", "promotion", "recusal"),
        *("retirement", "rollback", "trigger", "waiver"),
    ) == PURPOSES


def test_the_command_erases_and_names_what_is_kept(approval: Approval, rita: Account) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="--yes"):
        call_command("erase_person", rita.login, basis="gdpr_17_1_a", asked_by="house")
    call_command("erase_person", rita.login, basis="gdpr_17_1_a", asked_by="house", yes=True, stdout=out)
    assert "Destroyed 1 key(s)" in out.getvalue()
    assert Approval.objects.get().reason == ERASED
