"""The proof file of one entry: made, read, verified, and refused."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from pathlib import Path

import pytest

from audits.trail.merkle import (
    ProofRefused,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
)
from audits.trail.notes import KeyKind, NoteRefused, Signer, Verifier
from audits.trail.proofs import EntryProof

OWN = json.loads((Path(__file__).parents[2] / "vectors" / "trail" / "end_to_end.json").read_text())
ENTRY = OWN["events"][1]["text"].encode()
LOG = Verifier.parse(OWN["log"]["key"])
WITNESS = Verifier.parse(OWN["witness"]["key"])
LEAVES = [bytes.fromhex(event["leaf"]) for event in OWN["events"]]
TREE = Tree(LEAVES)
PROOF = EntryProof(1, tuple(inclusion_proof(1, 3, TREE.get_hash)), OWN["checkpoint"]["text"])


def test_the_end_to_end_tree_is_rebuilt_from_its_leaves() -> None:
    assert leaf_hash(ENTRY) == LEAVES[1]
    assert TREE.root(2).hex() == OWN["roots"]["2"]
    assert TREE.root(3).hex() == OWN["roots"]["3"]
    assert inclusion_proof(1, 3, TREE.get_hash) == [LEAVES[0], LEAVES[2]]
    assert consistency_proof(1, 3, TREE.get_hash) == [LEAVES[1], LEAVES[2]]
    assert consistency_proof(2, 3, TREE.get_hash) == [LEAVES[2]]
    verify_consistency(2, 3, [LEAVES[2]], TREE.root(2), TREE.root(3))


def test_the_end_to_end_proof_file_is_made_byte_for_byte() -> None:
    assert len(PROOF.text.encode()) == OWN["proof_of_event_1"]["bytes"]
    assert hashlib.sha256(PROOF.text.encode()).hexdigest() == OWN["proof_of_event_1"]["sha256"]


def test_a_proof_file_reads_back_and_proves_its_entry() -> None:
    assert EntryProof.parse(PROOF.text) == PROOF
    signed = EntryProof.parse(PROOF.text).verify(ENTRY, origin=OWN["origin"], log_keys=[LOG], witness_keys=[WITNESS])
    assert signed.checkpoint.size == 3
    assert [one.time for one in signed.cosignatures] == [1767225600]


def test_extra_data_is_carried_but_proves_nothing() -> None:
    proof = EntryProof(1, PROOF.hashes, PROOF.checkpoint, b"anything")
    assert EntryProof.parse(proof.text) == proof
    assert proof.text.splitlines()[1] == "extra YW55dGhpbmc="
    proof.verify(ENTRY, origin=OWN["origin"], log_keys=[LOG])


def test_a_proof_for_another_entry_place_or_trail_is_refused() -> None:
    stranger = Signer(OWN["origin"], KeyKind.ED25519, bytes(32)).verifier
    with pytest.raises(ProofRefused, match="another root"):
        PROOF.verify(ENTRY + b" ", origin=OWN["origin"], log_keys=[LOG])
    with pytest.raises(ProofRefused):
        EntryProof(0, PROOF.hashes, PROOF.checkpoint).verify(ENTRY, origin=OWN["origin"], log_keys=[LOG])
    with pytest.raises(ProofRefused, match="no leaf 3"):
        EntryProof(3, PROOF.hashes, PROOF.checkpoint).verify(ENTRY, origin=OWN["origin"], log_keys=[LOG])
    with pytest.raises(NoteRefused):
        PROOF.verify(ENTRY, origin="log.example/tenant/other", log_keys=[LOG])
    with pytest.raises(NoteRefused):
        PROOF.verify(ENTRY, origin=OWN["origin"], log_keys=[stranger])


def test_no_flipped_bit_of_a_proof_file_moves_an_entry() -> None:
    raw = PROOF.text.encode()
    # A changed witness line is the signature of an unknown key: the log still vouches for the entry.
    witness_line = raw.index("— witness".encode())
    for at in range(witness_line):
        changed = bytearray(raw)
        changed[at] ^= 1
        try:
            text = changed.decode()
        except UnicodeDecodeError:
            continue
        with pytest.raises((ProofRefused, NoteRefused)):
            EntryProof.parse(text).verify(ENTRY, origin=OWN["origin"], log_keys=[LOG])


HASH = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wrong-header\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex ٣\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex ²\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex {10**19}\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nextra YQ==\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 64 + "\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\ncheckpoint\r\n",
    ],
)
def test_a_malformed_proof_file_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        EntryProof.parse(text)
