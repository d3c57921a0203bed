"""The tree follows the entries in the database, and proves from its tiles what the entries alone would prove."""

import hashlib
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.conf import settings
from django.db import DatabaseError, connection

from audits.trail import (
    Actor,
    BeyondTree,
    TrailTile,
    entry_proof,
    log_verifier,
    now,
    publish_checkpoint,
    record,
    trail_state,
    tree,
    verify,
)
from audits.trail.checkpoints import SignedTreeDiffers
from audits.trail.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from audits.trail.models import Checkpoint, Entry, Head, TreeState
from audits.trail.notes import open_checkpoint
from audits.trail.proofs import EntryProof
from audits.trail.tiles import EntryBundle, Tile, entry_bundles_of, tiles_of
from audits.trail.tree import BATCH, Growth, TreeBroken
from tests.conftest import triggers_lifted

SOMEBODY = Actor.process("command:test")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 70_000


def note(count: int = 1) -> None:
    with record(actor=SOMEBODY, at=now()) as recording:
        for _ in range(count):
            recording.note(action="model.registered", subject="model/a")


def text_of(index: int) -> str:
    return f'{{"index":{index}}}'


def stored(start: int, end: int) -> list[bytes]:
    """Insert entries that are only as good as the tree needs them; return their leaf hashes."""
    leaves = [leaf_hash(text_of(index).encode()) for index in range(start, end)]
    rows = [
        Entry(
            id=uuid.UUID(int=index + 1),
            index=index,
            recorded_at=BEGINNING,
            actor="process:test",
            action="model.registered",
            subject="model/a",
            subject_number=index + 1,
            text=text_of(index),
            leaf_hash=leaf,
            chain_hash=leaf,
        )
        for index, leaf in enumerate(leaves, start)
    ]
    Entry.objects.bulk_create(rows, batch_size=500)
    Head.objects.update(size=end)
    return leaves


