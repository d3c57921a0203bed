"""The cases of tampering that do not fit into the table of test_tamper_table: each is told by itself.

Elsewhere: bundles and filtered exports (test_offline, test_bundle), witnesses that lie or are down (test_witness),
every kind of place that keeps checkpoints (test_anchors), every way to loosen a guard (test_guards), erased persons
(test_persons), every bit of a note (test_notes).
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from pytest_django.fixtures import Settings

from audits.trail import (
    Actor,
    Checkpoint,
    Entry,
    SignedTreeDiffers,
    TrailNotExtended,
    check_outside,
    now,
    publish_checkpoint,
    publish_outside,
    record,
    timestamp,
    verify,
)
from audits.trail.actor_proofs import key_in_force
from audits.trail.anchors.comparison import Kind
from audits.trail.append_only import triggers
from audits.trail.models import Head
from audits.trail.notes import Checkpoint as CheckpointText
from audits.trail.notes import KeyKind, Signer, sign_note
from audits.trail.numbering import Draft
from audits.trail.numbering import append as place_entries
from tests import forgery
from tests.backup import Backup, append, signed
from tests.conftest import triggers_lifted
from tests.databases import COPIES, installation
from tests.forgery import Rewrite, forge, rewrite_trail
from tests.roles import acting_as, application_role

ORIGIN = os.environ["COUNTERSIGN_TRAIL_ORIGIN"]

pytestmark = pytest.mark.django_db(transaction=True)

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="done in PostgreSQL's way")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="done in SQLite's way")


def found() -> set[tuple[str, int | None]]:
    return {(flaw.code, flaw.index) for flaw in verify().flaws}


def newest_note() -> bytes:
    newest = Checkpoint.objects.order_by("-size").first()
    assert newest
    return newest.note.encode()


@pytest.fixture
def application() -> Iterator[str]:
    with application_role() as role:
        yield role


# Triggers removed, tables dropped.


@on_postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER audits_entry_no_change ON audits_entry",
        "ALTER TABLE audits_entry DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION countersign_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE RULE swallow AS ON UPDATE TO audits_entry DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
    ],
)
def test_the_application_cannot_remove_a_guard_on_postgresql(application: str, statement: str) -> None:
    with acting_as(application), connection.cursor() as cursor, pytest.raises(DatabaseError) as refused:
        cursor.execute(statement)
    assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
    assert verify().is_whole


@on_sqlite
def test_on_sqlite_the_application_owns_the_file_so_that_a_removed_guard_is_only_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audits_entry_no_update")
        try:
            (flaw,) = verify().flaws
        finally:
            cursor.execute(triggers(Entry, "sqlite")["audits_entry_no_update"])
    assert flaw.code == "guard_missing"
    assert "audits_entry_no_update" in flaw.sentence


@pytest.mark.parametrize("table", ["audits_entry", "audits_checkpoint", "registry_modelversion"])
def test_a_table_that_the_owner_dropped_is_named(table: str) -> None:
    signed(3)
    cascade = " CASCADE" if connection.vendor == "postgresql" else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {table}{cascade}")
        flaws = verify().flaws
        transaction.set_rollback(True)
    assert [flaw.code for flaw in flaws] == ["table_missing"]
    assert table in flaws[0].sentence
    assert verify().is_whole


# What only one database can do.


@on_postgresql
def test_the_owner_who_rewrites_a_column_by_changing_its_type_fires_no_trigger_and_is_found() -> None:
    signed(3)
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE audits_entry ALTER COLUMN text TYPE text USING "
            "CASE \"index\" WHEN 1 THEN replace(text, 'exported', 'imported') ELSE text END"
        )
    assert ("text_changed", 1) in found()


@on_sqlite
def test_edited_bytes_of_the_file_fire_no_trigger_and_are_found(tmp_path: Path) -> None:
    append(3, "an")
    signed(1, "unmistakable")
    with installation(tmp_path) as elsewhere:
        COPIES["backup"](elsewhere)
        path = tmp_path / "countersign.sqlite3"
        content = path.read_bytes()
        before = b'"data":{"word":"unmistakable"}'
        assert content.count(before) == 1
        path.write_bytes(content.replace(before, b'"data":{"word":"unmistakablE"}'))
        done = elsewhere.manage("verify_trail", "--workers", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "text_changed" in done.stdout


# Entries that were never acts.


@pytest.fixture
def as_application(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[None]]:
    if connection.vendor != "postgresql":
        return nullcontext
    role = request.getfixturevalue("application")
    return lambda: acting_as(role)


@pytest.mark.parametrize("brings", ["nothing", "noise", "another's proof"])
def test_who_has_the_applications_database_role_and_not_its_key_is_found_appending_what_never_happened(
    brings: str, as_application: Callable[[], AbstractContextManager[None]]
) -> None:
    signed(3)
    proof = {"nothing": None, "noise": bytes(32), "another's proof": bytes(Entry.objects.get(index=1).proof or b"")}
    with as_application(), transaction.atomic():
        place_entries([forgery.forged_draft(proof[brings])], actor="person:else", at=now())
    append(1)
    assert Entry.objects.get(index=3).actor == "person:else"
    assert found() == {("proof_missing" if brings == "nothing" else "proof_wrong", 3)}


def test_who_has_the_keys_too_can_record_what_never_happened_and_nobody_can_tell(
    as_application: Callable[[], AbstractContextManager[None]],
) -> None:
    """LIMIT. The service says who did what; the trail shows only that it said so then, and never changed it since."""
    signed(3)
    forged = forgery.forged_draft()
    proof = key_in_force().prove(forged.head, forged.tail)
    with as_application(), transaction.atomic():
        place_entries([replace(forged, proof=proof)], actor="person:else", at=now())
    assert Entry.objects.get(index=3).actor == "person:else"
    assert verify().is_whole


@on_postgresql
def test_the_same_event_twice_is_refused_also_by_the_way_that_numbers(application: str) -> None:
    append(1)
    entry = Entry.objects.get()
    draft = Draft(entry.id, entry.action, entry.subject, '{"number":', '"}', None)
    with acting_as(application), pytest.raises(DatabaseError, match="audits_entry_pkey"), transaction.atomic():
        place_entries([draft], actor="process:command:test", at=now())
    assert verify().is_whole


def test_the_trail_of_another_tenant_is_found_at_its_first_entry(settings: Settings) -> None:
    signed(3)
    settings.TRAIL_ORIGIN = "other.example/trail"
    assert {("column_differs", 0), ("column_differs", 2), ("checkpoint_not_signed", 3)} <= found()


# Pasts put back.


def test_an_old_backup_is_told_by_whoever_saw_more_and_signs_nothing(tmp_path: Path, settings: Settings) -> None:
    settings.TRAIL_PROOFS_DIR, settings.ANCHORS = tmp_path / "proofs", [f"file:{tmp_path}/newest"]
    signed(3)
    backup = Backup()
    signed(4)
    publish_outside(at_once=True)
    backup.restore()
    assert verify().is_whole, "nothing inside the database gives it away"
    append(1)
    with pytest.raises(TrailNotExtended) as caught:
        publish_checkpoint()
    assert caught.value.disagreement.kind is Kind.OLD_COPY
    # It grows beyond what was seen: then it is a fork, and both signed trees prove it.
    append(9)
    settings.ANCHORS = []
    publish_checkpoint()
    settings.ANCHORS = [f"file:{tmp_path}/newest"]
    with pytest.raises(TrailNotExtended) as caught:
        check_outside()
    assert caught.value.disagreement.kind is Kind.FORK
    assert caught.value.path.read_text().count(f"{ORIGIN}\n") >= 2


def test_an_end_cut_off_at_a_checkpoint_is_told_only_by_whoever_saw_more(capsys: pytest.CaptureFixture[str]) -> None:
    cut_at = signed(3)
    seen_by_one = newest_note()
    signed(4)
    seen_by_another = newest_note()
    rewrite_trail(forgery.cut, cut_at, sign=False)
    assert found() == {("trail_shorter_than_checkpoint", 7)}
    forge("DELETE FROM audits_checkpoint WHERE size > 3")
    assert verify().is_whole, "LIMIT: nothing inside the database gives it away"
    assert check_outside(files=[("one", seen_by_one)]).agreeing
    with pytest.raises(TrailNotExtended, match="older copy"):
        check_outside(files=[("another", seen_by_another)])
    call_command("verify_trail", workers=1)
    assert "the last 3 are vouched for by us alone" in capsys.readouterr().out


@pytest.mark.parametrize(("change", "flaws"), [(forgery.edit, {("proof_wrong", 1)}), (forgery.swap, set())])
def test_an_owner_without_the_keys_gets_a_rewritten_trail_signed_only_where_nobody_remembers(
    change: Rewrite, flaws: set[tuple[str, int]], tmp_path: Path, settings: Settings
) -> None:
    settings.TRAIL_PROOFS_DIR = tmp_path / "proofs"
    signed(4)
    kept = newest_note()
    rewrite_trail(change, 1, sign=False)
    with pytest.raises(SignedTreeDiffers):
        publish_checkpoint()
    forge("DELETE FROM audits_checkpoint")
    (tmp_path / "newest").write_bytes(kept)
    settings.ANCHORS = [f"file:{tmp_path}/newest"]
    with pytest.raises(TrailNotExtended, match="written anew"):
        publish_checkpoint()
    settings.ANCHORS = []
    # LIMIT: the service itself signs what it finds when neither the database nor a near anchor remembers. Proofs show
    # that an entry was edited, not that entries were reordered or removed.
    assert publish_checkpoint()
    assert found() == flaws
    with pytest.raises(TrailNotExtended, match="written anew"):
        check_outside(files=[("the auditor", kept)])


# Clocks.


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)], ids=["an hour", "a day"])
def test_a_clock_set_back_does_not_make_recorded_times_decrease_and_the_claimed_time_stays_apart(
    back: timedelta,
) -> None:
    append(2)
    # The same for the trail: the clock goes back now, or it was ahead when the last entry was recorded.
    ahead = now() + back
    with triggers_lifted():
        Entry.objects.filter(index=1).update(recorded_at=ahead)
    Head.objects.update(recorded_at=ahead)
    signed(3)
    times = list(Entry.objects.order_by("index").values_list("recorded_at", flat=True))
    assert times == sorted(times)
    assert times[1:] == [ahead] * 4
    claimed = Entry.objects.get(index=2).text.partition('"at":"')[2][:19]
    assert claimed < ahead.isoformat()[:19]
    verdict = verify()
    assert verdict.is_whole
    assert [(remark.code, remark.index) for remark in verdict.remarks] == [("clock_skew", 1)]


# A night in Berlin when the hour from two to three comes twice, and one when it does not come; the last second of a
# day that had a second more, which a clock in UTC shows twice. In local time and order of the acts.
CLOCKS = {
    "the hour that comes twice": [
        "2026-10-25T00:59:59+00:00",
        "2026-10-25T01:00:00+00:00",
        "2026-10-25T01:59:59+00:00",
    ],
    "the hour that is left out": ["2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00"],
    "a leap second, shown twice": [
        "2016-12-31T23:59:59.900000+00:00",
        "2016-12-31T23:59:59.100000+00:00",
        "2017-01-01T00:00:00+00:00",
    ],
    "a day ahead and back": ["2026-06-01T12:00:00+00:00", "2026-06-02T12:00:00+00:00", "2026-06-01T12:00:01+00:00"],
}


@pytest.mark.parametrize("case", CLOCKS)
def test_whatever_the_clock_of_a_machine_shows_the_order_is_that_of_the_index_and_each_time_is_kept_as_claimed(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    claimed = [datetime.fromisoformat(text) for text in CLOCKS[case]]
    try:
        for number, at in enumerate(claimed):
            with record(actor=Actor.process("command:test"), at=at.astimezone()) as trail:
                trail.note(action="report.exported", subject="test/clock", data={"number": number})
    finally:
        monkeypatch.undo()
        time.tzset()
    entries = list(Entry.objects.order_by("index"))
    texts = [json.loads(entry.text) for entry in entries]
    assert [text["data"]["number"] for text in texts] == list(range(len(claimed)))
    assert [text["at"] for text in texts] == [timestamp(at) for at in claimed]
    recorded = [entry.recorded_at for entry in entries]
    assert recorded == sorted(recorded)
    publish_checkpoint()
    verdict = verify()
    assert verdict.is_whole
    assert [remark.code for remark in verdict.remarks] == ["clock_skew"], "the acts are said to be long ago"


def test_writers_of_the_same_millisecond_get_an_index_each_and_no_fork() -> None:
    """All wait for one another, name the same time, and go."""
    at, start, went = now(), threading.Barrier(8), []

    def write(number: int) -> None:
        try:
            start.wait()
            with record(actor=Actor.process("command:test"), at=at) as trail:
                trail.note(action="report.exported", subject="test/same", data={"number": number})
            went.append(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(Entry.objects.order_by("index"))
    assert sorted(went) == list(range(8))
    assert [entry.index for entry in entries] == list(range(8))
    assert [entry.subject_number for entry in entries] == list(range(1, 9))
    assert {json.loads(entry.text)["at"] for entry in entries} == {timestamp(at)}
    publish_checkpoint()
    assert verify().is_whole


def test_the_recorded_time_beside_an_entry_is_held_between_its_neighbours_and_its_text() -> None:
    """LIMIT. No hash covers the column: within its neighbours' times and the text's, its owner can change it."""
    signed(3)
    times = list(Entry.objects.order_by("index").values_list("recorded_at", flat=True))
    forge(f"UPDATE audits_entry SET recorded_at = '{times[2].isoformat(sep=' ')}' WHERE \"index\" = 1")
    assert verify().is_whole
    forge("UPDATE audits_entry SET recorded_at = '2020-01-01 00:00:00+00' WHERE \"index\" = 1")
    assert ("time_runs_back", 1) in found()
    forge('UPDATE audits_entry SET text = replace(text, \'"at":"2\', \'"at":"1\') WHERE "index" = 1')
    assert ("text_changed", 1) in found()


# Checkpoints.


@pytest.mark.parametrize("line", ["origin", "size", "root", "signature"])
@pytest.mark.parametrize("place", [0, -1], ids=["near its beginning", "near its end"])
def test_an_edited_checkpoint_is_found(line: str, place: int) -> None:
    signed(3)
    lines = newest_note().decode().split("\n")
    number = {"origin": 0, "size": 1, "root": 2, "signature": 4}[line]
    # In the signature only what follows the key's name counts: another name is another, unknown key.
    head, _, word = lines[number].rpartition(" ")
    at = place if place == 0 else len(word.rstrip("=")) - 2
    changed = word[:at] + ("A" if word[at] != "A" else "B") + word[at + 1 :]
    lines[number] = f"{head} {changed}".lstrip()
    edited = "\n".join(lines).replace("'", "''")
    forge(f"UPDATE audits_checkpoint SET note = '{edited}'")
    assert ("checkpoint_not_signed", 3) in found()


def test_an_old_signature_under_a_new_size_is_found() -> None:
    signed(3)
    signed(2)
    forge(
        "UPDATE audits_checkpoint SET note = replace((SELECT o.note FROM audits_checkpoint o WHERE o.size = 3), "
        "'\n3\n', '\n5\n') WHERE size = 5"
    )
    assert ("checkpoint_not_signed", 5) in found()


def test_a_genuine_note_over_another_size_is_found() -> None:
    signed(3)
    signed(2)
    forge("UPDATE audits_checkpoint SET note = (SELECT o.note FROM audits_checkpoint o WHERE o.size = 3)")
    assert ("checkpoint_differs", 5) in found()


def test_a_root_column_that_says_something_else_is_found() -> None:
    signed(3)
    other = "'\\x00'" if connection.vendor == "postgresql" else "x'00'"
    forge(f"UPDATE audits_checkpoint SET root = {other}")
    assert ("checkpoint_differs", 3) in found()


def test_another_key_under_our_name_is_found_and_nobody_takes_it_for_ours(tmp_path: Path) -> None:
    signed(3)
    root = bytes(Checkpoint.objects.get().root)
    foreign = sign_note(CheckpointText(ORIGIN, 3, root).text, Signer(ORIGIN, KeyKind.ED25519, bytes(32)))
    forge(f"UPDATE audits_checkpoint SET note = '{foreign}'")
    assert ("checkpoint_not_signed", 3) in found()
    shown = check_outside(files=[("a stranger", foreign.encode())])
    assert shown.agreeing == []
    assert len(shown.problems) == 1


def test_a_signature_by_an_unknown_key_beside_ours_is_passed_over() -> None:
    signed(3)
    note = newest_note().decode()
    root = bytes(Checkpoint.objects.get().root)
    stranger = sign_note(CheckpointText(ORIGIN, 3, root).text, Signer("stranger.example", KeyKind.ED25519, bytes(32)))
    forge(f"UPDATE audits_checkpoint SET note = '{note}{stranger.splitlines()[-1]}\n'")
    assert verify().is_whole
