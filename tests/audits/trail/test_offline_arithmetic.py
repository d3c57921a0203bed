"""The offline verifier's own signatures, proofs, notes and entries, against the other implementation."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.offline import verify
from audits.trail import canonical, merkle, notes
from audits.trail.keys import KeyKind, Signer
from audits.trail.merkle import Tree
from tests.audits.trail.small_bundle import (
    LOG,
    ORIGIN,
    TEXTS,
    WITNESS,
    by_library,
    checkpoint,
    tree_of,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "trail"


@settings(max_examples=15)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100), bit=st.integers(0, 64 * 8 - 1))
def test_its_ed25519_says_what_the_library_says(seed: bytes, message: bytes, bit: int) -> None:
    signer = Signer("x", KeyKind.ED25519, seed)
    public, signature = signer.verifier.public_key, signer.sign(message)
    assert verify.is_signature(public, signature, message)
    wrong = bytearray(signature)
    wrong[bit // 8] ^= 1 << bit % 8
    assert not verify.is_signature(public, bytes(wrong), message)
    assert not verify.is_signature(public, signature, message + b"x")


def test_signatures_that_are_malleable_or_of_no_point_are_refused() -> None:
    signature, public = LOG.sign(b"x"), LOG.verifier.public_key
    s = int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    assert not verify.is_signature(public, signature[:32] + s.to_bytes(32, "little"), b"x")
    # Keys that stand for the neutral point would vouch for everything; two of their spellings are no points at all.
    anything = bytes([1]) + bytes(63)
    for key in ((2**255 - 18).to_bytes(32, "little"), bytes([1]) + bytes(30) + b"\x80"):
        assert not verify.is_signature(key, anything, b"x")
    for key in (b"", bytes(31), b"\xff" * 32, (2).to_bytes(32, "little")):
        assert not verify.is_signature(key, signature, b"x")
    assert not verify.is_signature(public, b"", b"x")


@pytest.mark.parametrize("size", range(1, 33))
def test_its_proofs_say_what_the_other_implementation_says(size: int) -> None:
    tree = Tree(hashlib.sha256(bytes([at])).digest() for at in range(size))
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, tree.get_hash)
        leaf = tree.get_hash(0, index)
        assert verify.climb([leaf, *proof], index, size)[1] == tree.root()
        assert verify.climb([leaf, *proof, leaf], index, size)[1] != tree.root()
        assert verify.climb([leaf, *proof[:-1]], index, size)[1] != tree.root() or not proof
    for old in range(1, size + 1):
        steps = merkle.consistency_proof(old, size, tree.get_hash)
        roots = tree.root(old), tree.root()
        assert verify.roots_from_consistency(old, size, steps, roots[0]) == roots
        assert verify.roots_from_consistency(old, size, [*steps, roots[0]], roots[0]) != roots
        assert verify.roots_from_consistency(old, size, steps[:-1], roots[0]) != roots or not steps


def test_its_proofs_answer_the_published_probes() -> None:
    probes = json.loads((VECTORS / "probes.json").read_text())
    wrong = []
    for probe in probes["inclusion"]:
        leaf, root, proof = unhex(probe["leaf_hash"]), unhex(probe["root"]), [unhex(one) for one in probe["proof"]]
        found = verify.climb([leaf, *proof], probe["index"], probe["size"])[1]
        wrong += [probe["name"]] if (found == root != b"") == probe["refused"] else []
    for probe in probes["consistency"]:
        roots, proof = (unhex(probe["old_root"]), unhex(probe["new_root"])), [unhex(one) for one in probe["proof"]]
        found = verify.roots_from_consistency(probe["old_size"], probe["new_size"], proof, roots[0])
        wrong += [probe["name"]] if (found == roots) == probe["refused"] else []
    assert wrong == []


unhex = bytes.fromhex


def test_its_notes_answer_the_published_logs() -> None:
    log = json.loads((VECTORS / "tessera.json").read_text())
    key = verify.parse_key(log["key"])
    for note in log["checkpoints"]:
        assert verify.open_checkpoint(note.encode(), [key], []).origin == key.name


@settings(max_examples=300)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
@pytest.mark.parametrize("plain", [False, True])
def test_it_reads_an_entry_exactly_when_the_trail_would_have_written_it(plain: bool, value: object) -> None:
    text = json.dumps({"a": value}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        line = text.encode()
    except UnicodeEncodeError:
        return
    try:
        canonical.parse_canonical(line)
        expected = True
    except (canonical.NotCanonical, ValueError):
        expected = False
    library = verify.orjson
    try:
        verify.orjson = None if plain else library  # type: ignore[assignment]
        assert (verify.read_entry(line) is not None) == expected
    finally:
        verify.orjson = library  # type: ignore[assignment]


def test_the_trees_of_both_implementations_agree() -> None:
    tree: list[bytes] = []
    for count, text in enumerate(TEXTS):
        assert verify.root_of(tree) == tree_of(TEXTS[:count]).root()
        verify.append(tree, count, hashlib.sha256(b"\x00" + text).digest())
    assert verify.root_of(tree) == tree_of(TEXTS).root()


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "line",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":-0}',
        b'{"a":1e2}',
        b'{"a":"\\ud800"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\r',
        b'{"a":"' + b"x" * 65_535 + b'"}',
        b"[" * 2000 + b"]" * 2000,
        b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    ],
)
def test_a_second_spelling_of_an_entry_is_none(line: bytes, plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if plain:
        monkeypatch.setattr(verify, "orjson", None)
    assert verify.read_entry(line) is None


def is_opened(note: bytes) -> bool:
    try:
        verify.open_checkpoint(note, [OFFLINE_LOG], [OFFLINE_WITNESS])
    except verify.Refused:
        return False
    return True


def is_opened_by_the_other(note: bytes) -> bool:
    try:
        notes.open_checkpoint(note, origin=ORIGIN, log_keys=[LOG.verifier], witness_keys=[WITNESS.verifier])
    except notes.NoteRefused:
        return False
    return True


OFFLINE_LOG = verify.parse_key(LOG.verifier.key_string)
OFFLINE_WITNESS = verify.parse_key(WITNESS.verifier.key_string, verify.OF_WITNESS)
NOTE = checkpoint(TEXTS, witness=WITNESS).encode()
LOG_LINE = NOTE.splitlines(keepends=True)[4].decode()


def test_every_flipped_bit_of_a_checkpoint_is_judged_as_by_the_other_implementation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify, "is_signature", by_library)
    for at in range(len(NOTE) * 8):
        flipped = bytearray(NOTE)
        flipped[at // 8] ^= 1 << at % 8
        assert is_opened(bytes(flipped)) == is_opened_by_the_other(bytes(flipped)), at


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (NOTE, True),
        (NOTE + LOG_LINE.encode(), True),
        (NOTE + b"\xe2\x80\x94 stranger AAAAAAAA\n" * 17, True),
        (NOTE + b"\xe2\x80\x94 stranger AAAAAAAA\n" * 99, False),
        (NOTE + b"\xe2\x80\x94 stranger AAAAAAAB\n" * 999_999, False),
        (NOTE[:-1], False),
        (NOTE.replace(b"\n\n", b"\n"), False),
        (b"", False),
        (notes.sign_note(f"{ORIGIN}\n-1\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n07\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n{2**63}\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n0\n{'A' * 43}=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n1\n{'A' * 42}B=\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n1\n{'A' * 43}=\n\n", LOG).encode(), False),
        (notes.sign_note(f"{ORIGIN}\n1\n{'A' * 43}=\nextension\n", LOG).encode(), True),
        (notes.sign_note(f"log.example/other\n1\n{'A' * 43}=\n", LOG).encode(), False),
    ],
)
def test_a_malformed_checkpoint_is_refused_by_both_implementations(note: bytes, expected: bool) -> None:
    assert (is_opened(note), is_opened_by_the_other(note)) == (expected, expected)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3",
        "",
    ],
)
def test_a_key_that_was_copied_wrongly_is_refused(text: str) -> None:
    assert verify.parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").name == "PeterNeumann"
    with pytest.raises(verify.Refused):
        verify.parse_key(text)
