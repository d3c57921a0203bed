"""An outsider with an HTTP client and the log's key, who trusts nothing else: the trail as files, and its proofs."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from audits.trail import Actor, Entry, log_verifier, now, publish_checkpoint, record
from audits.trail.merkle import (
    Frontier,
    inclusion_proof,
    leaf_hash,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)
from audits.trail.notes import Checkpoint, open_checkpoint
from audits.trail.proofs import EntryProof
from audits.trail.tiles import TileReader, entry_bundles_of, leaf_hashes_of, tiles_of
from governance.models import Account
from governance.roles import Role, Verb
from tests import make
from tests.governance.api.conftest import Caller

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "api.md").read_text()
SIZE = 600
IMMUTABLE = "public, max-age=31536000, immutable"


def note(count: int, subject: str = "model/a") -> None:
    with record(actor=Actor.process("command:test"), at=now()) as recording:
        for number in range(count):
            recording.note(action="model.registered", subject=subject, data={"task": f"„Größe“ {number}"})


@pytest.fixture
def signed() -> int:
    """A trail of 600 signed entries and five that no checkpoint covers."""
    note(SIZE)
    publish_checkpoint()
    note(5)
    return SIZE


@pytest.fixture
def outsider() -> Client:
    return Client()


@pytest.fixture
def auditor(db: None, calling: Any) -> Caller:
    return calling(make.account("audrey", Role.AUDITOR))


def opened(note_text: bytes) -> Checkpoint:
    return open_checkpoint(note_text, origin=settings.TRAIL_ORIGIN, log_keys=[log_verifier()]).checkpoint


def test_an_outsider_rebuilds_the_signed_root_from_the_files_alone(signed: int, outsider: Client) -> None:
    answer = outsider.get("/trail/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=1"
    checkpoint = opened(answer.content)
    assert checkpoint.size == signed

    frontier = Frontier()
    for bundle in entry_bundles_of(checkpoint.size):
        file = outsider.get(f"/trail/{bundle.path}")
        assert (file["Content-Type"], file["Cache-Control"]) == ("application/octet-stream", IMMUTABLE)
        frontier.extend(leaf_hashes_of(bundle, file.content))
    assert frontier.root() == checkpoint.root


def test_an_outsider_makes_a_proof_from_the_tiles(signed: int, outsider: Client) -> None:
    checkpoint = opened(outsider.get("/trail/checkpoint").content)
    reader = TileReader(checkpoint.size, lambda tile: outsider.get(f"/trail/{tile.path}").content)
    assert subtree_root(0, checkpoint.size, reader.get_hash) == checkpoint.root
    proof = inclusion_proof(300, checkpoint.size, reader.get_hash)
    leaf = leaf_hash(Entry.objects.get(index=300).text.encode())
    verify_inclusion(leaf, 300, checkpoint.size, proof, checkpoint.root)


def test_every_tile_of_the_signed_tree_is_there_and_never_changes(signed: int, outsider: Client) -> None:
    before = {tile.path: outsider.get(f"/trail/{tile.path}") for tile in tiles_of(signed)}
    assert {answer.status_code for answer in before.values()} == {200}
    assert {answer["Cache-Control"] for answer in before.values()} == {IMMUTABLE}
    note(300)
    publish_checkpoint()
    for path, answer in before.items():
        assert outsider.get(f"/trail/{path}").content == answer.content, path


def test_texts_come_compressed_to_whoever_takes_it(signed: int, outsider: Client) -> None:
    plain = outsider.get("/trail/tile/entries/000")
    packed = outsider.get("/trail/tile/entries/000", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002.p/89",
        "tile/0/002",
        "tile/0/003.p/1",
        "tile/1/000.p/3",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/entries/002.p/89",
        "tile/entries/002",
        "tile/63/x999/x999/999",
        "tile/entries/x999/x999/x999/999",
    ],
)
def test_nothing_is_served_that_no_checkpoint_covers(signed: int, outsider: Client, path: str) -> None:
    answer = outsider.get(f"/trail/{path}")
    assert (answer.status_code, answer.json()["code"], answer.json()["size"]) == (404, "beyond_trail", signed)
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/00/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/64/000",
        "tile/0/000.p/01",
        "tile/0/000%0A",
        "tile/0/..%2f000",
        "tile/-1/000",
        "tile/0/%D9%A0%D9%A0%D9%A0tile/entries/0",
        "tile/entries/000/",
        "tile/entries/x1/000",
        "checkpoint/",
        "tile/0/000/",
        "entries/000",
        "%00",
    ],
)
def test_any_other_address_is_unknown(signed: int, outsider: Client, path: str) -> None:
    answer = outsider.get(f"/trail/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_path")
    assert answer["Cache-Control"] == "no-store"


def test_an_empty_trail_has_no_checkpoint_yet(outsider: Client) -> None:
    answer = outsider.get("/trail/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_checkpoint")


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_the_files_are_only_read(outsider: Client, method: str) -> None:
    assert getattr(outsider, method)("/trail/checkpoint").status_code == 405
    assert outsider.head("/trail/checkpoint").status_code == 404


def test_a_request_with_a_token_nobody_issued_reads_what_everybody_reads(signed: int) -> None:
    assert Caller("csn_00000000_" + "a" * 43).get("/trail/checkpoint").status_code == 200


@pytest.mark.parametrize("path", ["/trail/checkpoint", "/trail/tile/0/000", "/trail/tile/entries/000", "/metrics"])
def test_a_trail_kept_private_is_read_with_a_token_for_reading(
    signed: int, outsider: Client, auditor: Caller, operator: Account, calling: Any, path: str
) -> None:
    with override_settings(TRAIL_PUBLIC=False):
        refused = outsider.get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "not_authenticated")
        assert calling(operator, Verb.ADMINISTER).get(path).json()["code"] == "scope_missing"
        answer = auditor.get(path)
        assert answer.status_code == 200
        assert "public" not in answer["Cache-Control"]


def metrics_of(answer: Any) -> Iterator[tuple[str, int]]:
    for line in answer.content.decode().splitlines():
        if not line.startswith("#"):
            name, value = line.split(" ")
            yield name.removeprefix("countersign_trail_"), int(value)


def test_the_unsigned_and_unwitnessed_tail_are_figures_to_watch(signed: int, outsider: Client) -> None:
    answer = outsider.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    told = dict(metrics_of(answer))
    assert (told["entries"], told["signed_entries"], told["unsigned_entries"]) == (605, 600, 5)
    assert told["unwitnessed_entries"] == 605 - told["witnessed_entries"]
    assert abs(told["checkpoint_timestamp_seconds"] - now().timestamp()) < 60
    assert {f"countersign_trail_{name}" for name in told} == set(re.findall(r"^\| `(countersign_\w+)`", PAGE, re.M))


def test_an_inclusion_proof_of_the_api_verifies(signed: int, auditor: Caller) -> None:
    for query, size in (("index=300", signed), ("index=300&size=301", 301), ("index=0&size=1", 1)):
        told = auditor.get(f"trail/proofs/inclusion?{query}").json()
        assert told["size"] == size
        leaf = leaf_hash(Entry.objects.get(index=told["index"]).text.encode())
        assert told["leaf_hash"] == leaf.hex()
        hashes = [bytes.fromhex(one) for one in told["hashes"]]
        verify_inclusion(leaf, told["index"], size, hashes, bytes.fromhex(told["root"]))
    assert auditor.get("trail/proofs/inclusion?index=5").json()["root"] == auditor.get("trail").json()["root"]


def test_a_consistency_proof_of_the_api_verifies(signed: int, auditor: Caller) -> None:
    for query, new in (("old=256", signed), ("old=7&new=300", 300), ("old=600&new=600", 600)):
        told = auditor.get(f"trail/proofs/consistency?{query}").json()
        assert told["new"] == new
        hashes = [bytes.fromhex(one) for one in told["hashes"]]
        roots = bytes.fromhex(told["old_root"]), bytes.fromhex(told["new_root"])
        verify_consistency(told["old"], new, hashes, *roots)


@pytest.mark.parametrize(
    "path",
    [
        "inclusion?index=600",
        "inclusion?index=0&size=601",
        "inclusion?index=9&size=9",
        f"inclusion?index={2**63 - 1}",
        "consistency?old=601",
        "consistency?old=1&new=601",
        "consistency?old=9&new=8",
    ],
)
def test_no_proof_goes_beyond_what_is_signed(signed: int, auditor: Caller, path: str) -> None:
    answer = auditor.get(f"trail/proofs/{path}")
    assert (answer.status_code, answer.json()["code"], answer.json()["size"]) == (404, "beyond_trail", signed)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("inclusion", "index"),
        ("inclusion?index=-1", "index"),
        ("inclusion?index=one", "index"),
        (f"inclusion?index={2**63}", "index"),
        ("inclusion?index=1&size=0", "size"),
        ("inclusion?index=1&leaf=2", "leaf"),
        ("consistency?new=3", "old"),
        ("consistency?old=0", "old"),
    ],
)
def test_a_malformed_question_names_the_field(signed: int, auditor: Caller, path: str, field: str) -> None:
    answer = auditor.get(f"trail/proofs/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_proof_file_of_an_entry_needs_only_its_text_and_the_key(signed: int, auditor: Caller) -> None:
    answer = auditor.get("trail/entries/0/proof")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="entry-0.tlog-proof"'
    text = auditor.get("trail/entries?limit=1").json()["items"][0]["text"]
    assert json.loads(text)["data"]["task"] == "„Größe“ 0"
    proof = EntryProof.parse(answer.content.decode())
    assert proof.verify(text.encode(), origin=settings.TRAIL_ORIGIN, log_keys=[log_verifier()]).checkpoint.size == 600
    assert auditor.get("trail/entries/599/proof").status_code == 200
    assert auditor.get("trail/entries/600/proof").json()["code"] == "beyond_trail"


def test_proofs_are_for_those_who_may_read(signed: int, operator: Account, calling: Any) -> None:
    for path in ("trail/proofs/inclusion?index=1", "trail/proofs/consistency?old=1", "trail/entries/0/proof"):
        assert Caller().get(path).status_code == 401
        assert calling(operator, Verb.ADMINISTER).get(path).status_code == 403
