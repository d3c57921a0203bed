"""Signed notes and checkpoints: the published examples, and everything that must be refused."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.trail.merkle import EMPTY_ROOT, Tree, consistency_proof, leaf_hash, verify_consistency
from audits.trail.notes import (
    Checkpoint,
    KeyKind,
    KeyRefused,
    NoteRefused,
    Signer,
    Verifier,
    cosignature_line,
    open_checkpoint,
    open_note,
    sign_note,
    verify_cosignature,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "trail"
OWN = json.loads((VECTORS / "end_to_end.json").read_text())
TESSERA = json.loads((VECTORS / "tessera.json").read_text())

# From C2SP signed-note and from the Go note package (BSD-3-Clause): public test keys.
FOO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER_NOTE = PETER_TEXT + "\n" + PETER_LINE
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)

PETER = Verifier.parse(PETER_KEY)
ENOCH = Verifier.parse(ENOCH_KEY)

LOG = Signer(OWN["origin"], KeyKind.ED25519, bytes.fromhex(OWN["log"]["seed"]))
WITNESS = Signer("witness.example/w1", KeyKind.COSIGNATURE, bytes.fromhex(OWN["witness"]["seed"]))
TEXT = Checkpoint(OWN["origin"], 3, bytes.fromhex(OWN["roots"]["3"])).text


@pytest.mark.parametrize(("key", "note"), [(FOO_KEY, FOO_NOTE), (PETER_KEY, PETER_NOTE)], ids=["c2sp", "go"])
def test_a_published_note_opens_with_its_published_key(key: str, note: str) -> None:
    verifier = Verifier.parse(key)
    opened = open_note(note, [verifier])
    assert opened.text + "\n" == note[: note.rindex("— ")]
    assert [one.verifier for one in opened.signatures] == [verifier]
    assert opened.signatures[0].time is None
    assert open_note(note.encode(), [verifier]) == opened


def test_no_single_flipped_bit_in_the_published_notes_goes_unnoticed() -> None:
    refused = 0
    for key, note in ((FOO_KEY, FOO_NOTE), (PETER_KEY, PETER_NOTE)):
        for at in range(len(note.encode())):
            changed = bytearray(note.encode())
            changed[at] ^= 1
            with pytest.raises(NoteRefused):
                open_note(bytes(changed), [Verifier.parse(key)])
            refused += 1
    assert refused == 352


def test_the_published_private_key_signs_byte_for_byte() -> None:
    signer = Signer.parse(PETER_SECRET)
    assert signer.verifier == PETER
    assert signer.private_key_string == PETER_SECRET
    assert sign_note(PETER_TEXT, signer) == PETER_NOTE


def test_a_private_key_does_not_print_its_seed() -> None:
    signer = Signer.parse(PETER_SECRET)
    assert signer.seed.hex() not in repr(signer)
    assert repr(signer.seed) not in repr(signer)


@pytest.mark.parametrize("key", [FOO_KEY, PETER_KEY, ENOCH_KEY, OWN["log"]["key"], OWN["witness"]["key"]])
def test_a_key_string_reads_back_as_itself(key: str) -> None:
    assert Verifier.parse(key).key_string == key


@pytest.mark.parametrize(("parse", "text"), [(Verifier.parse, PETER_KEY), (Signer.parse, PETER_SECRET)])
def test_every_part_and_every_changed_byte_of_a_key_string_is_refused(parse, text: str) -> None:
    for start in range(len(text) + 1):
        for end in range(start, len(text) + 1):
            if text[start:end] != text:
                with pytest.raises(KeyRefused):
                    parse(text[start:end])
    for at, character in enumerate(text):
        with pytest.raises(KeyRefused):
            parse(text[:at] + chr(ord(character) + 1) + text[at + 1 :])


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "base64|bytes"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "neither Ed25519"),
        (PETER_KEY.replace("c74f20a3", "C74F20A3"), "does not belong"),
        (PETER_KEY.replace("Neumann", " Neumann"), "no spaces"),
        (PETER_KEY.replace("PeterNeumann", ""), "not empty"),
        (PETER_KEY + "\n", "base64"),
        ("", "A key string is"),
    ],
)
def test_a_malformed_key_is_refused_with_its_reason(key: str, why: str) -> None:
    with pytest.raises(KeyRefused, match=why):
        Verifier.parse(key)


def test_a_key_of_the_wrong_length_is_refused() -> None:
    for length in (0, 31, 33):
        with pytest.raises(KeyRefused, match="32 bytes"):
            Verifier("log.example", KeyKind.ED25519, bytes(length))
        with pytest.raises(KeyRefused, match="32 bytes"):
            Signer("log.example", KeyKind.ED25519, bytes(length))


def test_unknown_keys_are_ignored_and_known_ones_counted_once() -> None:
    note = PETER_NOTE + ENOCH_LINE
    assert [one.verifier for one in open_note(note, [PETER]).signatures] == [PETER]
    assert open_note(note, [PETER]).unknown == 1
    assert [one.verifier for one in open_note(note, [ENOCH, PETER]).signatures] == [PETER, ENOCH]
    repeated = open_note(note + PETER_LINE + ENOCH_LINE, [PETER, ENOCH, PETER])
    assert [one.verifier for one in repeated.signatures] == [PETER, ENOCH]
    with pytest.raises(NoteRefused, match="No known key signed the note"):
        open_note(note, [])


def test_a_key_that_shares_only_the_name_or_only_the_id_is_unknown() -> None:
    same_name = Signer("PeterNeumann", KeyKind.ED25519, bytes(32)).verifier
    with pytest.raises(NoteRefused, match="No known key"):
        open_note(PETER_NOTE, [same_name])
    same_id = PETER_LINE.replace("PeterNeumann", "CarmenSandiego")
    assert open_note(PETER_NOTE + same_id, [PETER]).unknown == 1


def test_one_wrong_signature_of_a_known_key_refuses_the_note() -> None:
    wrong = ENOCH_LINE[:60] + ("A" if ENOCH_LINE[60] != "A" else "B") + ENOCH_LINE[61:]
    assert open_note(PETER_NOTE + wrong, [PETER]).unknown == 1
    with pytest.raises(NoteRefused, match=r"EnochRoot\+af0cfe78 does not belong to this text"):
        open_note(PETER_NOTE + wrong, [PETER, ENOCH])
    with pytest.raises(NoteRefused, match=r"EnochRoot\+af0cfe78 does not belong to this text"):
        open_note(PETER_NOTE + ENOCH_LINE + wrong, [PETER, ENOCH])


@pytest.mark.parametrize("count", [16, 17, 100])
def test_many_signatures_are_read(count: int) -> None:
    signers = [Signer(f"key{number}.example", KeyKind.ED25519, bytes([number]) * 32) for number in range(count)]
    opened = open_note(sign_note("text\n", *signers), [signer.verifier for signer in signers])
    assert len(opened.signatures) == count


def test_more_than_a_hundred_signatures_or_a_megabyte_are_not_read() -> None:
    with pytest.raises(NoteRefused, match="101 signatures"):
        open_note(PETER_TEXT + "\n" + PETER_LINE * 101, [PETER])
    with pytest.raises(NoteRefused, match="bytes long"):
        open_note("x" * 1_000_000 + PETER_NOTE, [PETER])


@pytest.mark.parametrize(
    "note",
    [
        PETER_TEXT,
        PETER_TEXT + "\n",
        "\n" + PETER_LINE,
        PETER_TEXT + PETER_LINE,
        PETER_TEXT + "\n" + PETER_LINE[:-1],
        "\x01" + PETER_NOTE,
        PETER_NOTE.replace("\n", "\r\n"),
        b"\xff" + PETER_NOTE.encode(),
        "\ud800" + PETER_NOTE,
        PETER_NOTE + "Unexpected line.\n",
        PETER_NOTE + "\n",
        PETER_NOTE.replace("—", "-"),
        PETER_NOTE.replace("— PeterNeumann", "— Peter Neumann"),
        PETER_NOTE.replace("— PeterNeumann", "— Peter+Neumann"),
        PETER_NOTE.replace("— PeterNeumann", "— Peter\u2003Neumann"),
        PETER_NOTE.replace("— PeterNeumann ", "— "),
        PETER_NOTE.replace("JnAM=", "JnAN="),
        PETER_NOTE.replace("JnAM=", "JnAM"),
        PETER_TEXT + "\n— PeterNeumann x08gow==\n",
        PETER_TEXT + "\n— PeterNeumann \n",
    ],
)
def test_a_malformed_note_is_refused(note: str | bytes) -> None:
    with pytest.raises(NoteRefused):
        open_note(note, [PETER])


@pytest.mark.parametrize("text", ["abc", "a\tb\n", "a\r\n", "\ud800\n", ""])
def test_a_text_that_no_note_may_hold_is_not_signed(text: str) -> None:
    with pytest.raises(NoteRefused):
        sign_note(text, Signer.parse(PETER_SECRET))


def test_a_note_without_a_signer_is_not_made() -> None:
    with pytest.raises(NoteRefused, match="at least one signature"):
        sign_note("text\n")


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=40))
def test_a_text_with_blank_lines_opens_as_it_was_signed(line: str) -> None:
    text = f"{line}\n\n\n— {line}\n\n"
    signer = Signer.parse(PETER_SECRET)
    assert open_note(sign_note(text, signer), [signer.verifier]).text == text


def test_the_end_to_end_checkpoint_is_made_byte_for_byte() -> None:
    assert LOG.verifier.key_string == OWN["log"]["key"]
    assert WITNESS.verifier.key_string == OWN["witness"]["key"]
    note = sign_note(TEXT, LOG) + cosignature_line(TEXT, WITNESS, at=OWN["witness"]["time"])
    assert note == OWN["checkpoint"]["text"]
    assert hashlib.sha256(note.encode()).hexdigest() == OWN["checkpoint"]["sha256"]


def test_the_end_to_end_checkpoint_opens_with_log_and_witness() -> None:
    signed = open_checkpoint(
        OWN["checkpoint"]["text"],
        origin=OWN["origin"],
        log_keys=[LOG.verifier],
        witness_keys=[WITNESS.verifier],
    )
    assert signed.checkpoint == Checkpoint(OWN["origin"], 3, bytes.fromhex(OWN["roots"]["3"]))
    assert [one.verifier for one in signed.log_signatures] == [LOG.verifier]
    assert [(one.verifier, one.time) for one in signed.cosignatures] == [(WITNESS.verifier, 1767225600)]


def test_a_witness_alone_does_not_make_a_checkpoint_of_the_log() -> None:
    note = TEXT + "\n" + cosignature_line(TEXT, WITNESS, at=1)
    with pytest.raises(NoteRefused, match="No known key of the log"):
        open_checkpoint(note, origin=OWN["origin"], log_keys=[LOG.verifier], witness_keys=[WITNESS.verifier])


def test_a_checkpoint_of_another_trail_is_refused() -> None:
    other = Checkpoint("log.example/tenant/other", 3, bytes.fromhex(OWN["roots"]["3"]))
    with pytest.raises(NoteRefused, match=r"log\.example/tenant/other"):
        open_checkpoint(sign_note(other.text, LOG), origin=OWN["origin"], log_keys=[LOG.verifier])


def test_a_retired_and_a_new_log_key_may_both_be_known() -> None:
    new = Signer(OWN["origin"], KeyKind.ED25519, bytes(32))
    both = [LOG.verifier, new.verifier]
    for signers in ((LOG,), (new,), (LOG, new)):
        signed = open_checkpoint(sign_note(TEXT, *signers), origin=OWN["origin"], log_keys=both)
        assert len(signed.log_signatures) == len(signers)


def test_a_cosignature_is_looked_at_before_it_is_added() -> None:
    line = cosignature_line(TEXT, WITNESS, at=1767225600)
    assert verify_cosignature(TEXT, line, WITNESS.verifier) == 1767225600
    other_root = Checkpoint(OWN["origin"], 3, bytes(32)).text
    other_witness = Signer("witness.example/w2", KeyKind.COSIGNATURE, bytes(32))
    for text, answer, witness in (
        (other_root, line, WITNESS.verifier),
        (TEXT, line, other_witness.verifier),
        (TEXT, line, LOG.verifier),
        (TEXT, sign_note(TEXT, LOG).rpartition("\n\n")[2], LOG.verifier),
        (TEXT, line + line, WITNESS.verifier),
        (TEXT, "", WITNESS.verifier),
    ):
        with pytest.raises(NoteRefused):
            verify_cosignature(text, answer, witness)


def test_every_bit_of_a_cosignature_counts() -> None:
    line = cosignature_line(TEXT, WITNESS, at=1767225600)
    start, encoded = line.rstrip("\n").rsplit(" ", 1)
    answer = b64decode(encoded)
    for bit in range(len(answer) * 8):
        changed = bytearray(answer)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NoteRefused):
            verify_cosignature(TEXT, f"{start} {b64encode(changed).decode()}", WITNESS.verifier)
    for cut in (0, 4, 5, 11, 12, 75):
        with pytest.raises(NoteRefused):
            verify_cosignature(TEXT, f"{start} {b64encode(answer[:cut]).decode()}", WITNESS.verifier)


def test_the_first_cosignature_of_a_witness_counts_when_there_are_two() -> None:
    lines = cosignature_line(TEXT, WITNESS, at=2) + cosignature_line(TEXT, WITNESS, at=1)
    signed = open_checkpoint(
        sign_note(TEXT, LOG) + lines,
        origin=OWN["origin"],
        log_keys=[LOG.verifier],
        witness_keys=[WITNESS.verifier],
    )
    assert [one.time for one in signed.cosignatures] == [2]


def test_a_cosignature_at_an_impossible_time_is_refused_even_when_it_verifies() -> None:
    at = 2**63
    signature = at.to_bytes(8, "big") + WITNESS.sign(f"cosignature/v1\ntime {at}\n{TEXT}".encode())
    encoded = b64encode(WITNESS.verifier.key_id + signature).decode()
    with pytest.raises(NoteRefused, match="impossible time"):
        verify_cosignature(TEXT, f"— {WITNESS.name} {encoded}\n", WITNESS.verifier)


def test_log_keys_do_not_cosign_and_witness_keys_do_not_sign() -> None:
    with pytest.raises(KeyRefused, match="not a witness key"):
        cosignature_line(TEXT, LOG, at=1)
    with pytest.raises(KeyRefused, match="witness key"):
        sign_note(TEXT, WITNESS)
    with pytest.raises(NoteRefused, match="three lines"):
        cosignature_line("not a checkpoint\n", WITNESS, at=1)
    for at in (-1, 2**63):
        with pytest.raises(NoteRefused, match="time of a cosignature"):
            cosignature_line(TEXT, WITNESS, at=at)


HASH = "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs="


@pytest.mark.parametrize(
    "text",
    [
        # The cases of transparency-dev/formats (Apache-2.0) ...
        "Head\n9944\n",
        f"\n9944\n{HASH}\n",
        f"Log\n123\n{HASH}",
        f"Log\nbananas\n{HASH}\n",
        f"Log\n-34\n{HASH}\n",
        f"Log\n3438945738945739845734895735\n{HASH}\n",
        "Log\n123\nThisIsn'tBase64\n",
        # ... the one it accepts and the specification does not (extension lines are not empty) ...
        f"Log\n9944\n{HASH}\n\n\n\n",
        # ... and ours.
        "",
        "\n\n\n",
        f"Log\n\n{HASH}\n",
        f"Log\n0123\n{HASH}\n",
        f"Log\n+123\n{HASH}\n",
        f"Log\n 123\n{HASH}\n",
        f"Log\n1_000\n{HASH}\n",
        f"Log\n١٢٣\n{HASH}\n",
        f"Log\n12.0\n{HASH}\n",
        f"Log\n{2**63}\n{HASH}\n",
        f"Log\n0\n{HASH}\n",
        "Log\n123\nYmFuYW5hcw==\n",
        f"Log\n123\n{HASH[:-1]}\n",
        f"Log\n123\n{HASH[:-2]}t=\n",
        f"Log\n123\n{HASH} \n",
        f"Log\r\n123\r\n{HASH}\r\n",
        f"L\tog\n123\n{HASH}\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("text", "checkpoint"),
    [
        (f"Log\n123\n{HASH}\n", Checkpoint("Log", 123, b64decode(HASH))),
        (f"Moon Log\n{2**63 - 1}\n{HASH}\n", Checkpoint("Moon Log", 2**63 - 1, b64decode(HASH))),
        (
            "Log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            Checkpoint("Log", 0, EMPTY_ROOT),
        ),
        (
            f"Log\n5\n{HASH}\nlots\nof\nlines\n",
            Checkpoint("Log", 5, b64decode(HASH), ("lots", "of", "lines")),
        ),
    ],
)
def test_a_checkpoint_has_one_text(text: str, checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(text) == checkpoint
    assert checkpoint.text == text


def test_every_checkpoint_of_the_tessera_log_is_signed_right_and_extends_all_before() -> None:
    verifier = Verifier.parse(TESSERA["key"])
    tree = Tree(leaf_hash(entry.encode()) for entry in TESSERA["entries"])
    checkpoints = [
        open_checkpoint(note, origin=verifier.name, log_keys=[verifier]).checkpoint for note in TESSERA["checkpoints"]
    ]
    assert [one.size for one in checkpoints] == list(range(16))
    assert [one.root for one in checkpoints] == [tree.root(size) for size in range(16)]
    assert checkpoints[1].root.hex() == "d0d7360ab79f58ab1e1e3fe64ad77e2ea0bc07e36b5f46ed2223edd9298df9e9"
    assert checkpoints[15].root.hex() == "aca6c38a90af86e5f5199ee0e4105ef2c03a05b27b8daff59e4e36eefdfcddcb"
    for old, new in combinations_with_replacement(checkpoints[1:], 2):
        proof = consistency_proof(old.size, new.size, tree.get_hash)
        verify_consistency(old.size, new.size, proof, old.root, new.root)


def test_no_flipped_bit_in_a_checkpoint_with_a_witness_goes_unnoticed_by_both() -> None:
    note = OWN["checkpoint"]["text"].encode()
    known = {"origin": OWN["origin"], "log_keys": [LOG.verifier], "witness_keys": [WITNESS.verifier]}
    whole = open_checkpoint(note, **known)
    for at in range(len(note)):
        changed = bytearray(note)
        changed[at] ^= 1
        try:
            still = open_checkpoint(bytes(changed), **known)
        except NoteRefused:
            continue
        # What is left is an unknown witness: the same checkpoint, with nobody vouching for it but the log.
        assert still.checkpoint == whole.checkpoint
        assert still.cosignatures == ()
