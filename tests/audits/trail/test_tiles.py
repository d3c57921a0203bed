"""The tree as files: paths, contents, growth, and proofs made from tiles alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.trail.merkle import (
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)
from audits.trail.notes import Checkpoint, Verifier, open_note
from audits.trail.tiles import (
    EntryBundle,
    Tile,
    TileReader,
    TileRefused,
    entry_bundles_of,
    leaf_hashes_of,
    tiles_of,
)

TESSERA = json.loads((Path(__file__).parents[2] / "vectors" / "trail" / "tessera.json").read_text())

# More than one full tile of full tiles is needed to meet tile level 2.
SIZE = 70_000


@pytest.fixture(scope="module")
def large_tree() -> Tree:
    return Tree(leaf_hash(number.to_bytes(4, "big")) for number in range(SIZE))


@pytest.fixture(scope="module")
def files(large_tree: Tree) -> dict[str, bytes]:
    return {tile.path: tile.contents(large_tree.get_hash) for tile in tiles_of(SIZE)}


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 1234067, 89), "tile/0/x001/x234/067.p/89"),
        (Tile(15, 123456789, 41), "tile/15/x123/x456/789.p/41"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 0, 255), "tile/0/000.p/255"),
        (Tile(1, 0, 1), "tile/1/000.p/1"),
        (Tile(0, 1), "tile/0/001"),
        (Tile(3, 1000), "tile/3/x001/000"),
        (Tile(63, 999999999999999999, 255), "tile/63/x999/x999/x999/x999/x999/999.p/255"),
    ],
)
def test_the_path_of_a_tile(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    ("number", "size", "path"),
    [
        (0, 256, "tile/entries/000"),
        (255, 256, "tile/entries/000"),
        (251, 255, "tile/entries/000.p/255"),
        (256, 512, "tile/entries/001"),
        (256, 257, "tile/entries/001.p/1"),
        (123456789 * 256, 123456790 * 256, "tile/entries/x123/x456/789"),
    ],
)
def test_the_bundle_of_an_entry_and_its_path(number: int, size: int, path: str) -> None:
    bundle = EntryBundle.of_entry(number, size)
    assert bundle.path == path
    assert EntryBundle.parse(path) == bundle
    assert bundle.start <= number < bundle.start + bundle.width


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/x001/x234/067.p/",
        "tile/0/x001/x234/067.p",
        "tile/0/x001/x234/",
        "tile/0/x001/x234",
        "tile/0/x001/",
        "tile/0/x001",
        "tile/1/x001/.p/abc",
        "tile/64/x001/002",
        "tile/-1/x001/002",
        "tile/00/000",
        "tile/abc/x001/002",
        "tile/8/001/002",
        "tile/8/x001/0002",
        "tile/8/x001/-002",
        "tile/8/x001/002.p/256",
        "tile/8/x001/002.p/0",
        "tile/8/x001/002.p/08",
        "tile/8/x000/002",
        "tile/8/x999/x999/x999/x999/x999/x999/999",
        "tile/8/" + "x001/" * 40 + "002",
        "tile/8/٠٠١",
        "tile/8/001\n",
        "/tile/8/001",
        "tile/8/../001",
        "",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(TileRefused):
        Tile.parse(path)
    with pytest.raises(TileRefused):
        EntryBundle.parse(path.replace("tile/8/", "tile/entries/"))


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(SIZE))
    assert len([tile for tile in tiles if tile.level == 0 and tile.width == 256]) == 273
    assert [tile for tile in tiles if tile.level > 0 or tile.width < 256] == [
        Tile(0, 273, 112),
        Tile(1, 0, 256),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert list(tiles_of(256)) == [Tile(0, 0, 256), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 200_000), st.integers(0, 3_000))
def test_the_new_tiles_are_exactly_those_the_smaller_tree_did_not_have(size: int, more: int) -> None:
    grown = size + more
    assert set(tiles_of(grown, since=size)) == set(tiles_of(grown)) - set(tiles_of(size))
    assert set(entry_bundles_of(grown, since=size)) == set(entry_bundles_of(grown)) - set(entry_bundles_of(size))
    assert sum(bundle.width for bundle in entry_bundles_of(grown)) == grown


def test_a_tile_holds_the_hashes_of_its_specification(large_tree: Tree, files: dict[str, bytes]) -> None:
    for tile in (Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)):
        hashes = tile.hashes(files[tile.path])
        for at, one in enumerate(hashes):
            start = (tile.index * 256 + at) * 256**tile.level
            assert one == subtree_root(start, start + 256**tile.level, large_tree.get_hash)
    assert len(files["tile/0/000"]) == 8_192


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE])
def test_proofs_from_tiles_are_those_from_memory(large_tree: Tree, files: dict[str, bytes], size: int) -> None:
    def read(tile: Tile) -> bytes:
        whole = files.get(tile.path)
        # Smaller trees need partial tiles, which a log cuts from the wider tile that replaced them.
        return tile.contents(large_tree.get_hash) if whole is None else whole

    root = large_tree.root(size)
    for place in {0, size // 3, size // 2, size - 1}:
        reader = TileReader(size, read)
        proof = inclusion_proof(place, size, reader.get_hash)
        assert proof == inclusion_proof(place, size, large_tree.get_hash)
        verify_inclusion(large_tree.get_hash(0, place), place, size, proof, root)
        grown = consistency_proof(place + 1, size, reader.get_hash)
        assert grown == consistency_proof(place + 1, size, large_tree.get_hash)
        verify_consistency(place + 1, size, grown, large_tree.root(place + 1), root)


def test_one_proof_reads_each_tile_once_and_few_of_them(files: dict[str, bytes]) -> None:
    asked: list[str] = []

    def read(tile: Tile) -> bytes:
        asked.append(tile.path)
        return files[tile.path]

    inclusion_proof(40_000, SIZE, TileReader(SIZE, read).get_hash)
    assert len(asked) == len(set(asked)) <= 6


def test_a_cut_or_stretched_tile_is_refused(files: dict[str, bytes]) -> None:
    for change in (lambda tile: tile[:-1], lambda tile: tile[:-32], lambda tile: tile + bytes(32)):
        reader = TileReader(SIZE, lambda tile, change=change: change(files[tile.path]))
        with pytest.raises(TileRefused, match="bytes"):
            reader.get_hash(0, 0)


def test_a_reader_does_not_answer_beyond_its_tree(files: dict[str, bytes]) -> None:
    reader = TileReader(SIZE, lambda tile: files[tile.path])
    for level, index in ((0, SIZE), (0, 300 * 256), (8, 273), (4, SIZE >> 4), (63, 0)):
        with pytest.raises(ValueError, match="is not in a tree of 70000 leaves"):
            reader.get_hash(level, index)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_reads_back_as_its_entries(entries: list[bytes]) -> None:
    bundle = EntryBundle(7, len(entries))
    contents = bundle.contents(entries)
    assert bundle.entries(contents) == entries
    assert leaf_hashes_of(bundle, contents) == [leaf_hash(entry) for entry in entries]


def test_the_bytes_of_a_bundle() -> None:
    bundle = EntryBundle(0, 3)
    assert bundle.contents([b"one", b"", b"two"]) == b"\x00\x03one\x00\x00\x00\x03two"


def test_an_entry_has_at_most_65535_bytes() -> None:
    bundle = EntryBundle(0, 1)
    assert bundle.contents([bytes(65_535)])[:2] == b"\xff\xff"
    with pytest.raises(ValueError, match="65535 bytes"):
        bundle.contents([bytes(65_536)])


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\x00\x03one",
        b"\x00\x03one\x00\x03two\x00\x05three",
        b"\x00\x03one\x00\x03tw",
        b"\x00\x03one\x00",
    ],
)
def test_a_bundle_with_other_contents_is_refused(contents: bytes) -> None:
    with pytest.raises(TileRefused, match=r"tile/entries/000\.p/2"):
        EntryBundle(0, 2).entries(contents)
    with pytest.raises(ValueError, match="holds 2 entries"):
        EntryBundle(0, 2).contents([b"one"])


def test_the_tiles_of_the_tessera_log_lead_to_its_signed_roots() -> None:
    verifier = Verifier.parse(TESSERA["key"])
    entries = [entry.encode() for entry in TESSERA["entries"]]
    for note in TESSERA["checkpoints"][1:]:
        checkpoint = Checkpoint.parse(open_note(note, [verifier]).text)
        (bundle,) = entry_bundles_of(checkpoint.size)
        assert bundle.path == f"tile/entries/000.p/{checkpoint.size}"
        leaves = leaf_hashes_of(bundle, bundle.contents(entries[: checkpoint.size]))
        (tile,) = tiles_of(checkpoint.size)
        reader = TileReader(checkpoint.size, lambda tile, leaves=leaves: b"".join(leaves))
        assert tile.path == f"tile/0/000.p/{checkpoint.size}"
        assert subtree_root(0, checkpoint.size, reader.get_hash) == checkpoint.root
