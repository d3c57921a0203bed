"""Keys of a log follow one another by entries, so that each size of the trail has one key that may sign it."""

import os
import stat
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from audits.trail import Actor, Checkpoint, Entry, now, publish_checkpoint, record, verify
from audits.trail.key_history import KeyEvent, KeyHistory, revocation_data, rotation_data
from audits.trail.keys import KeyKind, KeyRefused, Signer, Verifier
from audits.trail.notes import Checkpoint as CheckpointText
from audits.trail.notes import NoteRefused, cosignature_line, open_checkpoint, open_note, sign_note, verify_cosignature
from audits.trail.signing import (
    ExternalSigner,
    KeyNotHeld,
    SignerFailed,
    held_signer,
    held_signers,
    key_history,
    log_signer,
    log_verifier,
    log_verifiers,
)
from audits.trail.tree import root_at
from governance.errors import KeyUnusable
from governance.services.keys import WhyRevoked, revoke_key, rotate_key
from tests.conftest import triggers_lifted

COMMAND = Actor.process("command:test")
ORIGIN = "countersign.test/trail"


def signer(number: int, name: str = ORIGIN, kind: KeyKind = KeyKind.ED25519) -> Signer:
    return Signer(name, kind, bytes([number]) * 32)


@pytest.fixture(autouse=True)
def _keys_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.TRAIL_KEYS_DIR = tmp_path / "keys"
    settings.ANCHORS = []


def note(count: int = 1) -> None:
    for _ in range(count):
        with record(actor=COMMAND, at=now()) as recording:
            recording.note(action="model.registered", subject="model/a")


def codes() -> list[str]:
    return [flaw.code for flaw in verify().flaws]


def signers_by_size() -> dict[int, str]:
    known = [key.verifier for key in key_history().keys]
    found = {}
    for checkpoint in Checkpoint.objects.order_by("size"):
        opened = open_checkpoint(checkpoint.note, origin=ORIGIN, log_keys=known)
        found[checkpoint.size] = opened.log_signatures[0].verifier.label
    return found


# On a real trail.


@pytest.mark.django_db(transaction=True)
def test_a_rotation_hands_over_at_its_entry_and_old_checkpoints_stay_valid() -> None:
    note(3)
    publish_checkpoint()
    old = log_verifier()
    note()
    new = rotate_key(actor=COMMAND)
    note()
    publish_checkpoint()
    assert new.verifier != old
    assert new.since == 5
    assert log_verifier() == new.verifier
    # The old key signed what was recorded before it went.
    assert signers_by_size() == {3: old.label, 4: old.label, 5: new.verifier.label, 6: new.verifier.label}
    assert codes() == []


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_signed_by_a_retired_key_after_its_end_is_found() -> None:
    note()
    old = log_signer()
    rotate_key(actor=COMMAND)
    note()
    publish_checkpoint()
    note()
    publish_checkpoint()
    note()
    size = Entry.objects.count()
    # Whoever still has the old key signs what is truly there.
    publish_checkpoint()
    forged = sign_note(CheckpointText(ORIGIN, size, root_at(size)).text, old)
    assert open_note(forged, [old.verifier])
    with triggers_lifted():
        Checkpoint.objects.filter(size=size).delete()
    Checkpoint.objects.create(size=size, root=root_at(size), note=forged, signed_at=now())
    assert codes() == ["checkpoint_key_not_in_force"]


@pytest.mark.django_db(transaction=True)
def test_a_handover_that_the_old_key_did_not_sign_changes_nothing_and_is_found() -> None:
    note()
    stranger, mine = signer(9), log_signer()
    data = rotation_data(ORIGIN, mine, stranger)
    data["handover"] = sign_note(open_note(data["handover"], [stranger.verifier]).text, stranger)
    with record(actor=COMMAND, at=now()) as recording:
        recording.note(action="key.rotated", subject="trail/keys", data=data)
    assert log_verifier() == mine.verifier
    publish_checkpoint()
    assert codes() == ["key_entry_untrue"]


@pytest.mark.django_db(transaction=True)
def test_a_key_named_by_somebody_who_owns_the_database_only_stops_the_signing() -> None:
    note()
    mine, stranger = log_verifier(), signer(9)
    with record(actor=COMMAND, at=now()) as recording:
        data = revocation_data(ORIGIN, mine, from_size=0, why="lost", new=stranger)
        recording.note(action="key.revoked", subject="trail/keys", data=data)
    with pytest.raises(KeyNotHeld, match=stranger.verifier.label.replace("+", r"\+")):
        publish_checkpoint()
    assert codes() == ["key_unexpected"]


