"""Each entry carries the proof that the service wrote it, and nobody without the key can make one."""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django.fixtures import Settings

from audits.trail import Entry, now, publish_checkpoint, record, verify
from audits.trail.actor_proofs import ActorKey, held_keys, is_proved, key_in_force, parts
from governance.conf.secrets import actor_keys, own_actor_key
from tests import make
from tests.backup import append
from tests.forgery import forge

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def flaws(since: int = 0) -> list[tuple[str, int | None, str]]:
    return [(flaw.code, flaw.index, flaw.sentence.partition(":")[0]) for flaw in verify(since=since).flaws]


def remarks() -> list[str]:
    return [remark.code for remark in verify().remarks]


def strip(first: int, last: int) -> None:
    forge(f'UPDATE audits_entry SET proof = NULL WHERE "index" BETWEEN {first} AND {last}')


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Path:
    """A data folder in which no key was made yet."""
    settings.OWN_ACTOR_KEY = partial(own_actor_key, tmp_path)
    return tmp_path / "actor_key"


# How a proof is made.


def test_a_proof_is_the_hmac_over_domain_length_and_both_texts() -> None:
    signed = b"countersign/actor-proof/v1\n" + b"\0\0\0\0\0\0\0\3" + "aé".encode() + b"tail"
    assert ActorKey(OLD).prove("aé", "tail") == hmac.new(OLD, signed, hashlib.sha256).digest()


def test_what_moves_from_one_text_to_the_other_has_another_proof() -> None:
    assert ActorKey(OLD).prove("ab", "c") != ActorKey(OLD).prove("a", "bc")


def test_every_entry_is_proved_whatever_its_data_look_like() -> None:
    place = '"number":7,"previous":""'
    with record(actor=make.COMMAND, at=now()) as trail:
        trail.note(action="report.exported", subject=f"test/{place}", data={"number": 7, "previous": "", place: place})
        trail.note(action="report.exported", subject="number", data={"word": "ü"})
    append(2)
    for entry in Entry.objects.all():
        written = parts(entry.text)
        assert written
        assert key_in_force().prove(*written) == bytes(entry.proof or b"")
    assert (verify().proved, verify().is_whole, remarks()) == (4, True, [])


def test_a_proof_covers_every_byte_that_the_service_wrote_and_none_of_the_numbering() -> None:
    append(2)
    entry = Entry.objects.get(index=1)
    proof, keys = bytes(entry.proof or b""), held_keys()
    start = entry.text.index('"number":') + len('"number":')
    end = entry.text.index('","row"')
    for place, byte in enumerate(entry.text):
        changed = entry.text[:place] + chr(ord(byte) ^ 1) + entry.text[place + 1 :]
        if not start <= place < end:
            assert not is_proved(proof, text=changed, index=1, keys=keys), place
    renumbered = entry.text[:start] + '41,"previous":"' + entry.text[end:]
    assert is_proved(proof, text=renumbered, index=1, keys=keys)


# Which entries need one.


def test_entries_from_before_the_first_proof_may_lack_one_which_is_remarked_and_later_ones_may_not() -> None:
    append(9)
    strip(0, 3)
    assert (flaws(), remarks()) == ([], ["entries_unproved"])
    strip(5, 7)
    assert flaws() == [("proof_missing", 5, "Entries 5 to 7")]


def test_whoever_strips_all_proofs_is_told_by_the_remark_and_found_where_it_is_said_since_when_there_are_some(
    settings: Settings,
) -> None:
    append(5)
    strip(0, 4)
    assert (flaws(), remarks()) == ([], ["entries_unproved"])
    settings.PROVED_FROM = 2
    assert (flaws(), remarks()) == ([("proof_missing", 2, "Entries 2 to 4")], [])


def test_a_verification_from_a_checkpoint_on_remembers_that_there_were_proofs() -> None:
    append(2)
    published = publish_checkpoint()
    assert published
    append(3)
    strip(2, 4)
    assert flaws(since=2) == [("proof_missing", 2, "Entries 2 to 4")]