def forge(*statements: str) -> None:
    with triggers_lifted(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("steps", [(1,), (255,), (256,), (257,), (1, 255, 1), (100, 200, 300), (512, 512, 3)])
def test_however_the_trail_grows_its_tree_is_the_one_over_its_entries(steps: Iterable[int]) -> None:
    plain = Tree()
    for step in steps:
        for leaf in stored(plain.size, plain.size + step):
            plain.append(leaf)
        assert tree.integrate() == plain.size
        assert tree.root_at(plain.size) == plain.root()
        assert tree.integrate() == plain.size
    for tile in tiles_of(plain.size):
        assert tree.tile_contents(tile) == tile.contents(plain.get_hash)
    assert TrailTile.objects.count() == plain.size // 256


@pytest.mark.django_db
def test_every_proof_of_every_size_is_the_one_of_the_plain_tree() -> None:
    plain = Tree(stored(0, 600))
    tree.integrate()
    for size in (1, 2, 255, 256, 257, 511, 512, 513, 600):
        root = plain.root(size)
        assert tree.root_at(size) == root
        for index in {0, size // 3, size // 2, size - 1}:
            verify_inclusion(plain.get_hash(0, index), index, size, tree.prove_inclusion(index, size), root)
        for old in {1, size // 2 or 1, size}:
            verify_consistency(old, size, tree.prove_consistency(old, size), plain.root(old), root)
    assert tree.get_hash(3, 5, 600) == plain.get_hash(3, 5)


@pytest.mark.django_db
def test_a_backlog_longer_than_a_batch_is_integrated_whole() -> None:
    plain = Tree(stored(0, 100))
    tree.integrate()
    for leaf in stored(100, BATCH + 300):
        plain.append(leaf)
    assert tree.integrate() == plain.size
    assert tree.root_at(plain.size) == plain.root()


@pytest.mark.django_db
def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() -> None:
    """C2SP tlog-tiles names the widths. Only the entries after the last full tile are read, so only they are there."""
    leaves = [leaf_hash(text_of(index).encode()) for index in range(SIZE)]
    plain, growth = Tree(leaves), Growth()
    whole = SIZE - SIZE % 256
    full = [made for at in range(0, whole, 256) for made in growth.add(leaves[at : at + 256])]
    TrailTile.objects.bulk_create(TrailTile(level=tile.level, index=tile.index, hashes=data) for tile, data in full)
    TreeState.objects.update(size=whole, frontier=growth.hashes)
    stored(whole, SIZE)
    assert tree.integrate() == SIZE

    assert [TrailTile.objects.filter(level=level).count() for level in range(3)] == [273, 1, 0]
    last = [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1), Tile(1, 0), Tile(0, 272), Tile(1, 1, 3), Tile(1, 0, 9)]
    assert [tree.tile_contents(tile) for tile in last] == [tile.contents(plain.get_hash) for tile in last]
    assert tree.root_at(SIZE) == plain.root()
    proof = tree.prove_inclusion(12_345, SIZE)
    verify_inclusion(leaves[12_345], 12_345, SIZE, proof, plain.root())
    verify_consistency(65_536, SIZE, tree.prove_consistency(65_536, SIZE), plain.root(65_536), plain.root())
    assert tree.tree_size() == SIZE


@pytest.mark.parametrize("tiles", [0, 1, 2, 255, 256, 257, 511, 512])
def test_a_growth_stopped_and_taken_up_again_goes_on_as_if_never_stopped(tiles: int) -> None:
    leaves = [hashlib.sha256(bytes([place])).digest() for place in range(256)]
    through = Growth()
    for _ in range(tiles):
        list(through.add(leaves))
    again = Growth(tiles, through.hashes)
    assert (again.rows, again.tiles) == (through.rows, through.tiles)
    assert list(again.add(leaves)) == list(through.add(leaves))


def test_a_state_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(TreeBroken, match="asks for 32"):
        Growth(1, b"")


@pytest.mark.django_db
def test_nothing_is_proved_beyond_the_tree() -> None:
    stored(0, 300)
    with pytest.raises(BeyondTree, match="has 0 entries"):
        tree.root_at(1)
    tree.integrate()
    asked = [
        lambda: tree.prove_inclusion(300, 300),
        lambda: tree.prove_inclusion(-1, 300),
        lambda: tree.prove_inclusion(0, 301),
        lambda: tree.prove_consistency(0, 300),
        lambda: tree.prove_consistency(301, 300),
        lambda: tree.prove_consistency(1, 301),
        lambda: tree.tile_contents(Tile(0, 1, 45)),
        lambda: tree.tile_contents(Tile(0, 1)),
        lambda: tree.tile_contents(Tile(1, 0, 2)),
        lambda: tree.tile_contents(Tile(63, 2**63 - 1)),
        lambda: tree.bundle_contents(EntryBundle(1, 45)),
        lambda: tree.bundle_contents(EntryBundle(2**63 - 1)),
        lambda: entry_proof(0),
    ]
    for ask in asked:
        with pytest.raises(BeyondTree):
            ask()


@pytest.mark.django_db
def test_entry_bundles_hold_the_texts_whose_leaves_are_in_the_tiles() -> None:
    stored(0, 300)
    tree.integrate()
    for bundle in [*entry_bundles_of(300), EntryBundle(0, 7)]:
        entries = bundle.entries(tree.bundle_contents(bundle))
        assert entries == [text_of(bundle.start + place).encode() for place in range(bundle.width)]
        leaves = b"".join(leaf_hash(entry) for entry in entries)
        assert tree.tile_contents(Tile(0, bundle.index, bundle.width)) == leaves


@pytest.mark.django_db
def test_an_inclusion_proof_reads_a_handful_of_rows_whatever_the_size(django_assert_max_num_queries) -> None:
    stored(0, 1000)
    tree.integrate()
    with django_assert_max_num_queries(5):
        tree.prove_inclusion(300, 1000)


@pytest.mark.django_db
def test_a_checkpoint_covers_everything_and_is_signed_once() -> None:
    assert publish_checkpoint() is None
    note(300)
    signed = publish_checkpoint()
    assert signed is not None
    assert publish_checkpoint() is None
    opened = open_checkpoint(signed.note, origin=settings.TRAIL_ORIGIN, log_keys=[log_verifier()]).checkpoint
    leaves = [bytes(leaf) for leaf in Entry.objects.order_by("index").values_list("leaf_hash", flat=True)]
    assert (opened.size, opened.root) == (300, Tree(leaves).root())
    assert verify().is_whole


@pytest.mark.django_db
def test_the_unsigned_and_unwitnessed_tail_are_numbers() -> None:
    note(3)
    publish_checkpoint()
    note(2)
    state = trail_state()
    assert (state["size"], state["signed_size"], state["unwitnessed"]) == (5, 3, 5)


@pytest.mark.django_db
def test_the_proof_file_of_an_entry_verifies_with_nothing_but_key_and_text() -> None:
    note(258)
    publish_checkpoint()
    note()
    for index in (0, 255, 256, 257):
        text = Entry.objects.get(index=index).text.encode()
        proof = EntryProof.parse(entry_proof(index))
        signed = proof.verify(text, origin=settings.TRAIL_ORIGIN, log_keys=[log_verifier()])
        assert (proof.index, signed.checkpoint.size) == (index, 258)
    with pytest.raises(BeyondTree, match="covers 258 entries"):
        entry_proof(258)


@pytest.mark.django_db(transaction=True)
def test_a_tree_does_not_grow_over_a_gap() -> None:
    note(5)
    forge('DELETE FROM audits_entry WHERE "index" = 3')
    with pytest.raises(TreeBroken, match="Entry 3 is missing"):
        publish_checkpoint()
    assert not Checkpoint.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_trail_that_lost_its_end_is_not_signed_again() -> None:
    """An old backup: the tree's state is of that time, too, and new entries have taken the places."""
    note(5)
    publish_checkpoint()
    forge('DELETE FROM audits_entry WHERE "index" >= 3', "UPDATE audits_head SET size = 3")
    with pytest.raises(TreeBroken, match="5 entries and the trail only 3"):
        publish_checkpoint()
    TreeState.objects.update(size=3)
    with pytest.raises(SignedTreeDiffers, match="the tree has 3"):
        publish_checkpoint()
    forge('UPDATE audits_head SET chain_hash = (SELECT chain_hash FROM audits_entry WHERE "index" = 2)')
    note(4)
    with pytest.raises(SignedTreeDiffers, match="first 5 entries"):
        publish_checkpoint()
    assert Checkpoint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audits_trailtile SET level = 3",
        "DELETE FROM audits_trailtile",
        pytest.param(
            "INSERT OR REPLACE INTO audits_trailtile (level, \"index\", hashes) VALUES (0, 0, 'x')",
            marks=pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows on insert"),
        ),
    ],
)
def test_a_full_tile_cannot_be_changed(statement: str) -> None:
    note(256)
    tree.integrate()
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("case", "statement", "names"),
    [
        ("moved", 'UPDATE audits_trailtile SET "index" = 1', "missing tile 0/0"),
        ("removed", "DELETE FROM audits_trailtile", "missing tile 0/0"),
        ("emptied", "UPDATE audits_trailtile SET hashes = (SELECT chain_hash FROM audits_head)", "stored tile 0/0"),
        ("right edge", "UPDATE audits_treestate SET frontier = (SELECT chain_hash FROM audits_head)", "not full"),
    ],
)
def test_tiles_that_do_not_follow_from_the_entries_are_found(case: str, statement: str, names: str) -> None:
    note(300)
    publish_checkpoint()
    forge(statement)
    flaws = verify().flaws
    assert [flaw.code for flaw in flaws] == ["tile_differs"], case
    assert names in flaws[0].sentence


@pytest.mark.django_db
def test_nothing_is_signed_on_a_forged_edge() -> None:
    note(300)
    publish_checkpoint()
    TreeState.objects.update(frontier=bytes(32))
    note()
    with pytest.raises(SignedTreeDiffers):
        publish_checkpoint()


@pytest.mark.django_db
def test_an_installation_from_before_the_tiles_gets_them_with_its_next_checkpoint() -> None:
    note(600)
    publish_checkpoint()
    assert trail_state()["signed_size"] == 600
    with triggers_lifted():
        TrailTile.objects.all().delete()
    TreeState.objects.update(size=0, frontier=b"")
    assert publish_checkpoint() is None
    assert TrailTile.objects.count() == 2
    assert verify().is_whole


@pytest.mark.django_db(transaction=True)
def test_several_who_record_and_sign_at_once_make_one_tree() -> None:
    together = Barrier(4)

    def act() -> None:
        try:
            together.wait()
            for _ in range(5):
                note(30)
                publish_checkpoint()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(act) for _ in range(4)]:
            done.result()
    assert trail_state()["signed_size"] == 4 * 5 * 30
    assert TrailTile.objects.count() == 2
    assert verify().is_whole