@pytest.mark.django_db(transaction=True)
def test_a_revoked_key_in_force_is_followed_at_once_and_no_longer_recognised() -> None:
    note(2)
    publish_checkpoint()
    old = log_verifier()
    new = revoke_key(actor=COMMAND, key=old.key_string, why=WhyRevoked.COMPROMISED, from_size=1)
    first, second = key_history().keys
    assert (first.verifier, first.until, first.distrusted_from, first.why) == (old, 2, 1, "compromised")
    assert second == new
    assert log_verifiers() == [new.verifier]
    assert Checkpoint.objects.latest("size").size == 3
    assert codes() == []


@pytest.mark.django_db(transaction=True)
def test_a_retired_key_can_be_revoked_later_without_another_rotation() -> None:
    note()
    old = log_verifier()
    new = rotate_key(actor=COMMAND)
    assert set(log_verifiers()) == {old, new.verifier}
    assert revoke_key(actor=COMMAND, key=old.key_string, why=WhyRevoked.LOST) == new
    assert log_verifiers() == [new.verifier]
    assert codes() == []


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_rotated_or_revoked_is_refused_and_leaves_no_entry() -> None:
    note()
    first = log_verifier()
    rotate_key(actor=COMMAND)
    entries = Entry.objects.count()
    with pytest.raises(KeyUnusable, match="does not come back"):
        rotate_key(actor=COMMAND, successor=first.key_string)
    with pytest.raises(KeyUnusable, match="is needed to sign"):
        rotate_key(actor=COMMAND, successor=signer(9).verifier.key_string)
    with pytest.raises(KeyUnusable, match="never signed this trail"):
        revoke_key(actor=COMMAND, key=signer(9).verifier.key_string, why=WhyRevoked.LOST)
    with pytest.raises(KeyUnusable, match="key string"):
        revoke_key(actor=COMMAND, key="nonsense", why=WhyRevoked.LOST)
    assert Entry.objects.count() == entries


@pytest.mark.django_db(transaction=True)
def test_a_process_without_the_new_key_refuses_to_sign(settings: Any) -> None:
    note()
    rotate_key(actor=COMMAND)
    [seed] = settings.TRAIL_KEYS_DIR.glob("*.seed")
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    seed.rename(seed.with_suffix(".elsewhere"))
    note()
    with pytest.raises(KeyNotHeld):
        publish_checkpoint()
    assert codes() == ["key_unexpected"]


@pytest.mark.django_db(transaction=True)
def test_a_key_we_hold_is_ours_even_before_the_trail_knows_it() -> None:
    """A database restored from before a rotation must not mistake the newer anchor for somebody else's."""
    new = rotate_key(actor=COMMAND).verifier
    assert new in [one.verifier for one in held_signers()]
    assert new in {*log_verifiers()}
    assert key_history(below=0).in_force.verifier != new


@pytest.mark.django_db(transaction=True)
def test_the_commands_rotate_and_revoke(capsys: pytest.CaptureFixture[str]) -> None:
    note()
    first = log_verifier()
    call_command("rotate_key")
    second = log_verifier()
    assert second.key_string in capsys.readouterr().out
    call_command("revoke_key", second.key_string, why="compromised")
    assert log_verifier() not in (first, second)
    assert log_verifier().key_string in capsys.readouterr().out
    with pytest.raises(CommandError, match="does not come back"):
        call_command("rotate_key", to=first.key_string)


# The rule by itself.


OF_A_WITNESS = signer(2, kind=KeyKind.COSIGNATURE).verifier.key_string


def history(*events: tuple[str, dict[str, Any]]) -> KeyHistory:
    listed = [KeyEvent(10 * (place + 1), action, data) for place, (action, data) in enumerate(events)]
    return KeyHistory.of(listed, origin=ORIGIN, first=signer(1).verifier)


def test_each_size_has_one_key() -> None:
    found = history(
        ("key.rotated", rotation_data(ORIGIN, signer(1), signer(2))),
        ("key.rotated", rotation_data(ORIGIN, signer(2), signer(3))),
    )
    assert not found.problems
    # The entry at index 10 is covered from size 11 on.
    expected = {0: 1, 10: 1, 11: 2, 20: 2, 21: 3, 10**9: 3}
    assert {size: found.at(size).verifier for size in expected} == {
        size: signer(number).verifier for size, number in expected.items()
    }