def test_runs_of_unproved_entries_are_told_once_wherever_the_stretches_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.trail.verification.STRETCH", 4)
    append(14)
    strip(2, 9)
    strip(11, 11)
    assert flaws() == [("proof_missing", 2, "Entries 2 to 9"), ("proof_missing", 11, "Entry 11")]


# Keys.


def test_the_key_is_made_with_the_first_entry_and_readable_by_its_owner_only(elsewhere: Path) -> None:
    assert verify().is_whole
    assert not elsewhere.exists()
    append(1)
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert held_keys() == [ActorKey(elsewhere.read_bytes())]
    assert verify().proved == 1


def test_without_a_key_it_is_said_that_nothing_was_checked_and_none_is_made(
    elsewhere: Path, settings: Settings
) -> None:
    settings.ACTOR_KEYS = [(OLD, None)]
    append(3)
    forge("UPDATE audits_entry SET proof = chain_hash")
    settings.ACTOR_KEYS = []
    assert (flaws(), remarks(), verify().proved) == ([], ["proofs_not_checked"], 0)
    said = StringIO()
    call_command("verify_trail", workers=1, stdout=said)
    assert "proofs_not_checked" in said.getvalue()
    strip(2, 2)
    assert flaws() == [("proof_missing", 2, "Entry 2")], "that one is gone is seen without a key"
    assert not elsewhere.exists()


def test_a_key_is_replaced_by_one_before_it_and_counts_on_for_what_it_proved(
    elsewhere: Path, settings: Settings
) -> None:
    append(2)
    settings.ACTOR_KEYS = [(OLD, None)]
    append(2)
    settings.ACTOR_KEYS = [(NEW, None), (OLD, None)]
    append(2)
    assert (flaws(), verify().proved) == ([], 6)
    settings.ACTOR_KEYS = [(NEW, None)]
    assert flaws() == [("proof_wrong", 2, "Entries 2 to 3")]


def test_a_key_that_leaked_proves_nothing_from_the_size_on_at_which_it_ended(
    elsewhere: Path, settings: Settings
) -> None:
    settings.ACTOR_KEYS = [(OLD, None)]
    append(5)
    settings.ACTOR_KEYS = [(NEW, None), (OLD, 3)]
    append(1)
    assert flaws() == [("proof_wrong", 3, "Entries 3 to 4")]


def test_keys_are_read_from_the_environment_in_hex_with_an_end_for_all_but_the_first() -> None:
    assert actor_keys([NEW.hex(), f"{OLD.hex().upper()}@4200", OLD.hex()]) == [(NEW, None), (OLD, 4200), (OLD, None)]


@pytest.mark.parametrize(
    "words",
    [["ab"], ["x" * 64], [f"{OLD.hex()}@5"], [NEW.hex(), f"{OLD.hex()}@"], [NEW.hex(), f"{OLD.hex()}@-1"], [""]],
)
def test_what_is_no_key_stops_the_start_and_is_not_printed(words: list[str]) -> None:
    with pytest.raises(ValueError, match="COUNTERSIGN_ACTOR_KEYS") as refused:
        actor_keys(words)
    assert OLD.hex() not in str(refused.value)


def test_a_key_does_not_show_itself() -> None:
    assert OLD.hex() not in repr(ActorKey(OLD))
    assert repr(OLD) not in repr(ActorKey(OLD))


def test_the_proof_is_sent_to_the_database_and_the_key_is_not() -> None:
    secret, sent = key_in_force().secret, []

    def note(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        sent.append(repr((sql, params)))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(note):
        append(1)
    assert repr(bytes(Entry.objects.get().proof or b"")) in "".join(sent)
    assert repr(secret) not in "".join(sent)
    assert secret.hex() not in "".join(sent)