@pytest.mark.parametrize(
    ("case", "action", "data"),
    [
        ("not the key in force", "key.rotated", rotation_data(ORIGIN, signer(4), signer(5))),
        ("the handover of another trail", "key.rotated", rotation_data("else", signer(1), signer(2))),
        (
            "another successor than signed for",
            "key.rotated",
            {**rotation_data(ORIGIN, signer(1), signer(2)), "to": signer(3).verifier.key_string},
        ),
        ("no handover", "key.rotated", {"from": signer(1).verifier.key_string, "to": signer(2).verifier.key_string}),
        ("no keys", "key.rotated", {}),
        ("back to itself", "key.rotated", rotation_data(ORIGIN, signer(1), signer(1))),
        (
            "a witness's key",
            "key.rotated",
            {
                **rotation_data(ORIGIN, signer(1), signer(2)),
                "to": signer(2, kind=KeyKind.COSIGNATURE).verifier.key_string,
            },
        ),
        (
            "in force and without a successor",
            "key.revoked",
            revocation_data(ORIGIN, signer(1).verifier, from_size=3, why="lost"),
        ),
        (
            "a successor that did not accept",
            "key.revoked",
            {**revocation_data(ORIGIN, signer(1).verifier, from_size=3, why="lost", new=signer(2)), "acceptance": ""},
        ),
        (
            "no size",
            "key.revoked",
            {
                **revocation_data(ORIGIN, signer(1).verifier, from_size=3, why="lost", new=signer(2)),
                "from_size": True,
            },
        ),
        ("an unknown key", "key.revoked", revocation_data(ORIGIN, signer(7).verifier, from_size=3, why="lost")),
    ],
)
def test_an_entry_about_a_key_that_does_not_hold_changes_nothing(case: str, action: str, data: dict[str, Any]) -> None:
    good = ("key.rotated", rotation_data(ORIGIN, signer(8), signer(1)))
    found = history(good, (action, data))
    assert [index for index, _ in found.problems] == [20], case
    assert found.in_force.verifier == signer(1).verifier
    assert found.in_force.distrusted_from is None


def test_every_bit_of_a_handover_counts() -> None:
    data = rotation_data(ORIGIN, signer(1), signer(2))
    raw = data["handover"].encode()
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        handover = changed.decode(errors="replace")
        assert history(("key.rotated", {**data, "handover": handover})).problems, place


# A program that signs.

PROGRAM = """\
import os, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
message = sys.stdin.buffer.read()
number = {label!r}.index(os.environ["SIGN_WITH"]) + 1
assert not any(name.startswith("COUNTERSIGN_") for name in os.environ)
sys.stdout.buffer.write(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).sign(message))
"""


@pytest.fixture
def program(tmp_path: Path, settings: Any) -> Path:
    path = tmp_path / "sign.py"
    path.write_text(PROGRAM.format(label=[signer(1).verifier.label, signer(2).verifier.label]))
    settings.TRAIL_SIGNER = [sys.executable, str(path)]
    settings.TRAIL_PUBLIC_KEYS = [signer(1).verifier.key_string, signer(2).verifier.key_string]
    settings.TRAIL_KEY_SEED = b""
    return path


@pytest.mark.django_db(transaction=True)
def test_a_program_signs_and_hands_over_to_its_other_key(program: Path) -> None:
    assert "COUNTERSIGN_DATA" in os.environ
    note()
    publish_checkpoint()
    assert log_verifier() == signer(1).verifier
    rotate_key(actor=COMMAND, successor=signer(2).verifier.key_string)
    assert signers_by_size() == {1: signer(1).verifier.label, 2: signer(2).verifier.label}
    assert codes() == []


@pytest.mark.django_db(transaction=True)
def test_an_installation_with_a_seed_hands_over_to_a_program_and_can_give_the_seed_away(
    program: Path, settings: Any
) -> None:
    settings.TRAIL_KEY_SEED = bytes([7]) * 32
    note()
    publish_checkpoint()
    rotate_key(actor=COMMAND, successor=signer(2).verifier.key_string)
    settings.TRAIL_KEY_SEED = b""
    note()
    publish_checkpoint()
    assert signers_by_size() == {
        1: signer(7).verifier.label,
        2: signer(2).verifier.label,
        3: signer(2).verifier.label,
    }
    assert codes() == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; sys.exit('the card is not in the slot')", "ended with status 1: the card is not in the slot"),
        ("print('no signature')", "is no signature of"),
        ("pass", "is no signature of"),
    ],
)
def test_a_program_that_does_not_sign_is_named_and_nothing_is_published(code: str, says: str) -> None:
    with pytest.raises(SignerFailed, match=says):
        ExternalSigner(signer(1).verifier, (sys.executable, "-c", code)).sign(b"x")


def test_a_program_that_hangs_or_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.trail.signing.SIGNER_SECONDS", 0.2)
    with pytest.raises(SignerFailed, match="did not sign within"):
        ExternalSigner(signer(1).verifier, (sys.executable, "-c", "import time; time.sleep(9)")).sign(b"x")
    with pytest.raises(SignerFailed, match="cannot be started"):
        ExternalSigner(signer(1).verifier, ("/nowhere/sign",)).sign(b"x")


@pytest.mark.parametrize("keys", [[], ["nonsense"], [signer(1, name="else").verifier.key_string], [OF_A_WITNESS]])
def test_a_program_needs_the_keys_of_this_trail(settings: Any, keys: list[str]) -> None:
    settings.TRAIL_SIGNER, settings.TRAIL_PUBLIC_KEYS = ["sign"], keys
    with pytest.raises(ImproperlyConfigured, match="COUNTERSIGN_TRAIL_PUBLIC_KEYS"):
        held_signers()


def test_a_key_that_is_not_held_is_named() -> None:
    with pytest.raises(KeyNotHeld, match="this process holds"):
        held_signer(signer(9).verifier)


# ML-DSA-44 cosignatures (tlog-cosignature, type 0x06).

WITNESS = signer(5, name="witness.example/q1", kind=KeyKind.ML_DSA_44_COSIGNATURE)
TEXT = CheckpointText(ORIGIN, 3, bytes(range(32))).text


def test_an_ml_dsa_witness_cosigns_and_is_recognised_beside_the_log() -> None:
    line = cosignature_line(TEXT, WITNESS, at=1767225600)
    assert verify_cosignature(TEXT, line, WITNESS.verifier) == 1767225600
    opened = open_checkpoint(
        sign_note(TEXT, signer(1)) + line,
        origin=ORIGIN,
        log_keys=[signer(1).verifier],
        witness_keys=[WITNESS.verifier],
    )
    assert [(one.verifier, one.time) for one in opened.cosignatures] == [(WITNESS.verifier, 1767225600)]


def test_what_an_ml_dsa_witness_signs_is_the_structure_of_the_specification() -> None:
    raw = b64decode(cosignature_line(TEXT, WITNESS, at=1767225600).split()[2])
    assert (raw[:4], len(raw)) == (WITNESS.verifier.key_id, 4 + 8 + 2420)
    message = (
        b"subtree/v1\n\x00"
        + b"\x12witness.example/q1"
        + (1767225600).to_bytes(8, "big")
        + b"\x16countersign.test/trail"
        + bytes(8)
        + (3).to_bytes(8, "big")
        + bytes(range(32))
    )
    assert raw[4:12] == (1767225600).to_bytes(8, "big")
    MLDSA44PublicKey.from_public_bytes(WITNESS.verifier.public_key).verify(raw[12:], message)


@pytest.mark.parametrize(
    "other",
    [
        CheckpointText(ORIGIN, 4, bytes(range(32))),
        CheckpointText("else", 3, bytes(range(32))),
        CheckpointText(ORIGIN, 3, bytes(32)),
    ],
)
def test_an_ml_dsa_cosignature_belongs_to_one_checkpoint(other: CheckpointText) -> None:
    line = cosignature_line(TEXT, WITNESS, at=1767225600)
    with pytest.raises(NoteRefused):
        verify_cosignature(other.text, line, WITNESS.verifier)


def test_ml_dsa_keys_are_handed_on_as_key_strings() -> None:
    text = WITNESS.verifier.key_string
    assert Verifier.parse(text) == WITNESS.verifier
    assert Signer.parse(WITNESS.private_key_string) == WITNESS
    with pytest.raises(KeyRefused, match="1312"):
        Verifier("witness.example/q1", KeyKind.ML_DSA_44_COSIGNATURE, bytes(32))
    with pytest.raises(KeyRefused, match="is a witness key"):
        sign_note(TEXT, WITNESS)
